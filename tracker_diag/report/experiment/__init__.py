"""All runs of one experiment on one page."""
