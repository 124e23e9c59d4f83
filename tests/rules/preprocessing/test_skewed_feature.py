import numpy as np
import pytest

from tests.rules.datasets import finding, healthy, learned, report, skipped, table
from tracker_diag import Severity, profile_data


def skewed():
    X, y = table(2000)
    # A Gaussian that Box-Cox with lambda -0.6 made straight.
    X[:, 1] = (1 + 0.27 * np.clip(X[:, 1], -3, 3)) ** (-1 / 0.6)
    return X, y


def test_gives_the_transform_with_the_fitted_lambda():
    X, y = skewed()
    change = report("PP305", profile_data(X, y)).causes[0].prescription.changes[0]
    assert change.param == "preprocessing.x1"
    assert change.after["transform"] == "box-cox"
    assert change.after["lambda"] == pytest.approx(-0.6, abs=0.1)


def test_yeo_johnson_below_zero():
    X, y = skewed()
    X[:, 1] -= np.median(X[:, 1])
    assert report("PP305", profile_data(X, y)).causes[0].prescription.changes[0].after["transform"] == "yeo-johnson"


def test_a_sound_run_stays_green():
    assert finding("PP305", profile_data(*skewed()), learned()).severity is Severity.INFO


def test_silent_on_gaussians_and_on_rare_indicators():
    X, y = table()
    assert finding("PP305", healthy()) is None
    X[:, 1] = np.arange(600) < 10
    assert finding("PP305", profile_data(X, y)) is None


def test_an_exponential_feature_is_another_rule_s():
    X, y = table(2000)
    X[:, 1] = np.random.default_rng(0).exponential(5.0, 2000)
    assert finding("PP305", profile_data(X, y)) is None
    assert finding("PP306", profile_data(X, y)) is not None


def test_not_for_trees_nor_images():
    assert skipped("PP305", profile_data(*skewed()), params={"booster": "gbtree", "num_leaves": 31})
    images = np.random.default_rng(0).exponential(size=(200, 8, 8)) ** 3
    assert skipped("PP305", profile_data(images))
