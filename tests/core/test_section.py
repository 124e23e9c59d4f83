from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.core.section import State, state, with_section, without_section

BODY = "**overfitting**: validation turned at step 20\n\n- dropout 0 → 0.3"
# Descriptions of users: anything but what looks like one of our marks.
texts = st.text().filter(lambda text: "tracker-diag" not in text)


@given(text=texts, body=texts)
def test_what_is_put_in_can_be_taken_out_to_the_letter(text: str, body: str) -> None:
    changed = with_section(text, body)
    assert (state(text), state(changed)) == (State.ABSENT, State.OURS)
    assert without_section(changed) == text


@given(text=texts, after=texts, body=texts, other=texts)
def test_a_section_is_replaced_where_it_stands_and_never_doubled(text: str, after: str, body: str, other: str) -> None:
    first = with_section(text, body) + after
    second = with_section(first, other)
    assert state(second) is State.OURS
    assert second.count("<!-- /tracker-diag -->") == 1
    assert without_section(second) == text + after
    assert with_section(second, other) == second


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace("overfitting", "not overfitting, see #12"),
        lambda text: text.replace("<!-- /tracker-diag -->", ""),
        lambda text: text.replace("<!-- /tracker-diag -->", "<!-- / tracker-diag -->"),
        lambda text: text.replace("<!-- tracker-diag ", "<!-- tracker-diag x"),
        lambda text: text + "\n" + text,
        lambda text: text.replace("<!-- /tracker-diag -->", "a word\n<!-- /tracker-diag -->"),
        lambda text: text.replace(BODY, ""),
        lambda text: text.replace("\n", "\r\n"),
    ],
)
def test_what_somebody_edited_or_damaged_is_left_as_it_is(edit: object) -> None:
    edited = edit(with_section("my own words", BODY))  # type: ignore[operator]
    assert state(edited) is State.EDITED
    assert with_section(edited, "something new") == edited
    assert without_section(edited) == edited


def test_a_line_break_of_another_system_makes_it_the_users_and_a_word_of_theirs_no_mark() -> None:
    assert state("I like tracker-diag") is State.ABSENT
    assert state("<!-- tracker-diagram -->") is State.ABSENT
    assert state("<!-- tracker-diag -->") is State.EDITED
