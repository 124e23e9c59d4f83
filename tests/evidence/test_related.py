"""Whether inputs and targets belong together, and whether validation's inputs are training's: read off a profile."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.evidence.test_inputs import of
from tests.rules.datasets import related
from tracker_diag import Run
from tracker_diag.evidence.related import Relation


def relation_of(profile: dict[str, Any]) -> Relation | None:
    found: Relation | None = of(Run.from_dict({"id": "r", "profile": profile})).relation
    return found


def shifted_of(profile: dict[str, Any]) -> bool | None:
    found: bool | None = of(Run.from_dict({"id": "r", "profile": profile})).shifted
    return found


@pytest.mark.parametrize(("p", "holds"), [(0.0, True), (0.005, True), (0.006, None), (0.05, None), (0.051, False)])
def test_a_relation_is_beyond_doubt_or_absent_or_neither(p: float, holds: bool | None) -> None:
    found = relation_of(related(p, p, p))
    assert found is not None
    assert (found.train, found.validation, found.across) == (holds, holds, holds)


def test_its_figures_are_the_profile_s() -> None:
    found = relation_of(related(0.001, 0.2, 0.9, agreement=0.7, held_out=0.2, noise=0.1, rows=500))
    assert found is not None
    assert (found.agreement, found.held_out, found.noise, found.rows) == (0.7, 0.2, 0.1, 500)


@pytest.mark.parametrize(
    "profile",
    [
        {},
        {"train": {"rows": 1000}},
        related(0.001, rows=199),
        {"train": {"rows": 1000, "relation": {"rows": 1000, "agreement": 0.9}}},
        {"train": {"rows": 1000, "relation": {"p": 0.001}}},
        related(math.nan, 0.001),
    ],
    ids=["no profile", "none told", "few", "not tested", "of unknown size", "no number"],
)
def test_there_is_none_to_speak_of(profile: dict[str, Any]) -> None:
    assert relation_of(profile) is None


def test_a_side_with_few_examples_says_nothing() -> None:
    profile = related(0.001, 0.001, 0.001)
    profile["validation"]["relation"]["rows"] = profile["across"]["rows"] = 199
    found = relation_of(profile)
    assert found is not None
    assert (found.train, found.validation, found.across) == (True, None, None)


@pytest.mark.parametrize(
    ("sides", "broken", "nowhere"),
    [
        ((0.9, 0.001, 0.9), True, False),
        ((0.9, 0.9, 0.9), False, True),
        ((0.9, None, None), False, True),
        ((0.9, 0.03, 0.03), False, True),
        ((0.9, 0.9, 0.001), False, False),
        ((0.001, 0.001, 0.9), False, False),
        ((0.03, 0.001, 0.9), False, False),
    ],
)
def test_where_it_is_missing(sides: tuple[float, float, float], broken: bool, nowhere: bool) -> None:
    found = relation_of(related(*sides))
    assert found is not None
    assert (found.broken_in_training, found.nowhere) == (broken, nowhere)


@pytest.mark.parametrize(
    ("facts", "disagree"),
    [
        # Beyond chance, validation agrees with training less than half as much as training does with itself.
        ({"agreement": 0.9, "held_out": 0.49}, True),
        ({"agreement": 0.9, "held_out": 0.51}, False),
        ({"agreement": 0.9, "held_out": 0.1}, True),
        ({"agreement": 0.9, "held_out": None}, False),
        ({"agreement": None, "held_out": 0.1}, False),
    ],
)
def test_two_sides_of_which_each_holds_another_relation(facts: dict[str, Any], disagree: bool) -> None:
    found = relation_of(related(0.001, 0.001, 0.9, **facts))
    assert found is not None
    assert found.sides_disagree is disagree
    alone = relation_of(related(0.001, 0.9, 0.9, **facts))
    assert alone is not None
    assert not alone.sides_disagree


@pytest.mark.parametrize(
    ("facts", "lacks"),
    [
        ({"agreement": 0.6, "held_out": 0.8}, 0.25),
        ({"agreement": 0.9, "held_out": 0.8}, 0.0),
        ({"agreement": 0.6, "held_out": 0.0}, 0.0),
        ({"agreement": 0.6, "held_out": None}, 0.0),
    ],
)
def test_what_training_lacks_of_the_agreement_on_validation(facts: dict[str, Any], lacks: float) -> None:
    found = relation_of(related(0.001, **facts))
    assert found is not None
    assert found.worse_in_training == pytest.approx(lacks)
    absent = relation_of(related(0.9, **facts))
    assert absent is not None
    assert absent.worse_in_training == 0.0


@pytest.mark.parametrize(
    ("shift", "seen"),
    [
        ({"tested": 8, "shifted": 4, "largest_ks": 0.25}, True),
        ({"tested": 8, "shifted": 3, "largest_ks": 0.9}, False),
        ({"tested": 8, "shifted": 8, "largest_ks": 0.249}, False),
        ({"tested": 8, "shifted": 8}, False),
        ({"tested": 8}, False),
        ({"tested": 0}, None),
        # More than were tested cannot be: what a profile contradicts itself in is left out.
        ({"tested": 2, "shifted": 8, "largest_ks": 0.9}, None),
        ({}, None),
    ],
)
def test_inputs_of_which_most_features_lie_elsewhere(shift: dict[str, Any], seen: bool | None) -> None:
    assert shifted_of({"train": {"rows": 9}, "shift": shift}) is seen


@pytest.mark.parametrize(
    ("train", "validation", "seen"),
    [
        ({"mean": 0.5, "std": 0.2}, {"mean": 0.6, "std": 0.2}, False),
        ({"mean": 0.5, "std": 0.2}, {"mean": 0.61, "std": 0.2}, True),
        ({"mean": 0.5, "std": 0.2}, {"mean": 0.39, "std": 0.2}, True),
        ({"mean": 0.5, "std": 0.2}, {"mean": 0.5, "std": 0.29}, False),
        ({"mean": 0.5, "std": 0.2}, {"mean": 0.5, "std": 0.31}, True),
        ({"mean": 0.5, "std": 0.2}, {"mean": 0.5, "std": 0.13}, True),
        ({"mean": 120.0, "std": 60.0}, {"mean": 0.47, "std": 0.24}, True),
        ({"std": 1.0}, {"std": 1.0}, False),
        ({"mean": 0.5}, {"mean": 0.9}, None),
        ({"mean": 0.5, "std": 0.0}, {"mean": 0.9, "std": 0.2}, None),
    ],
)
def test_images_of_another_scale_or_offset(
    train: dict[str, float], validation: dict[str, float], seen: bool | None
) -> None:
    sides = {"train": {"rows": 9, "images": train}, "validation": {"rows": 9, "images": validation}}
    assert shifted_of({"kind": "image", **sides}) is seen


def test_images_are_asked_before_features() -> None:
    sides = {side: {"rows": 9, "images": {"mean": 0.5, "std": 0.2}} for side in ("train", "validation")}
    assert shifted_of({"kind": "image", **sides, "shift": {"tested": 4, "shifted": 4, "largest_ks": 0.9}}) is False
