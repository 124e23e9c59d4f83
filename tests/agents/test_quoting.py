from __future__ import annotations

import json
import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.agents.quoting import LONGEST, LONGEST_KEY, MOST_ITEMS, answer, quote

UNSEEN = "\u034f\u115f\u1160\u180b\u3164\ufe00\ufe0d\uffa0\U000e0100\U000e01ef"
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=20,
)


@given(st.text() | st.text(alphabet=UNSEEN + "\u200c\u200d\ufe0e\ufe0f\u202e\x1b\n a"))
def test_a_quote_is_one_line_in_which_nothing_is_unseen(text: str) -> None:
    shown = quote(text)
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") and c not in "\u200c\u200d"]
    assert not set(shown) & set(UNSEEN)
    assert not any(three in shown for three in ("\u200d" * 3, "\ufe0f" * 3, "\u200d\u200c\u200d"))
    assert len(shown) <= LONGEST


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb", r"a\u202eb"),
        ("a\U000e0041\U000e0042", r"a\U000e0041\U000e0042"),
        ("\ufe01\ufe02 hidden", r"\ufe01\ufe02 hidden"),
        ("\u200d\u200c\u200d\u200c", r"\u200d\u200c\u200d\u200c"),
        ("two\nlines\x1b[2J", r"two lines\x1b[2J"),
    ],
)
def test_what_nobody_sees_is_an_escape(text: str, shown: str) -> None:
    assert quote(text) == shown


@pytest.mark.parametrize("text", ["می\u200cخواهم", "❤\ufe0f\u200d🔥", "学习率", "Δ loss ≤ 0,5 %"])
def test_honest_texts_stay(text: str) -> None:
    assert quote(text) == text


@given(st.dictionaries(st.text(max_size=9), PLAIN, max_size=4))
def test_an_answer_is_strict_json_that_says_first_what_it_quotes(data: dict[str, object]) -> None:
    data.pop("untrusted", None)
    found = answer(data, ["runs[].name"])
    assert next(iter(found)) == "untrusted"
    assert found["untrusted"]["fields"] == ["runs[].name"]
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_texts_keys_and_lists_are_bounded() -> None:
    found = answer({"k" * 999: "v" * 9_999, "many": list(range(MOST_ITEMS + 5)), "loss": math.nan}, [])
    assert found["k" * (LONGEST_KEY - 1) + "…"] == "v" * (LONGEST - 1) + "…"
    assert found["many"][-2:] == [MOST_ITEMS - 1, "… and 5 more"]
    assert found["loss"] == "NaN"


def test_a_secret_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "hunter2000")
    assert "hunter2000" not in json.dumps(answer({"a hunter2000": ["http://u:hunter2000@h/"]}, []))
