from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.core import section
from tracker_diag.core.section import State

BODY = "**overfitting**\n\n| lr | 0.1 |"
DESCRIPTIONS = st.text(max_size=300).filter(lambda text: section.state(text) is State.ABSENT and "\ufffd" not in text)
BODIES = st.text(min_size=1, max_size=300).filter(
    lambda text: section.state(text) is State.ABSENT and "\ufffd" not in text
)


@given(text=DESCRIPTIONS, body=BODIES, later=BODIES)
def test_a_description_is_restored_byte_for_byte(text: str, body: str, later: str) -> None:
    written = section.with_section(text, body)
    assert section.state(written) is State.OURS
    assert body in written
    renewed = section.with_section(written, later)
    assert renewed == section.with_section(text, later)
    assert section.without_section(renewed) == text


@given(before=DESCRIPTIONS, after=DESCRIPTIONS, body=BODIES)
def test_what_was_written_around_it_since_stays(before: str, after: str, body: str) -> None:
    written = section.with_section(before, body) + after
    if section.state(written) is State.OURS:
        assert section.without_section(section.with_section(written, BODY)) == before + after


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("overfitting", "fine, I looked"),
        lambda text: text.replace("<!-- /tracker-diag -->", ""),
        lambda text: text.replace("<!-- tracker-diag ", "<!-- tracker-diag 0"),
        lambda text: text + "\n<!-- tracker-diag is right here -->",
        lambda text: text + text,
        lambda text: text.replace("<!-- /", "<!--/"),
    ],
    ids=["words", "no end", "another digest", "a third mark", "twice", "an end of another form"],
)
def test_a_section_that_somebody_changed_is_theirs(change: Callable[[str], str]) -> None:
    text = change(section.with_section("mine", BODY))
    assert section.state(text) is State.EDITED
    assert not section.lacks(text)
    assert section.with_section(text, "new") == text
    assert section.without_section(text) == text


def test_what_is_no_text_is_not_written_again() -> None:
    text = b"caf\xe9".decode("utf-8", "replace")
    assert not section.lacks(text)
    assert section.with_section(text, BODY) == text
    assert section.state(section.with_section("mine", text)) is State.OURS
    broken = section.with_section("mine", BODY) + text
    assert section.state(broken) is State.EDITED
    assert section.without_section(broken) == broken


def test_a_description_without_room_gets_none_and_loses_one_that_would_be_stale() -> None:
    body = "x" * section.LONGEST_BODY
    longest = max(n for n in range(section.LONGEST) if section.lacks("y" * n))
    assert len(section.with_section("y" * longest, body)) == section.LONGEST
    assert section.with_section("y" * (longest + 1), body) == "y" * (longest + 1)
    assert section.lacks("")
    grown = section.with_section("y", body) + "z" * section.LONGEST
    assert section.with_section(grown, body) == "y" + "z" * section.LONGEST
