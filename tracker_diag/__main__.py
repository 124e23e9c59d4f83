"""``python -m tracker_diag``."""

from tracker_diag.cli import main

if __name__ == "__main__":
    main()
