"""One file a format: a pure function of a Report that decides nothing."""
