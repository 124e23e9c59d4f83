"""The changes of a parameter that cure a cause: what rules say of them, and what is refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pytest

from tracker_diag.roles.role_names import param_roles
from tracker_diag.rules import registry
from tracker_diag.rules.api import Curve, LikelihoodRatio, Outcome, higher, lower, rule
from tracker_diag.rules.registry import all_rules
from tracker_diag.rules.rule import Remedy


class Likelihoods:
    """Of the rules that are made here."""

    SO = LikelihoodRatio(2.0, "it is so")


@pytest.fixture(autouse=True)
def _rules_as_before() -> Iterator[None]:
    all_rules()
    known = dict(registry._RULES)
    yield
    registry._RULES.clear()
    registry._RULES.update(known)
    all_rules.cache_clear()


def test_a_remedy_is_a_role_and_a_direction() -> None:
    assert lower("learning_rate", "dropout") == (Remedy("learning_rate", -1), Remedy("dropout", -1))
    assert higher("epochs", name="too-few-epochs") == (Remedy("epochs", 1, "too-few-epochs"),)


def test_a_rule_carries_its_remedies() -> None:
    @rule("XX901", "planted", likelihoods=Likelihoods, cured_by=lower("momentum"))
    def planted(train_loss: Curve, *, prior: float = 1.0) -> Outcome:
        return None

    assert planted.cured_by == (Remedy("momentum", -1),)
    assert all_rules()["XX901"].cured_by == (Remedy("momentum", -1),)


def test_only_a_cause_is_cured() -> None:
    with pytest.raises(ValueError, match="XX901 planted: cured_by is only for rules with a prior"):

        @rule("XX901", "planted", cured_by=lower("momentum"))
        def planted(train_loss: Curve) -> Outcome:
            return None


@pytest.mark.parametrize("role", ["learning rate", "val_loss", "lr", ""])
def test_a_remedy_is_of_a_parameter(role: str) -> None:
    with pytest.raises(ValueError, match="cured_by: no parameter role"):

        @rule("XX901", "planted", likelihoods=Likelihoods, cured_by=higher(role))
        def planted(train_loss: Curve, *, prior: float = 1.0) -> Outcome:
            return None


def test_what_cures_a_cause_that_the_rule_does_not_tell_is_refused() -> None:
    with pytest.raises(ValueError, match="cured_by: unknown cause 'another'"):

        @rule("XX901", "planted", likelihoods=Likelihoods, cured_by=higher("epochs", name="another"))
        def planted(train_loss: Curve, *, prior: float = 1.0) -> Outcome:
            return None


def test_remedies_name_causes_that_the_rule_tells_and_roles_that_exist() -> None:
    for known in all_rules().values():
        for remedy in known.cured_by:
            assert remedy.role in param_roles()
            assert remedy.name in ("", known.name, *known.also)


def test_both_directions_of_the_usual_parameters_have_a_cause() -> None:
    cures = defaultdict(set)
    for known in all_rules().values():
        for remedy in known.cured_by:
            cures[remedy.role, remedy.direction].add(remedy.name or known.name)
    for role in ("learning_rate", "batch_size", "hidden_units", "layers", "dropout", "weight_decay", "epochs"):
        assert cures[role, 1], role
        assert cures[role, -1], role
        assert not cures[role, 1] & cures[role, -1]
