"""Runs from what people hold in memory, and from the files that training leaves; see ``kinds`` and ``files``."""
