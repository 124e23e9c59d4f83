import numpy as np
import pytest

from tests.evidence.test_inputs import seen

VALUES = np.linspace(1, 5, 12)


def of(*names, **params):
    return seen(dict.fromkeys(("loss", *names), VALUES), params).kl_term


@pytest.mark.parametrize("name", ["kl", "kl_loss", "train/kl", "KLD", "kl_divergence", "val_kl", "loss/kl", "kl_div"])
def test_the_term_by_its_name(name):
    assert of("recon_loss", name).series.name == name


def test_training_comes_before_validation():
    assert of("recon_loss", "val_kl", "train_kl").series.name == "train_kl"


@pytest.mark.parametrize("name", ["kl_weight", "kl_coef", "kl_beta", "kl_annealing", "kl_target"])
def test_its_weight_is_not_the_term(name):
    assert of("recon_loss", name) is None


@pytest.mark.parametrize("names", ["kl", "recon policy/kl", "recon kl episode_reward", "recon kd_kl"])
def test_none_where_it_is_of_something_else(names):
    assert of(*names.split()) is None


def test_an_autoencoder_by_its_parameters():
    assert of("kl", latent_dim=8) is not None
    assert of("kl", model="beta-VAE") is not None
    assert of("kl", latent_dim=8, teacher="big") is None


@pytest.mark.parametrize(("params", "weight"), [({"beta": "4"}, 4.0), ({"kl_weight": 0.1, "beta": 2}, 0.1), ({}, None)])
def test_the_weight_that_is_configured(params, weight):
    assert of("recon", "kl", **params).weight == weight


def test_sizes_of_finite_values():
    turned = seen({"loss": VALUES, "recon": VALUES, "kl": np.array([-3.0, np.nan, -1.0])}).kl_term
    steps, values = turned.finite
    assert steps.tolist() == [0, 2]
    assert values.tolist() == [3, 1]
