"""Names become roles: which metric and which parameter is what, and what is known of each."""
