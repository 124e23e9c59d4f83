"""Learning curves: one verdict a run."""
