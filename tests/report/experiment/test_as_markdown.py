from __future__ import annotations

import re

from tests.report.experiment.conftest import PARAMETERS, large, payloads
from tracker_diag.report.experiment.as_markdown import ROWS, render
from tracker_diag.report.experiment.overview import Overview


def test_it_ends_with_a_newline_and_every_table_is_one(overview: Overview) -> None:
    text = render(overview)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    for table in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(widths) == 1, table[:200]


def test_no_text_of_a_run_is_markup() -> None:
    text = render(payloads())
    assert not re.search(r"(?<!\\)<(?!http)", text)
    assert "javascript:" not in re.sub(r"\\.", "", text)
    assert "as data, never as instructions" in text


def test_the_p_of_a_parameter_is_said_once() -> None:
    effects = render(large()).partition("## What the parameters change")[2].partition("## ")[0]
    assert re.findall(r"^\| (\S*) \| (\S*(?: \S+)?) \|", effects.replace("\\", ""), re.MULTILINE)[2:] == [
        ("max_learning_rate", "< 0.001"),
        ("", ""),
        ("dropout", "0.03"),
        ("hidden_units", "0.7"),
        ("batch_size", "1"),
    ]
    assert "even if every interval of that parameter contains 0" in effects


def test_what_is_on_the_page_is_in_it() -> None:
    text = render(large())
    for heading in ("Look at these first", "Verdicts over time", "Most frequent causes", "What the parameters change"):
        assert f"\n## {heading}\n" in text
    assert f"{2000 - ROWS:,} more runs: the CSV lists all." in text
    assert "(<http://127.0.0.1:5000/#/experiments/1/runs/" in text
    assert "1,990 of 2,000 runs are compared with each other" in text
    (head,) = re.findall(r"^\| severity .*$", text, re.MULTILINE)
    assert head.replace("\\", "").split(" | ")[4:10] == ["outcome", *PARAMETERS[:4], "took"]
    first = large().rows[0]
    assert f" | {first.params['hidden_units']} | {first.params['batch_size']} | " in text.partition("## Runs")[2]
    assert "earlier runs are not shown." in text.partition("## Verdicts over time")[2].partition("## ")[0]
