"""Runs tracker-diag against what clients, servers and stores of other versions made: ``scripts/versions``."""
