"""Optimisation: rate, clipping, batch, length."""
