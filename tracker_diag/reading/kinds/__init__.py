"""What can be held in memory: one file a kind, each with ``KIND``."""
