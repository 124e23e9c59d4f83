"""The keys that the callbacks log."""

from __future__ import annotations

from scripts.documentation.markdown import GENERATED, table
from tracker_diag.core.signals import MOST_LAYERS, PREFIX, SIGNALS, STEP


def page() -> str:
    """The page."""
    return (
        f"{GENERATED}# What the callbacks log\n\n"
        "One scheme of keys, whatever the framework and the tracker ([the callbacks](/how-to/callbacks.md)). `<layer>` "
        "is the layer's place in the network and its name, as in `003.encoder.fc1`; of a network with more than "
        f"{MOST_LAYERS} layers with weights the first, the last and others evenly between are logged. Steps are those "
        f"of the optimiser; in W&B, which numbers the rows of all metrics together, `{STEP}` says them.\n\n"
        "Beside the figures, two files: `diagnosis/model.json`, the description of the network, and "
        "`diagnosis/profile.json`, where a [dataset profile](/how-to/profile.md) is given.\n\n"
        + table(
            ("key", "what it is", "when"),
            ((f"`{PREFIX}{name}`", signal.meaning, signal.when) for name, signal in SIGNALS.items()),
        )
    )
