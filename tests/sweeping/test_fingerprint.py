from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.adapters.base import Listing
from tracker_diag.settings.settings import Settings, parse_settings
from tracker_diag.sweeping.fingerprint import LOOK_AGAIN, fingerprint

ENDED = Listing(
    id="r",
    experiment="vision",
    status="FINISHED",
    end_time=100.0,
    params={"lr": "0.1", "batch_size": "32"},
    latest={"loss": (9.0, 0.5), "val_loss": (9.0, 0.6)},
    digests=("a", "b"),
)
GOING = replace(ENDED, status="RUNNING", end_time=None, latest={"loss": (100.0, 0.5), "val_loss": (100.0, 0.6)})


@pytest.mark.parametrize(
    "change",
    [
        {"status": "KILLED"},
        {"end_time": 101.0},
        {"end_time": None},
        {"params": {"lr": "0.2", "batch_size": "32"}},
        {"params": {"lr": "0.1"}},
        {"latest": {"loss": (9.0, 0.5), "val_loss": (9.0, 0.61)}},
        {"latest": {"loss": (9.0, 0.5), "val_loss": (10.0, 0.6)}},
        {"latest": {"loss": (9.0, math.nan), "val_loss": (9.0, 0.6)}},
        {"latest": {"loss": (9.0, 0.5)}},
        {"digests": ("a",)},
        {"tags": {"diag.ignore": "overfitting"}},
    ],
)
def test_any_change_of_what_a_diagnosis_rests_on_makes_a_run_due(change: dict[str, object]) -> None:
    assert fingerprint(replace(ENDED, **change), Settings()) != fingerprint(ENDED, Settings())


@pytest.mark.parametrize(
    "change",
    [
        {"id": "other"},
        {"name": "renamed"},
        {
            "tags": {
                "owner": "someone",
                "diag.verdict": "good-fit",
                "diag.fingerprint": "x",
                "diag.control": "random-input",
            }
        },
        {"params": {"batch_size": "32", "lr": "0.1"}},
        {"latest": {"val_loss": (9, 0.6), "loss": (9, 0.5)}},
        {"digests": ("b", "a")},
    ],
)
def test_what_a_diagnosis_does_not_rest_on_leaves_it_alone(change: dict[str, object]) -> None:
    assert fingerprint(replace(ENDED, **change), Settings()) == fingerprint(ENDED, Settings())


def test_settings_that_do_not_reach_the_experiment_leave_it_alone() -> None:
    plain = fingerprint(ENDED, Settings())
    settings = parse_settings({"experiments": {"vision*": {"artifacts": "all"}}})
    assert fingerprint(ENDED, settings.for_experiment("speech")) == plain
    assert fingerprint(ENDED, settings.for_experiment("vision")) != plain


def test_a_new_version_makes_every_run_due(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(ENDED, Settings())
    monkeypatch.setattr("tracker_diag.sweeping.fingerprint.__version__", "999")
    assert fingerprint(ENDED, Settings()) != before


NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


@given(st.dictionaries(st.text(), st.tuples(NUMBERS, NUMBERS)), st.sampled_from(["FINISHED", "RUNNING"]))
def test_any_values_have_a_fingerprint_that_does_not_depend_on_their_order(
    latest: dict[str, tuple[float, float]], status: str
) -> None:
    listing = replace(ENDED, latest=latest, status=status)
    turned = replace(listing, latest=dict(reversed(latest.items())))
    assert fingerprint(listing, Settings()) == fingerprint(turned, Settings())


def test_a_run_that_goes_on_is_judged_again_when_its_curves_have_grown_by_a_tenth() -> None:
    def at(step: int) -> str:
        return fingerprint(replace(GOING, latest={"loss": (float(step), 0.5 + step)}), Settings())

    looks = [at(step) for step in range(1, 1001)]
    distinct = list(dict.fromkeys(looks))
    assert len(distinct) <= math.log(1000) / math.log(LOOK_AGAIN) + 1
    assert len(distinct) > 40
    # A stretch that was left is never come back to: no verdict can flip to and fro.
    assert [a for a, b in zip(looks, [None, *looks], strict=False) if a != b] == distinct
    assert at(100) != at(112)


def test_the_values_of_a_run_that_goes_on_do_not_count_until_one_is_not_finite() -> None:
    other = replace(GOING, latest={"loss": (100.0, 0.1), "val_loss": (99.0, 7.0)})
    broken = replace(GOING, latest={"loss": (100.0, math.nan), "val_loss": (100.0, 0.6)})
    assert fingerprint(other, Settings()) == fingerprint(GOING, Settings())
    assert fingerprint(broken, Settings()) != fingerprint(GOING, Settings())


def test_without_steps_the_values_of_a_run_that_goes_on_count() -> None:
    first, second = (replace(GOING, latest={"loss": (0.0, value)}) for value in (0.5, 0.4))
    assert fingerprint(first, Settings()) != fingerprint(second, Settings())
