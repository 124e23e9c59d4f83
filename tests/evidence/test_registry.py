"""The graph of inputs: what a signature asks for, what is refused, and in which order all is computed."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tracker_diag import Run, diagnose
from tracker_diag.core.finding import Skip
from tracker_diag.engine.values import Values
from tracker_diag.evidence import registry
from tracker_diag.evidence.registry import EVIDENCE, all_inputs, first_of, given_input, in_order, letters, rule_input
from tracker_diag.roles.resolve import NO_ROLES
from tracker_diag.roles.role_names import all_roles
from tracker_diag.rules.hypothesis import LikelihoodRatio
from tracker_diag.rules.registry import all_rules, rule
from tracker_diag.rules.rule import NEVER, Verdict


@pytest.fixture(autouse=True)
def copies(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A copy of the registries, so that nothing that a test adds stays."""
    all_rules()
    monkeypatch.setattr(registry, "_INPUTS", dict(all_inputs()))
    monkeypatch.setattr("tracker_diag.rules.registry._RULES", dict(all_rules()))
    all_rules.cache_clear()
    yield
    letters.cache_clear()
    all_rules.cache_clear()


def added(function: Callable[..., Any], **more: Any) -> None:
    rule_input(**{"missing": f"no {function.__name__}", **more})(function)


def test_needs_and_wants_follow_from_the_signature() -> None:
    def doubled(n_train: int, n_val: int | None) -> int:
        return 2 * n_train + (n_val or 0)

    added(doubled)
    assert (all_inputs()["doubled"].needs, all_inputs()["doubled"].wants) == (("n_train",), ("n_val",))
    values = Values({"run": None, "n_train": 4, "n_val": None})
    assert values.get("doubled") == 8
    assert Values({"n_train": None}).get("doubled") is None


def test_each_is_computed_once_and_only_if_asked_for() -> None:
    asked: list[str] = []

    def dear() -> int:
        asked.append("dear")
        return 7

    def first(dear: int) -> int:
        return dear + 1

    added(dear, evidence="C")
    added(first)
    values = Values({})
    assert asked == []
    assert (values.get("first"), values.get("dear"), asked) == (8, 7, ["dear"])


def test_what_is_missing_is_the_first_need_that_is() -> None:
    def within(train_loss: object) -> None:
        return None

    added(within)
    lacking = Values({"train_loss": None, "roles": NO_ROLES}).missing("within")
    assert (lacking.missing, lacking.log) == ("no training loss found", all_inputs()["train_loss"].log)
    assert Values({"train_loss": 1}).missing("within").missing == "no within"


def test_an_unknown_name_is_refused_and_the_nearest_told() -> None:
    def odd(n_trian: int) -> int:
        return n_trian

    with pytest.raises(ValueError, match=r"^input odd asks for an unknown input 'n_trian'; did you mean 'n_train'\?$"):
        added(odd)


def test_a_circle_is_refused() -> None:
    def chicken(n_train: int) -> int:
        return n_train

    def egg(chicken: int) -> int:
        return chicken

    added(chicken)
    added(egg)

    def chicken(egg: int) -> int:  # type: ignore[no-redef]
        return egg

    with pytest.raises(ValueError, match=r"in a circle: .*chicken.*egg|in a circle: .*egg.*chicken"):
        added(chicken)


def test_thresholds_are_refused() -> None:
    def strict(*, least: float = 1.0) -> float:
        return least

    with pytest.raises(ValueError, match="strict: least is keyword-only"):
        added(strict)


def test_a_name_that_is_taken_is_refused() -> None:
    def features(n_train: int) -> int:
        return n_train

    with pytest.raises(ValueError, match=r"input features: the name is taken by tracker_diag\.evidence\.features"):
        added(features)


def test_the_first_source_that_holds_a_value_gives_it_and_is_told() -> None:
    given_input("told", "what was told", "str")
    given_input("seen", "what was seen", "str")
    first_of("height", {"told": "as told", "seen": "as seen"}, missing="no height")
    assert (Values({"told": 1, "seen": 2}).get("height"), Values({"told": 1}).get("height_from")) == (1, "as told")
    assert (Values({"told": None, "seen": 2}).get("height"), Values({"seen": 2}).get("height_from")) == (2, "as seen")
    assert Values({}).get("height") is Values({}).get("height_from") is None


def test_letters_are_those_of_the_inputs_it_is_computed_from() -> None:
    def mixed(gradient_norm: object, dataset: object | None) -> None:
        return None

    added(mixed)
    assert letters("mixed") == "DG"
    assert letters("batch_size") == "P"
    for name in all_inputs():
        assert set(letters(name)) <= set(EVIDENCE)


def test_every_role_of_a_parameter_is_an_input() -> None:
    assert {role for role, filled_by in all_roles().items() if "param" in filled_by} <= set(all_inputs())


def test_every_input_says_what_a_skip_says() -> None:
    for found in all_inputs().values():
        if found.compute is not None:
            assert found.missing, found.name
            assert not found.missing.endswith("."), found.name


def test_each_comes_behind_what_it_asks_for() -> None:
    at = {name: i for i, name in enumerate(in_order({"symptoms": ["LC108"], "LC108": ["train"]}))}
    for found in all_inputs().values():
        for name in found.needs + found.wants:
            assert at[name] < at[found.name]
    assert at["train"] < at["LC108"] < at["symptoms"] < at["features"]


def test_a_rule_that_asks_for_what_is_no_input_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^XX901 odd asks for an unknown input 'tran'; did you mean 'train'\?$"):

        @rule("XX901", "odd")
        def odd(tran: object) -> None:
            return None


def test_a_rule_on_curves_without_a_place_among_the_verdicts_is_refused() -> None:
    with pytest.raises(ValueError, match="LC901 odd: give its place among the verdicts"):

        @rule("LC901", "odd")
        def odd(train: object) -> None:
            return None


def test_a_rule_that_makes_the_symptoms_cannot_ask_for_them() -> None:
    with pytest.raises(ValueError, match=r"in a circle: .*LC901"):

        @rule("LC901", "odd", verdict=NEVER)
        def odd(symptoms: object) -> None:
            return None

    with pytest.raises(ValueError, match=r"in a circle: .*LC902"):

        @rule("LC902", "odder", verdict=NEVER)
        def odder(train: object, features: object | None) -> None:
            return None


def test_a_precedence_that_is_taken_is_refused() -> None:
    with pytest.raises(ValueError, match="LC901 odd: precedence 30 is taken by LC102 underfitting"):

        @rule("LC901", "odd", verdict=Verdict(30, "so"))
        def odd(train: object) -> None:
            return None


def test_an_input_that_the_engine_gives_or_a_role_is_taken() -> None:
    def symptoms(train: object) -> object:
        return train

    def learning_rate(train: object) -> object:
        return train

    with pytest.raises(ValueError, match="input symptoms: the name is taken by the engine"):
        added(symptoms)
    with pytest.raises(ValueError, match="input learning_rate: the name is taken by the parameter role learning_rate"):
        added(learning_rate)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"log": "train_los"}, r"log: no role 'train_los'; did you mean 'train_loss'\?"),
        ({"evidence": "Z"}, "evidence 'Z' has unknown letters: use CPMDGBX"),
    ],
)
def test_what_is_misspelt_is_refused(more: dict[str, str], said: str) -> None:
    def odd(train: object) -> object:
        return train

    with pytest.raises(ValueError, match=said):
        added(odd, **more)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"unless": ("reinforment",)}, "unless: no kind 'reinforment'; choose from"),
        ({"also": ("too-few-epochs",)}, "the name or code is taken by OP406 too-few-updates"),
        ({}, "a rule with a prior needs a table of likelihood ratios"),
    ],
)
def test_a_rule_that_does_not_fit_is_refused(more: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=f"XX901 odd: {said}"):

        @rule("XX901", "odd", **more)
        def odd(train: object, *, prior: float = 0.1) -> None:
            return None


def test_a_threshold_without_a_default_is_refused() -> None:
    with pytest.raises(ValueError, match="XX901 odd: give the threshold least a default"):

        @rule("XX901", "odd")
        def odd(train: object, *, least: float) -> None:
            return None


def test_a_code_that_is_given_twice_is_refused() -> None:
    @rule("XX901", "odd")
    def odd(train: object) -> None:
        return None

    with pytest.raises(ValueError, match="XX901 odder: the name or code is taken by XX901 odd"):

        @rule("XX901", "odder")
        def odder(train: object) -> None:
            return None


def test_a_ratio_is_positive() -> None:
    with pytest.raises(ValueError, match="'it is odd': a likelihood ratio must be positive, not -8"):
        LikelihoodRatio(-8.0, "it is odd")


def test_what_was_refused_leaves_nothing_behind() -> None:
    before = dict(all_inputs())

    def own(own: int | None) -> int:
        return own or 0

    def odd(n_trian: int) -> int:
        return n_trian

    for function in (own, odd):
        with pytest.raises(ValueError, match=r"in a circle|asks for an unknown input"):
            added(function)
    assert dict(all_inputs()) == before
    in_order({})


@pytest.mark.parametrize("name", ["train", "baseline", "symptoms", "batch_size"])
def test_no_way_of_registering_takes_a_name_that_is_taken(name: str) -> None:
    with pytest.raises(ValueError, match=f"input {name}: the name is taken"):
        first_of(name, {"n_train": "x"}, missing="no")
    with pytest.raises(ValueError, match=f"input {name}: the name is taken"):
        given_input(name, "one more", "str")


def test_a_rule_that_is_registered_late_is_asked() -> None:
    @rule("XX901", "odd")
    def odd(train: object) -> Skip:
        return Skip("XX901", "asked")

    assert all_rules()["XX901"] is odd
    curve = [[i, 1 / (i + 1)] for i in range(20)]
    report = diagnose(Run.from_dict({"id": "r", "metrics": {"train_loss": curve}}))
    assert [s.reason for s in report.skipped if s.code == "XX901"] == ["asked"]


FIRST = """
from tracker_diag.evidence.registry import rule_input
from tracker_diag.rules.registry import Verdict, rule
import tracker_diag
try:
    {lines}
except ValueError as error:
    print(error)
print(tracker_diag.diagnose(tracker_diag.Run.from_dict({{"id": "r"}})).verdict)
"""


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("@rule_input(missing='no')\n    def train(n_train: int) -> int: ...", "input train: the name is taken"),
        ("rule('LC901', 'a', verdict=Verdict(30, 'x'))(lambda train: None)", "is taken by LC102 underfitting"),
        ("rule('LC108', 'a', verdict=Verdict(31, 'x'))(lambda train: None)", "taken by LC108 diverged"),
    ],
)
def test_what_a_user_registers_first_is_checked_against_the_package(lines: str, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST.format(lines=lines)], capture_output=True, text=True, timeout=60, check=False
    )
    assert said in done.stdout, done.stderr
    assert done.stdout.splitlines()[-1] == "insufficient-evidence"


def test_a_parameter_that_cannot_be_given_by_name_is_refused() -> None:
    with pytest.raises(ValueError, match="odd: train cannot be given by name"):

        @rule("XX901", "odd")
        def odd(train: object, /) -> None:
            return None


def test_a_precedence_is_a_number() -> None:
    with pytest.raises(ValueError, match="LC901 odd: the precedence is NaN: give a number"):

        @rule("LC901", "odd", verdict=Verdict(math.nan, "so"))
        def odd(train: object) -> None:
            return None


@pytest.mark.parametrize(
    ("code", "name", "said"),
    [
        ("XX901", "Too_Loud", "'Too_Loud': use lower-case words joined by hyphens"),
        ("XX901", "warning", "'warning': use lower-case"),
        ("XX901", "x" * 61, "60 letters"),
        ("XX901", "<b>", "'<b>': use lower-case"),
        ("xx901", "odd", "write the code as capitals and a number"),
        ("XX901,LC104", "odd", "write the code as capitals and a number"),
    ],
)
def test_what_no_tag_could_carry_is_refused(code: str, name: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):

        @rule(code, name)
        def odd(train: object) -> None:
            return None
