"""Trainings that frameworks log by themselves, and whether what is read of them is what was trained."""
