"""Preprocessing: scales, distributions, mismatches."""
