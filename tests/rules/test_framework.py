"""Which framework advice speaks of."""

import pytest

from tracker_diag.core.model import Model
from tracker_diag.rules.framework import framework


@pytest.mark.parametrize(
    ("network", "params", "said"),
    [
        (Model(framework="torch"), {}, "torch"),
        (Model(framework="keras"), {"hidden_layer_sizes": (8,)}, "keras"),
        (Model(), {"steps_per_epoch": None, "initial_epoch": 0}, "keras"),
        (None, {"hidden_layer_sizes": (8,), "alpha": 0.1}, "sklearn"),
        (None, {"mlp__learning_rate_init": 0.1}, "sklearn"),
        (None, {"lr": 0.1}, ""),
    ],
)
def test_the_described_network_comes_before_names_of_parameters(network, params, said):
    assert framework(network, params) == said
