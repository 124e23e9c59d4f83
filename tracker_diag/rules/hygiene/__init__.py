"""Hygiene of the evidence: what keeps other rules from speaking."""
