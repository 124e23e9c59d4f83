import numpy as np
import pytest

from tests.rules.datasets import finding, learned, report, skipped
from tracker_diag import Severity, profile_data


def useless(n=800, noise=19):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 1 + noise))
    return X, (X[:, 0] > 0).astype(int)


def test_names_the_features_that_tell_nothing():
    X, y = useless()
    names = ["signal", *(f"noise{i}" for i in range(19))]
    found = finding("DS211", profile_data(X, y, feature_names=names))
    assert "19 of 20 features seem irrelevant" in found.message
    change = report("DS211", profile_data(X, y, feature_names=names)).causes[0].prescription.changes[0]
    assert "signal" not in change.after
    assert "noise3" in change.after


def test_an_identifier_is_named_first():
    X, y = useless(noise=5)
    X[:, 5] = np.random.default_rng(1).permutation(800)
    assert any(
        "x5 has a different value in nearly every example" in s
        for s in finding("DS211", profile_data(X, y)).evidence["for"]
    )


def test_never_more_than_a_weak_sign():
    X, y = useless()
    assert finding("DS211", profile_data(X, y), learned()).severity is Severity.INFO


def test_silent_where_most_features_tell_something():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(800, 6))
    assert finding("DS211", profile_data(X, (X.sum(axis=1) > 0).astype(int))) is None


def test_silent_where_none_does_which_is_another_trouble():
    X, y = useless()
    assert finding("DS211", profile_data(X[:, 1:], y)) is None


@pytest.mark.parametrize("shape", [(100, 20), (800, 3)])
def test_abstains_with_few_examples_or_features(shape):
    X = np.random.default_rng(0).normal(size=shape)
    assert skipped("DS211", profile_data(X, (X[:, 0] > 0).astype(int)))


def test_a_square_is_seen_though_it_does_not_correlate():
    X, _ = useless(noise=6)
    profile = profile_data(X, X[:, 0] ** 2)
    told = [f for f in profile["train"]["features"] if f["information_p"] < 1e-6]
    assert [f["name"] for f in told] == ["x0"]


def test_images_are_left_out():
    images = np.random.default_rng(0).random((600, 4, 4))
    assert skipped("DS211", profile_data(images, np.arange(600) % 2))
