"""Annotations of GitHub Actions, read as its runner reads them."""

from __future__ import annotations

import re
from collections import Counter

from hypothesis import given

from tests.sweeping.formats.conftest import CNN, HOSTILE, SWEPT, TEXTS, again, hostile, many
from tracker_diag.sweeping.formats.github import SHOWN, render
from tracker_diag.sweeping.result import Swept

SNAPSHOT = (
    "::error title=diverged%3A cnn%2C lr=0.1 in vision::diverged: the training loss is not finite from step 31 on: "
    "48%25 of the logged steps; most likely exploding-gradients "
    "http://tracker.example/#/experiments/1/runs/0a1b2c3d4e5f60718293a4b5c6d7e8f9\n"
    "::error title=run dead could not be diagnosed::metrics.csv: no such file\n"
    "::warning title=overfitting%3A resnet-18 in vision::overfitting: the validation curve rises by 29%25 of the "
    "improvement achieved; most likely no-early-stopping\n"
)


def read(line: str) -> tuple[str, str, str]:
    """Level, title and message of a command, as the runner's own code takes it apart."""
    found = re.fullmatch(r"::(\w+) title=([^:,]*)::(.*)", line)
    assert found, line
    title = found[2].replace("%3A", ":").replace("%2C", ",")
    return found[1], *(x.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%") for x in (title, found[3]))


def test_snapshot() -> None:
    assert render(SWEPT) == SNAPSHOT


def test_what_is_written_is_what_is_read() -> None:
    level, title, message = read(render(SWEPT).splitlines()[0])
    assert (level, title) == ("error", "diverged: cnn, lr=0.1 in vision")
    assert message == f"{CNN.summary} {CNN.link}"


def test_a_second_sweep_gives_the_same_annotations() -> None:
    assert render(again(SWEPT)) == SNAPSHOT


def test_nothing_to_say_is_nothing() -> None:
    assert render(Swept()) == ""


def test_no_more_than_github_shows_and_the_rest_is_counted() -> None:
    lines = [read(line) for line in render(many(3000)).splitlines()]
    assert Counter(level for level, _, _ in lines) == {"error": SHOWN, "warning": SHOWN, "notice": 1}
    assert lines[-1][2] == "1,980 more runs with a warning or an error, or that could not be diagnosed"


@given(TEXTS | TEXTS.map(lambda x: HOSTILE + x))
def test_no_name_makes_a_command_of_its_own(text: str) -> None:
    said = render(hostile(text))
    assert [read(line)[0] for line in said.split("\n")[:-1]] == ["error", "error"]
    assert "\r" not in said
    said.encode()
