"""One file a format, named as the format: its ``render`` is a pure function of a Report that decides nothing."""
