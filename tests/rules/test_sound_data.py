"""The false alarms of the rules on data: real datasets, scaled as they should be, beside a run that learned."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import datasets
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from tests.rules.datasets import learned
from tracker_diag import Run, Settings, Severity, diagnose, profile_data

OURS = ("DS206", "DS210", "DS211", "DS213", "DS214", "PP302", "PP303", "PP304", "PP305", "PP306", "PP308")
LOADERS = {
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
    "diabetes": datasets.load_diabetes,
}


def sides(name: str):
    bunch = LOADERS[name]()
    return train_test_split(bunch.data, bunch.target, test_size=0.25, random_state=0)


def found(profile, curves):
    run = Run.from_dict({"id": "r", "profile": profile, "metrics": curves})
    report = diagnose(run, Settings(select=(*OURS, "LC")))
    assert not [s for s in report.skipped if s.code in OURS and "failed" in s.reason]
    assert report.notes == ()
    return [f for f in report.findings if f.code in OURS]


@pytest.mark.parametrize("curves", [{}, learned()], ids=["no curves", "learned"])
@pytest.mark.parametrize("name", LOADERS)
def test_no_warning_on_standardised_data(name, curves):
    train, held, y, y_held = sides(name)
    scaler = StandardScaler().fit(train)
    profile = profile_data(scaler.transform(train), y, scaler.transform(held), y_held)
    assert [f for f in found(profile, curves) if f.severity.rank >= Severity.WARNING.rank] == []


@pytest.mark.parametrize("name", LOADERS)
def test_no_warning_on_raw_data_that_a_run_learned_from(name):
    train, held, y, y_held = sides(name)
    made = found(profile_data(train, y, held, y_held), learned())
    assert [f for f in made if f.severity.rank >= Severity.WARNING.rank] == []


def test_nothing_at_all_on_images():
    train, held, y, y_held = sides("digits")
    images = [side.reshape(-1, 8, 8) / 16 for side in (train, held)]
    assert found(profile_data(images[0], y, images[1], y_held), learned()) == []


@pytest.mark.parametrize("seed", range(20))
def test_nothing_at_all_on_gaussian_noise_of_any_size(seed):
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(20, 3000)), int(rng.integers(1, 12))
    X = rng.normal(size=(n, d))
    half = n // 2
    y = X.sum(axis=1) + rng.normal(size=n)
    assert found(profile_data(X[:half], y[:half], X[half:], y[half:]), {}) == []
