"""An example: a rule, an input, a tracker and a format for tracker-diag, in a package of their own."""
