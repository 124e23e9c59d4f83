"""The other runs of an experiment, as a listing has them: which can be compared, and what the comparison says."""
