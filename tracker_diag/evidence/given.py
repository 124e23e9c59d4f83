"""What the engine gives: the run, what its names were taken for, the other runs, and what the curves said."""

from tracker_diag.evidence.registry import given_input

given_input("run", "the run, its records in order", "Run")
given_input("timeline", "what had to be decided to put its records in order", "Timeline", evidence="C")
given_input("roles", "what its names were taken for", "Roles")
given_input(
    "signals",
    "what the callbacks logged (`diag/…`), which is no part of `run`, by its key",
    "Mapping",
    missing="nothing was logged from within the training",
    log="train with a callback of tracker_diag.probes",
    evidence="GB",
)
given_input(
    "network",
    "the description of the network, from the logged model, its summary and the parameters",
    "Model",
    missing="no description of the model",
    log="log the model",
    evidence="M",
)
given_input(
    "siblings",
    "the other runs of its experiment, as they were handed to `diagnose`; a sweep hands over what they say alone",
    "tuple",
    missing="no other runs of the experiment",
    log="diagnose it with its experiment",
    evidence="X",
)
given_input(
    "comparison",
    "what the other runs of its experiment say of it, as far as they can be compared",
    "Comparison",
    missing="no other run of the experiment that can be compared",
    log="sweep the experiment, or diagnose the run with its siblings",
    evidence="X",
)
given_input("symptoms", 'what the rules on curves (LC) found: `symptoms.has("unstable")`', "Symptoms", evidence="C")
