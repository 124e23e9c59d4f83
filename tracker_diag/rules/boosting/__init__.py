"""Rules on boosted trees."""
