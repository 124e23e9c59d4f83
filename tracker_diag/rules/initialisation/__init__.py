"""Initialisation of the weights."""
