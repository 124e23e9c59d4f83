import math

import pytest

from tests.roles.test_layout import dense, laid
from tracker_diag.evidence.layers import initial_gain


def plain(units: int, deviation: float | None = None, activation: str = "tanh") -> dict:
    config = {} if deviation is None else {"kernel_initializer_config": {"stddev": deviation}}
    return dense(units, activation, kernel_initializer="RandomNormal", **config)


def test_a_scale_that_fits_the_width_keeps_a_signal():
    assert initial_gain(laid(plain(100, 0.1), plain(100, 0.1), dense(1)), 100) == pytest.approx(1)


def test_factors_multiply_from_layer_to_layer_and_a_rectifier_lets_half_by():
    found = initial_gain(laid(plain(64, 1.0, "relu"), plain(64, 1.0, "relu"), dense(1)), 16)
    assert found == pytest.approx(math.sqrt(8) * math.sqrt(32))


def test_what_keras_takes_where_no_scale_is_said():
    assert initial_gain(laid(plain(10), dense(1)), 400) == pytest.approx(1)
    uniform = dense(10, "tanh", kernel_initializer="RandomUniform")
    assert initial_gain(laid(uniform, dense(1)), 1200) == pytest.approx(1)


@pytest.mark.parametrize(
    "layers",
    [
        [plain(8, 0.1), dense(8, kernel_initializer="HeNormal"), dense(1)],
        [{"type": "Conv2D", "filters": 8, "kernel_initializer": "RandomNormal"}, dense(1)],
        [dense(8, kernel_initializer="RandomUniform", kernel_initializer_config={"minval": 0, "maxval": 1}), dense(1)],
        [plain(8, -1.0), dense(1)],
        [dense(1)],
    ],
    ids=["scaled", "convolution", "not centred", "negative", "no hidden layer"],
)
def test_none_where_it_cannot_be_told(layers):
    assert initial_gain(laid(*layers), 10) is None


def test_none_without_the_number_of_inputs():
    assert initial_gain(laid(plain(8, 0.1), dense(1)), None) is None
