"""Networks with injected faults, repaired as prescribed, and trained again: ``scripts/prescriptions``."""
