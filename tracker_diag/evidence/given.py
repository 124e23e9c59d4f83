"""What the engine gives: the run, what its names were taken for, the other runs, and what the curves said."""

from tracker_diag.evidence.registry import given_input

given_input("run", "the run, with its values sorted by step", "Run")
given_input("timeline", "decisions made when sorting its values by step", "Timeline", evidence="C")
given_input("roles", "the metric or parameter taken for each role", "Roles")
given_input(
    "signals",
    "what the callbacks logged, by key (`diag/…`); `run` does not include it",
    "Mapping",
    missing="no values from inside the training loop found",
    log="train with a callback from tracker_diag.probes",
    evidence="GB",
)
given_input(
    "network",
    "the model description, from the logged model, its summary and the parameters",
    "Model",
    missing="no model description found",
    log="log the model",
    evidence="M",
)
given_input(
    "siblings",
    "the other runs of its experiment, as passed to `diagnose`; missing in a sweep, which passes only their comparison",
    "tuple",
    missing="no other runs of the experiment given",
    log="diagnose the run together with its experiment",
    evidence="X",
)
given_input(
    "comparison",
    "how the run compares with the other runs of its experiment",
    "Comparison",
    missing="no comparable run in the experiment",
    log="diagnose the run together with the other runs of its experiment: tracker-diag sweep",
    evidence="X",
)
given_input(
    "symptoms", 'what the rules on curves (LC) found, e.g. `symptoms.has("unstable")`', "Symptoms", evidence="C"
)
