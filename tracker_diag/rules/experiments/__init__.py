"""Rules that compare the runs of an experiment."""
