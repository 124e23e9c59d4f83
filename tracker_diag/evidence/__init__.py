"""What a rule may ask for: one small function an input, found by walking this package."""
