from __future__ import annotations

import pytest

from tracker_diag.adapters.wandb.names import LONGEST, Names, latest_values

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
    names = Names(prefix)
    assert names.words(TAGS) == words
    assert all(map(names.is_own_word, words))
    assert names.key("verdict") == key
    assert names.read(["mine", *words], {}, names.keys(TAGS)) == {
        "mine": "",
        **{f"{prefix}{name}": value for name, value in TAGS.items()},
    }


def test_words_of_others_stay_in_their_place_and_are_never_taken_for_ours() -> None:
    names = Names("diag.")
    assert names.replace_words(["b", "diag:old", "diagnosis", "a", "diag"], TAGS) == [
        *("b", "diagnosis", "a", "diag"),
        *("diag:overfitting", "diag:warning"),
    ]
    assert not names.is_own_key("diagnostics/x")


def test_the_users_keys_are_not_ours_and_the_later_one_wins() -> None:
    names = Names("diag.")
    assert names.keys({**TAGS, "ignore": "all", "control": "x"}).keys() == {f"diag/{name}" for name in TAGS}
    assert not names.is_own_key("diag/ignore")
    config = {"diag/ignore": ["LC104", "LC105"], "diag/verdict": "made up", "lr": 1}
    assert names.read([], config, {}) == {"diag.ignore": "LC104,LC105"}
    assert names.read([], config, {"diag/ignore": "DS201"}) == {"diag.ignore": "DS201"}


def test_a_long_text_is_cut() -> None:
    (text,) = Names("diag.").keys({"summary": "x" * 10_000}).values()
    assert len(text) == LONGEST
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
    }
    latest = latest_values(summary, Names("diag."), {"val.acc": 8.0})
    assert str(latest.pop("loss")) == "(9.0, nan)"
    assert latest == {"val.acc": (8.0, 0.5), "val.best.max": (9.0, 0.7)}
