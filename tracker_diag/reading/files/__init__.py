"""What training leaves on disk: one file a format, each with ``FORMAT``."""
