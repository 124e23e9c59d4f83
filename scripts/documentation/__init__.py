"""Makes the pages of docs/ from the code."""
