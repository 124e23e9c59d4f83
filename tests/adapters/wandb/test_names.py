from __future__ import annotations

import math
from typing import Any

import pytest

from tracker_diag.adapters.wandb.names import Names, latest_values
from tracker_diag.adapters.wandb.policy import POLICY

VERDICTS = frozenset({"overfitting", "good-fit", "insufficient-evidence"})
TAGS = {"verdict": "overfitting", "severity": "warning", "findings": "LC104"}


@pytest.mark.parametrize(
    ("prefix", "words", "key"),
    [
        ("diag.", ["diag:overfitting", "diag:warning"], "diag/verdict"),
        ("team/diag/", ["team/diag:overfitting", "team/diag:warning"], "team/diag/verdict"),
        ("diag", ["diag:overfitting", "diag:warning"], "diag/verdict"),
        (".", [".:overfitting", ".:warning"], "./verdict"),
    ],
)
def test_a_prefix_gives_words_and_keys_which_are_known_again(prefix: str, words: list[str], key: str) -> None:
    names = Names(prefix, VERDICTS)
    assert names.words(TAGS) == words
    assert all(map(names.is_own_word, words))
    assert names.key("verdict") == key
    assert names.read(["mine", *words], {}, names.keys(TAGS)) == {
        "mine": "",
        **{f"{prefix}{name}": value for name, value in TAGS.items()},
    }


def test_words_of_others_stay_in_their_place_and_are_never_taken_for_ours() -> None:
    names = Names("diag.", VERDICTS)
    assert names.replace_words(["b", "diag:good-fit", "diagnosis", "a", "diag", "diag:mine", "diag:"], TAGS) == [
        *("b", "diagnosis", "a", "diag", "diag:mine", "diag:"),
        *("diag:overfitting", "diag:warning"),
    ]
    assert names.read(["diag:mine", "diag:ok", "diag:insufficient-evidence"], {}, {}) == {"diag:mine": ""}
    for key in ("diagnostics/x", "diag/mine", "diag/", "diag/confidence", "diag/verdict/x", "diag.verdict"):
        assert not names.is_own_key(key)


def test_a_verdict_of_another_version_is_known_from_the_runs_own_summary() -> None:
    names, summary = Names("diag."), {"diag/verdict": "old", "diag/severity": ["list"]}
    assert names.replace_words(["diag:old"], TAGS) == ["diag:old", "diag:overfitting", "diag:warning"]
    assert names.replace_words(["diag:old", "diag:other"], {}, summary) == ["diag:other"]
    assert names.read(["diag:old"], {}, summary) == {"diag.verdict": "old"}


def test_of_the_summary_only_what_a_diagnosis_writes_is_read() -> None:
    long = "x" * (POLICY.longest + 1)
    summary = {"diag/verdict": "ok", "diag/mine": "x", "diag/cause": ["a"], "diag/summary": long, "diag/version": 3}
    assert Names("diag.").read([], {}, summary) == {"diag.verdict": "ok"}
    assert len(Names("diag.").read([], {"diag/ignore": [long] * 9}, {})["diag.ignore"]) == POLICY.longest


@pytest.mark.parametrize("prefix", ["a.", "_", "wandb.", "train/"])
def test_no_prefix_makes_others_keys_ours(prefix: str) -> None:
    names = Names(prefix)
    ours = set(names.keys({**TAGS, "fingerprint": "f"}))
    theirs = {names.key("loss"), names.key(""), "_step", "_wandb", "train/loss", "a", names.key("ignore")}
    assert {key for key in ours | theirs if names.is_own_key(key)} == ours


def test_the_users_keys_are_not_ours_and_the_later_one_wins() -> None:
    names = Names("diag.")
    assert names.keys({**TAGS, "ignore": "all", "control": "x"}).keys() == {f"diag/{name}" for name in TAGS}
    assert not names.is_own_key("diag/ignore")
    config = {"diag/ignore": ["LC104", "LC105"], "diag/verdict": "made up", "lr": 1}
    assert names.read([], config, {}) == {"diag.ignore": "LC104,LC105"}
    assert names.read([], config, {"diag/ignore": "DS201"}) == {"diag.ignore": "DS201"}


def test_a_long_text_is_cut() -> None:
    (text,) = Names("diag.").keys({"summary": "x" * 10_000}).values()
    assert len(text) == POLICY.longest
    assert text.endswith("…")


def test_latest_values_are_those_of_metrics() -> None:
    summary = {
        "_step": 9,
        "_runtime": 3,
        "loss": "NaN",
        "val": {"acc": 0.5, "best": {"max": 0.7}},
        "gradients/a": {"_type": "histogram", "values": [1]},
        "note": "text",
        "diag/confidence": 0.9,
        "large": 10**400,
    }
    latest = latest_values(summary, Names("diag."), {"val.acc": 8.0})
    assert str(latest.pop("loss")) == "(9.0, nan)"
    assert latest == {"val.acc": (8.0, 0.5), "val.best.max": (9.0, 0.7), "large": (9.0, math.inf)}


def test_latest_values_are_looked_for_only_so_deep() -> None:
    value: dict[str, Any] = {"a": 1}
    for _ in range(100_000):
        value = {"a": value}
    assert latest_values({"deep": value, "loss": 1, "x" * 3000: {"a": 2}}, Names("diag.")) == {"loss": (0.0, 1.0)}
