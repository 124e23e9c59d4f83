"""What is released: built, compared, installed into an empty environment, and tried there."""
