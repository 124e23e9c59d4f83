"""Settings: what is refused, how it is said, and what the tag of a run may leave out."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag import diagnose
from tracker_diag.engine.asking import chosen_for
from tracker_diag.rules.registry import all_rules, find_rule
from tracker_diag.settings.settings import (
    LONGEST_IGNORE,
    Settings,
    SettingsError,
    ignored_words,
    matches,
    parse_settings,
)

# -- the prefix ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "prefix", ["diag.", "diag/", "lint:", "team a.", "user.", "x", "a-b_c.", "a" * 50, "mlflow_", "."]
)
def test_a_prefix_that_trackers_take(prefix: str) -> None:
    assert parse_settings({"prefix": prefix}).prefix == prefix


@pytest.mark.parametrize(
    ("prefix", "said"),
    [
        ("a" * 51, "'aaaaaaaaaaaaaaaaaaaa'… has 51 characters: use at most 50"),
        ("a" * 10**6, "has 1,000,000 characters: use at most 50"),
        ("diag\n.", "'diag\\n.': use only letters, digits, spaces and _ - . : /"),
        ("däg.", "use only letters, digits, spaces and _ - . : /"),
        ("dıag.", "use only letters, digits, spaces and _ - . : /"),
        ("a*", "use only letters, digits, spaces and _ - . : /"),
        ("<b>", "use only letters, digits, spaces and _ - . : /"),
        ("../", "must not begin with '/' or './', or contain '..' or '//'"),
        ("a/../../", "must not begin with '/' or './', or contain '..' or '//'"),
        ("..", "must not begin with '/' or './', or contain '..' or '//'"),
        ("/", "must not begin with '/' or './', or contain '..' or '//'"),
        ("/etc/", "must not begin with '/' or './', or contain '..' or '//'"),
        ("a//", "must not begin with '/' or './', or contain '..' or '//'"),
        ("./", "must not begin with '/' or './', or contain '..' or '//'"),
        ("", "prefix: must not be empty"),
    ],
)
@pytest.mark.parametrize("place", ["whole", "experiment"])
def test_a_prefix_that_could_destroy_or_is_none_is_refused(prefix: str, said: str, place: str) -> None:
    data = {"prefix": prefix}
    with pytest.raises(SettingsError, match="prefix") as refused:
        parse_settings(data if place == "whole" else {"experiments": {"vision*": data}}, "here")
    assert said in str(refused.value)
    assert str(refused.value).startswith("here: " if place == "whole" else "here: experiments.vision*: ")
    assert len(str(refused.value)) < 250


# -- experiments -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"ignor": ["x"]}, "experiments.vision*: ignor: no such setting; did you mean 'ignore'?"),
        ({"ignore": ["overfiting"]}, "experiments.vision*: ignore: no rule 'overfiting'; did you mean 'overfitting'?"),
        ({"roles": {"vloss": "x"}}, "experiments.vision*: roles: no role 'vloss'; did you mean 'val_loss'?"),
        (
            {"rules": {"LC104": {"severity": "bad"}}},
            "experiments.vision*: rules.LC104.severity: choose from ok, info, warning, error",
        ),
        ({"experiments": {}}, "experiments.vision*: remove the inner 'experiments', which cannot be nested"),
        ({"artifacts": "some"}, "experiments.vision*: artifacts: choose findings, all or none"),
        (3, "experiments.vision*: give a mapping"),
    ],
)
def test_a_part_for_an_experiment_is_checked_when_it_is_read(part: Any, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse_settings({"experiments": {"vision*": part}}, "here")
    assert str(refused.value).startswith(f"here: {said}")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"select": "LC"}, "select: give a list"),
        ({"vocabulary": {"val_loss": "x"}}, "vocabulary.val_loss: give a list"),
        ({"vocabulary": {"vloss": ["x"]}}, "vocabulary: no role 'vloss'; did you mean 'val_loss'?"),
        ({"roles": {"val_loss": 3}}, "roles.val_loss: give a text, in quotes"),
        ({"rules": ["LC104"]}, "rules: give a mapping"),
        ({"rules": {"LC104": 3}}, "rules.LC104: give a mapping"),
        ({"rules": {"LC104": {"thresholds": {"alpha": [1]}}}}, "rules.LC104.thresholds.alpha: give a number"),
        ({"prefix": date(2024, 1, 1)}, "prefix: 2024-01-01 is read as a date: put it in quotes"),
        ({"artifacts": 3}, "artifacts: choose findings, all or none"),
    ],
)
def test_what_is_needed_is_said_in_plain_words(data: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse_settings(data, "here")
    assert str(refused.value) == f"here: {said}"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (-3, "-3 is not allowed: give 0 or a positive number"),
        (float("nan"), "NaN is not allowed: give 0 or a positive number"),
        (1e20, "1e+20 is not allowed: give 0 or a number from 1e-15 to 1e15"),
        (1e-20, "1e-20 is not allowed: give 0 or a number from 1e-15 to 1e15"),
        ("x", "'x' is not a number"),
        (True, "'True' is not a number"),
    ],
)
def test_a_threshold_that_does_not_fit_says_what_would(value: Any, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse_settings({"rules": {"LC104": {"thresholds": {"alpha": value}}}}, "here")
    assert str(refused.value) == f"here: rules.LC104.thresholds.alpha: {said}"


def test_a_sound_part_is_laid_over_the_rest() -> None:
    rules = {"overfitting": {"thresholds": {"alpha": 0.5}}}
    settings = parse_settings({"ignore": ["LC101"], "experiments": {"vision*": {"rules": rules, "artifacts": "all"}}})
    own = settings.for_experiment("vision-7")
    assert (own.ignore, own.artifacts) == (("LC101",), "all")
    assert own.rules["overfitting"].thresholds == {"alpha": 0.5}
    assert settings.for_experiment("speech") == settings


# -- values that no schema foresaw -----------------------------------------------------------------------------------


def nested(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value


HOSTILE = {"deep": nested(100_000), "large": 10**5000, "object": object(), "set": {1}, "nan": float("nan")}


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("key", [*Settings.model_fields, "other"])
def test_one_line_whatever_the_value_is(key: str, value: str) -> None:
    rule, worth = "overfitting", HOSTILE[value]
    rules = [{rule: worth}, {rule: {"severity": worth}}, {rule: {"thresholds": {"alpha": worth}}}]
    for data in ({key: worth}, {key: [worth]}, {key: {"a": worth}}, *({"rules": r} for r in rules)):
        with pytest.raises(SettingsError) as refused:
            parse_settings(data, "here")
        assert str(refused.value).startswith("here: ")
        assert len(str(refused.value).splitlines()) == 1
        assert len(str(refused.value)) <= 500


@given(
    st.dictionaries(st.text(max_size=10) | st.sampled_from([*Settings.model_fields]), st.text() | st.lists(st.text()))
)
def test_settings_or_one_line(data: dict[str, Any]) -> None:
    said = ""
    try:
        parse_settings(data)
    except SettingsError as error:
        said = str(error)
    assert len(said.splitlines()) <= 1


# -- the tag ``ignore`` ----------------------------------------------------------------------------------------------


def test_the_nearest_rule_is_named_for_a_word_that_is_none() -> None:
    words, notes = ignored_words("overfitting, overfiting,LC10,  ,x\n", "diag.ignore")
    assert words == ("overfitting", "LC10")
    assert notes == (
        "diag.ignore: no rule 'overfiting'; did you mean 'overfitting'?",
        "diag.ignore: no rule 'x'",
    )


def test_many_words_that_are_none_take_few_notes() -> None:
    words, notes = ignored_words(",".join(f"z{i}" for i in range(500)) + ",LC104", "diag.ignore")
    assert words == ("LC104",)
    assert len(notes) == 4
    assert notes[-1] == "diag.ignore: 497 more words name no rule"


def test_ten_megabytes_are_one_note() -> None:
    text = "LC104," + "no-such-rule," * 800_000 + "LC101"
    words, notes = ignored_words(text, "diag.ignore")
    assert words == ("LC104",)
    assert notes == (f"diag.ignore: only the first 5,000 of {len(text):,} characters were read",)
    assert ignored_words("LC104" * 2_000_000, "diag.ignore")[0] == ()


def test_a_word_is_not_cut_into_another() -> None:
    filling = "z," * ((LONGEST_IGNORE - 4) // 2)
    assert ignored_words(filling + "LC104", "diag.ignore")[0] == ()


def test_every_rule_fits_into_the_tag() -> None:
    names = [r.name for r in all_rules().values()]
    assert ignored_words(", ".join(names), "diag.ignore") == (tuple(names), ())


@given(st.text())
def test_whatever_the_tag_holds(text: str) -> None:
    from tests.rules.runs import a_run, healthy

    report = diagnose(a_run({n: y[:4] for n, y in healthy().items()}, tags={"diag.ignore": text}))
    assert len(report.notes) <= 5
    assert all(len(note.splitlines()) == 1 for note in report.notes)


def test_settings_that_hold_a_part_a_million_times_are_refused_at_once() -> None:
    part: list[object] = ["x"]
    for _ in range(30):
        part = [part, part]
    for data in ({"ignore": part}, {"rules": {str(n): {"thresholds": {"a": [n]}} for n in range(100_000)}}):
        with pytest.raises(SettingsError, match="more than 20,000 values"):
            parse_settings(data)


@pytest.mark.parametrize("word", ["No_Regularization", "no regularisation", "RG801", "rg-801", "NO-REGULARIZATION"])
def test_words_for_a_rule_are_taken_in_any_spelling(word: str) -> None:
    rule = find_rule("no-regularisation")
    assert rule is not None
    assert matches(word, rule.code, rule.name)
    settings = Settings.model_validate({"ignore": [word], "select": [word], "rules": {word: {"severity": "info"}}})
    assert chosen_for(rule, settings) == settings.rules[word]
    assert ignored_words(f"x, {word}", "diag.ignore")[0] == (word,)


@pytest.mark.parametrize("word", ["", "-", " ", "_"])
def test_no_word_means_no_rule(word: str) -> None:
    assert not matches(word, "LC104", "overfitting")


def test_a_rule_can_be_set_by_the_name_of_a_cause_that_it_tells() -> None:
    rule = find_rule("too-few-updates")
    assert rule is not None
    settings = Settings.model_validate({"rules": {"too_few_epochs": {"severity": "info"}}})
    assert chosen_for(rule, settings) == settings.rules["too_few_epochs"]


def test_a_section_in_the_description_is_asked_for_without_making_every_run_due() -> None:
    assert Settings(note=True).digest() == Settings().digest()
    assert parse_settings({"experiments": {"a": {"note": True}}}).for_experiment("a").note
    with pytest.raises(SettingsError, match=r"note: choose true or false"):
        parse_settings({"note": "often"})
