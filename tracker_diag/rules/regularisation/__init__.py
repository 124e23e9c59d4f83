"""Regularisation: none, too much, too late."""
