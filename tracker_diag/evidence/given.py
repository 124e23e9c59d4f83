"""What the engine gives: the run, what its names were taken for, the other runs, and what the curves said."""

from tracker_diag.evidence.registry import given_input

given_input("run")
given_input("roles")
given_input("siblings", missing="no other runs of the experiment", log="diagnose it with its experiment", evidence="X")
given_input("symptoms", evidence="C")
