"""What LC102 looks for: one way to have learned nothing in each module."""
