"""Logged points to curves: what the order of records says of a run, and what frameworks log by themselves."""
