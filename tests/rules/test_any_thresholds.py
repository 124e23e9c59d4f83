"""Whatever a user sets a threshold to, the rule answers: at the ends of what the settings take."""

from __future__ import annotations

import random
from functools import cache

import pytest

from scripts.hostile import make
from scripts.hostile.sound import plausible_profile
from tests.rules.runs import SHAPES, SOUND, a_run, failures
from tracker_diag import InvalidRunError, Run, diagnose
from tracker_diag.rules.registry import all_rules
from tracker_diag.rules.rule import Rule
from tracker_diag.settings.settings import SettingsError, parse_settings

PARAMS = {**SOUND, "dropout": 0.2, "layers": 9, "hidden_units": 64, "n_train": 300, "n_val": 80, "grad_clip": 0.01}
# The last ones were found by a search through 12,000: a gap that is not known, a power beyond numbers.
HOSTILE = (*range(60), 653, 778, 971, 1051)
ADJUSTABLE = [rule for rule in all_rules().values() if rule.thresholds]


@cache
def runs() -> list[Run]:
    """Every other shape, each with another dataset."""
    rng = random.Random(1)
    return [
        a_run({**shape(), "grad_norm": [1.0] * 60}, PARAMS, profile=plausible_profile(rng))
        for shape in list(SHAPES.values())[::2]
    ]


@pytest.mark.parametrize("rule", ADJUSTABLE, ids=lambda rule: rule.code)
@pytest.mark.parametrize("value", [0, 1e-15, 1e15])
def test_no_rule_fails_whatever_its_thresholds_are(rule: Rule, value: float) -> None:
    for threshold in rule.thresholds:
        chosen = {"select": ["LC", rule.code], "rules": {rule.name: {"thresholds": {threshold: value}}}}
        settings = parse_settings(chosen)
        for run in runs():
            assert failures(diagnose(run, settings)) == [], threshold


@pytest.mark.parametrize("value", [0, 1e-9, 1, 1e9])
def test_no_rule_fails_on_a_hostile_run_whatever_all_thresholds_are(value: float) -> None:
    chosen = {
        rule.name: {"thresholds": dict.fromkeys((k for k, v in rule.thresholds.items() if v >= 0), value)}
        for rule in ADJUSTABLE
    }
    settings = parse_settings({"rules": chosen})
    for number in HOSTILE:
        try:
            run = Run.from_dict(make(77, number).data)
        except InvalidRunError:
            continue
        assert failures(diagnose(run, settings)) == [], number


@pytest.mark.parametrize("value", [-1, 1e16, 1e-16, 1e308, 10**400])
def test_a_threshold_far_from_any_use_is_refused(value: float) -> None:
    with pytest.raises(SettingsError, match=r"rules\.unstable\.thresholds\.alpha: .* is not allowed: give 0 or a "):
        parse_settings({"rules": {"unstable": {"thresholds": {"alpha": value}}}})
