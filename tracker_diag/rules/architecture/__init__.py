"""Architecture: depth, units, capacity, output."""
