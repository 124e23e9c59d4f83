"""Many runs: which are due, where the work runs, what is written, when it is repeated and who is told."""
