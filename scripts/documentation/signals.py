"""The keys that the callbacks log."""

from __future__ import annotations

from scripts.documentation.markdown import GENERATED, table
from tracker_diag.core.signals import MOST_LAYERS, PREFIX, SIGNALS, STEP


def page() -> str:
    """The page."""
    return (
        f"{GENERATED}# What the callbacks log\n\n"
        "This page lists the keys that the [callbacks](/how-to/callbacks.md) log. They are the same for every "
        "framework and tracker. `<layer>` is the layer's place in the network and its name, as in `003.encoder.fc1`. "
        f"If more than {MOST_LAYERS} layers have weights, the first, the last and others evenly between them are "
        "logged. Steps are those of the optimiser. W&B numbers the rows of all metrics together, so there the step is "
        f"logged as `{STEP}`.\n\n"
        "Two files are logged beside the figures: `diagnosis/model.json`, the description of the network, and, if you "
        "give a [dataset profile](/how-to/profile.md), `diagnosis/profile.json`.\n\n"
        + table(
            ("key", "what it is", "when"),
            ((f"`{PREFIX}{name}`", signal.meaning, signal.when) for name, signal in SIGNALS.items()),
        )
    )
