"""What the loss function asks of the output."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tracker_diag.core.model import Model
from tracker_diag.evidence.registry import rule_input
from tracker_diag.roles.layout import canonical

Takes = Literal["logits", "probabilities", "log-probabilities"]

_OF_TORCH = {"crossentropyloss": "logits", "bcewithlogitsloss": "logits", "bceloss": "probabilities",
             "nllloss": "log-probabilities"}  # fmt: skip
#: Names by which Keras knows its losses of probabilities, unless they are told to take logits.
_ONE_HOT = "categoricalcrossentropy"
_OF_KERAS = ("categoricalcrossentropy", "sparsecategoricalcrossentropy", "binarycrossentropy")
_KINDS = {"cross_entropy": "classes", "binary_cross_entropy": "yes or no",
          "poisson": "counts", "mse": "squared", "rmse": "squared", "mae": "absolute"}  # fmt: skip
_LOGITS = re.compile(r"from_?logits\s*[=:]\s*(true|false|1|0)")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a loss function asks of the output.

    Attributes
    ----------
    name : str
        As the run calls it.
    kind : {'classes', 'yes or no', 'counts', 'squared', 'absolute', ''}
        One class of several; a yes or no of each output; numbers from 0 on; the error's square or its size; empty for
        any other.
    takes : {'logits', 'probabilities', 'log-probabilities'} or None
        None where its name does not say, and for errors, which take any number.
    one_hot : bool
        Whether a target is known to be a row of as many numbers as there are classes, and not the number of one.
    """

    name: str
    kind: str
    takes: Takes | None = None
    one_hot: bool = False


@rule_input(missing="loss function not found", log="loss_function", evidence="MP")
def loss_asks(
    network: Model | None, loss_function: str | None, names: Mapping[str, str], logged_params: Mapping[str, Any]
) -> Asked | None:
    """What the loss function asks of the output, by the description of the network, else by the parameter."""
    told = network.loss if network is not None else None
    if told and network is not None:
        return _asked(told, canonical("loss_function", told), network)
    if loss_function is None:
        return None
    # The role knows a cross-entropy by one name; whether it takes logits, only the text that was logged says.
    name = _text(logged_params.get(names.get("loss_function", ""))) or loss_function
    return _asked(name, loss_function, network)


def _asked(name: str, known: str | None, network: Model | None) -> Asked:
    settings = network.loss_settings if network is not None and network.loss == name else {}
    # A function of the user's own may do anything under a known name; a sum has no level that a mean has; a focal loss
    # weighs each answer by how wrong it is.
    if settings.get("custom") or settings.get("reduction") == "sum" or "focal" in name.lower():
        return Asked(name, "")
    takes = _takes(name, settings, network)
    # The likelihood of a density goes by the same name as that of classes.
    kind = "classes" if takes == "log-probabilities" else _KINDS.get(known or "", "")
    return Asked(name, kind, takes, one_hot=_plain(name) == _ONE_HOT)


def _takes(name: str, settings: Mapping[str, Any], network: Model | None) -> Takes | None:
    said = _LOGITS.search(name.lower())
    described = settings.get("from_logits")
    if isinstance(described, str):
        described = {"true": True, "false": False}.get(described.lower())
    logits = said[1] in ("true", "1") if said else described
    if isinstance(logits, bool):
        return "logits" if logits else "probabilities"
    plain = _plain(name)
    if plain in _OF_TORCH:
        return _OF_TORCH[plain]  # type: ignore[return-value]
    if "withlogits" in plain:
        return "logits"
    if plain in _OF_KERAS:
        return "probabilities"
    return "logits" if plain == "crossentropy" and network is not None and network.framework == "torch" else None


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower().partition("(")[0].rpartition(".")[2])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else value.__name__ if isinstance(value, type) else ""
