"""The network that Hugging Face's Trainer logs: the model's configuration beside the arguments of training."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import chain, islice
from typing import Any

from tracker_diag.models.logged_values import count, first, number, text

#: Parameters in which a configuration is looked for; more layers or labels than any network of the library has.
_PLACES, _MOST = 1_000, 10_000

_LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers")
_DECODER_LAYERS = ("num_decoder_layers", "decoder_layers")
_UNITS = ("hidden_size", "n_embd", "d_model", "dim")
_HEADS = ("num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads")
_ACTIVATION = ("hidden_act", "activation_function", "dense_act_fn", "activation")
_RATE = ("hidden_dropout_prob", "resid_pdrop", "dropout_rate", "dropout")
_LOSSES = {
    "single_label_classification": "CrossEntropyLoss",
    "multi_label_classification": "BCEWithLogitsLoss",
    "regression": "MSELoss",
}
_CLASSIFIES = re.compile(r"For[A-Z][A-Za-z]{0,40}Classification")
_LABEL = re.compile(r"[{,]\s{0,2}['\"]?(\d{1,6})['\"]?: ")
_FLAT_LABEL = re.compile(r"id2label[./](\d{1,6})")


def read_transformers(params: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read the configuration of a model of Hugging Face.

    Parameters
    ----------
    params : mapping
        As they were logged.

    Returns
    -------
    dict or None
        As ``read_model`` takes it; None where there is none. Its layers are those of the transformer, without
        embeddings, and a last one where it is known to classify. A model that was made from a fresh configuration does
        not say that it classifies: the library writes ``problem_type`` and ``architectures`` after it has logged them.
    """
    nested = (value for value in islice(params.values(), _PLACES) if isinstance(value, Mapping))
    found = next((place for place in chain([params], nested) if _is_configuration(place)), None)
    if found is None:
        return None
    layers, head = _layers(found), _head(found)
    return {
        "framework": "transformers",
        "layers": [*layers, *head] if layers else [],
        "loss": _loss(found),
        "optimizer": text(first(found, ["optim"])) or text(first(params, ["optim"])),
    }


def _is_configuration(place: Mapping[str, Any]) -> bool:
    # The name of a kind and the number of layers are logged by others too, the version of the library by no other.
    return bool(text(first(place, ["transformers_version"])) and text(first(place, ["model_type"])))


def _layers(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Describe the layers of the transformer, as far as all of them are known."""
    units, heads = count(first(config, _UNITS)), count(first(config, _HEADS))
    numbers = [count(first(config, _LAYERS))]
    if str(config.get("is_encoder_decoder")) == "True":
        numbers.append(count(first(config, _DECODER_LAYERS)))
    known = [n for n in numbers if n is not None]
    # Models with a state in place of attention have layers of the same names.
    if not units or not heads or len(known) < len(numbers) or sum(known) > _MOST or "state_size" in config:
        return []
    settings = {
        "units": units,
        "activation": text(first(config, _ACTIVATION)),
        "rate": number(first(config, _RATE)),
        "num_heads": heads,
    }
    said = {name: value for name, value in settings.items() if value is not None}
    return [{"type": "TransformerLayer", **said}] * sum(known)


def _loss(config: Mapping[str, Any]) -> str | None:
    return _LOSSES.get(text(config.get("problem_type")) or "")


def _head(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    # Every model has two labels unless it is told otherwise, whatever it is for.
    classifies = _CLASSIFIES.search(str(config.get("architectures"))[:1_000])
    if not classifies and _loss(config) is None:
        return []
    labels = _labels(config)
    return [{"type": "Linear", **({"out_features": labels} if labels else {})}]


def _labels(config: Mapping[str, Any]) -> int | None:
    given, names = count(first(config, ["num_labels"])), config.get("id2label")
    if given is not None:
        return given
    if isinstance(names, Mapping):
        return len(names)
    if isinstance(names, str):
        found = _LABEL.findall(names[:10_000]) if names.rstrip().endswith("}") else []
    else:
        found = [match[1] for match in map(_FLAT_LABEL.fullmatch, islice(filter(_is_text, config), _MOST)) if match]
    # A label may itself hold what looks like one.
    return len(found) if {int(label) for label in found} == set(range(len(found))) else None


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
