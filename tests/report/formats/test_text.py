"""Whole terminal outputs against fixtures; to accept a change, run with UPDATE_SNAPSHOTS=1 and read the difference."""

import io
import os
import re
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from tracker_diag.report.formats.text import render

SNAPSHOTS = Path(__file__).parents[1] / "snapshots"


class Ascii(io.StringIO):
    encoding = "ascii"


def printed(report, file=None, **options):
    file = file or io.StringIO()
    text = render(report, Console(file=file, **({"width": 80, "legacy_windows": False} | options)))
    assert file.getvalue() == ""
    return text


def compare(name, text):
    path = SNAPSHOTS / name
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["overfitting", "diverged", "healthy", "empty", "hostile"])
def test_whole_output(samples, name):
    compare(f"{name}.txt", printed(samples[name]))


def test_whole_output_in_ascii(samples):
    text = printed(samples["overfitting"], Ascii())
    assert text.isascii()
    compare("overfitting-ascii.txt", text)


def test_no_colour_where_there_is_no_terminal(report):
    assert "\x1b" not in printed(report)


def test_colour_and_word_on_a_terminal(samples):
    text = printed(samples["diverged"], force_terminal=True, color_system="truecolor", no_color=False)
    assert re.search(r"\x1b\[[0-9;]*31[0-9;]*m ERROR ", text)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert plain == printed(samples["diverged"])


@pytest.mark.parametrize("width", [40, 80, 200])
def test_fits_the_width_without_blanks_at_line_ends(report, width):
    for line in printed(report, width=width).splitlines():
        assert cell_len(line) <= width
        assert line == line.rstrip()


def test_a_run_sends_nothing_to_the_terminal_but_text(samples):
    text = printed(samples["hostile"], force_terminal=True, color_system="truecolor")
    own = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", own)
    assert "[bold]x[/bold]" in own
