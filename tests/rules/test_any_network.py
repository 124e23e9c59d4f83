"""Whatever a run's description of its network holds, and however short its curves are, no rule fails."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.roles.test_layout import LAYERS
from tests.rules.networks import dense
from tests.rules.runs import SOUND, a_run
from tests.rules.test_any_params import EDGES, LOOKED, sound
from tracker_diag import diagnose
from tracker_diag.core.model import Model

WORDS = ["softmax", "sigmoid", "linear", "relu", "tanh", "log_softmax", "exponential", "my_own", None]
LOSSES = [
    "categorical_crossentropy", "SparseCategoricalCrossentropy", "binary_crossentropy", "mse", "mean_absolute_error",
    "CrossEntropyLoss", "BCEWithLogitsLoss", "NLLLoss", "hinge", "huber", "my_own", "", None,
]  # fmt: skip
INITIALISERS = st.fixed_dictionaries(
    {},
    optional={
        "kernel_initializer": st.sampled_from(["RandomNormal", "RandomUniform", "Zeros", "HeNormal", 3]),
        "kernel_initializer_config": st.dictionaries(
            st.sampled_from(["stddev", "minval", "maxval"]), st.sampled_from(EDGES), max_size=3
        ),
        "kernel_regularizer": st.just("L2"),
        "kernel_regularizer_config": st.dictionaries(st.just("l2"), st.sampled_from(EDGES)),
        "trainable": st.booleans(),
    },
)


@st.composite
def networks(draw: st.DrawFn) -> dict[str, Any]:
    """Networks of dense layers, of any width, activation, initialiser and loss."""
    widths = draw(st.lists(st.integers(1, 10**6), min_size=1, max_size=8))
    layers = [dense(width, draw(st.sampled_from(WORDS)), **draw(INITIALISERS)) for width in widths]
    layers += [
        {"type": "Dropout", "rate": draw(st.sampled_from(EDGES))},
        {"type": "LSTM", "dropout": draw(st.sampled_from(EDGES))},
    ]
    draw(st.randoms(use_true_random=False)).shuffle(layers)
    settings = draw(st.dictionaries(st.sampled_from(["from_logits", "label_smoothing"]), st.sampled_from(EDGES)))
    return {
        "framework": draw(st.sampled_from(["keras", "torch", "sklearn", "", None])),
        "layers": layers,
        "loss": draw(st.sampled_from(LOSSES)),
        "loss_settings": settings,
        "outputs": draw(st.integers(0, 3)),
    }


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(shape=st.sampled_from(sorted(LOOKED)), model=networks(), points=st.sampled_from([1, 2, 3, 4, 5, 8, 60]))
def test_no_rule_fails_whatever_the_network_is(shape: str, model: dict[str, Any], points: int) -> None:
    curves = {name: values[:points] for name, values in LOOKED[shape].items()}
    sound(diagnose(a_run(curves, SOUND, model=model)))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(shape=st.sampled_from(sorted(LOOKED)), layers=LAYERS, loss=st.sampled_from(LOSSES))
def test_no_rule_fails_whatever_the_layers_hold(shape: str, layers: list[Any], loss: str | None) -> None:
    sound(diagnose(a_run(LOOKED[shape], SOUND, model=Model(layers=tuple(layers), loss=loss))))
