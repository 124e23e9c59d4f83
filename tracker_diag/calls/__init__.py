"""What is called from Python: ``tracker_diag.diagnose`` and its kin; the names are public in ``tracker_diag``."""
