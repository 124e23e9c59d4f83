"""Gradients and activations."""
