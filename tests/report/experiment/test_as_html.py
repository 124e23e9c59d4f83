from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from tests.report.conftest import PAYLOAD
from tests.report.experiment.conftest import PARAMETERS, large, payloads, runs, single
from tracker_diag.report.experiment.as_html import render
from tracker_diag.report.experiment.overview import Overview

VOID = {"meta", "link", "br", "input", "wbr"}


class Page(HTMLParser):
    """Checks that elements are closed in order, and keeps what is in them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            self.scripts.append(data)
        elif self.open and self.open[-1] != "style":
            self.text.append(data)

    def said(self) -> str:
        return " ".join(" ".join(self.text).split())


def test_the_page_is_well_formed_and_asks_for_nothing(overview: Overview) -> None:
    text = render(overview)
    page = Page(text)
    assert not {"img", "iframe", "object", "embed", "form", "base"} & {*page.tags}
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    links = {value for name, value in page.attributes if name in ("src", "href", "action")}
    assert all(link == "data:," or (link or "").startswith("http://127.0.0.1:5000/#/") for link in links)
    assert "url(" not in text
    assert "@import" not in text
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_its_policy_lets_only_its_own_script_run(overview: Overview) -> None:
    text = render(overview)
    (script,) = Page(text).scripts
    digest = b64encode(sha256(script.encode()).digest()).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'"
    for word in ("fetch", "XMLHttpRequest", "localStorage", "innerHTML", "eval", "document.write", "import("):
        assert word not in script


def test_payloads_are_text() -> None:
    text = render(payloads())
    assert text.count("<script") == 1
    assert "<img" not in text
    assert "javascript:window" not in text
    assert "{{7*7}}" in text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
    said = Page(text).said()
    assert "<script>window.hit=1</script>" in said
    assert PAYLOAD.partition("\x1b")[0] in said


def test_all_that_a_reader_needs_is_said() -> None:
    overview = large()
    said = Page(render(overview)).said()
    for row in overview.rows:
        assert (row.name or row.id) in said
    for words in (
        "vision: ablation of rates",
        "MLflow at http://127.0.0.1:5000 · as of 2025-10-30 08:53 UTC · 2 runs could not be read",
        "2,000 runs: 152 error, 460 warning, 457 info, 930 ok, 1 not diagnosed",
        "Runs of severity error took",
        "no-regularisation 259",
        "width and hidden_units always varied together: their effects cannot be told apart.",
        "Not analysed: host, note (only one value).",
        "1,990 of 2,000 runs are compared with each other. These are the largest group with the same metric",
        "max_learning_rate < 0.001 0.1 vs 0.003 +1.31 (+0.92 to +1.7) 48 matched pairs of 1,990 runs",
        "48 matched pairs of 1,990 runs 0.0001 vs 0.003",
        "A filled square means that the interval excludes 0",
        "even if every interval of that parameter contains 0",
        "regression over 1,990 runs",
        "validation loss in nats (lower is better)",
    ):
        assert words in said, words


def test_effects_on_a_score_are_turned_back() -> None:
    said = Page(render(payloads())).said()
    assert "higher is better" in said
    assert "← worse" in said


def test_the_table_is_whole_and_in_order_without_its_script() -> None:
    overview = large()
    body = render(overview).partition('<table id="runs"')[2].partition("<tbody>")[2].partition("</tbody>")[0]
    assert re.findall(r"<bdi>(resnet-[^<]+|could not[^<]+)</bdi>", body) == [row.name for row in overview.rows]
    assert " hidden" not in re.sub(r"<bdi>.*?</bdi>", "", body)


def test_each_parameter_that_varies_is_a_column_whose_keys_are_in_the_order_of_its_values() -> None:
    overview = large()
    table = render(overview).partition('<table id="runs"')[2]
    heads = re.findall(r'<th [^>]*class="p( number)?"[^>]* data-parameter="([^"]*)"', table)
    assert [name for _, name in heads] == [*PARAMETERS]
    numbers = {name for number, name in heads if number}
    assert numbers == {"max_learning_rate", "dropout", "hidden_units", "seed"}
    # Severity, verdict, name, cause and outcome stand before the parameters.
    cells = [re.findall(r"<td([^>]*)>(.*?)</td>", row)[5:-3] for row in table.split("<tr ")[1:]]
    found: dict[str, list[str]] = {}
    for place, name in enumerate(PARAMETERS):
        shown = [(row[place][0].partition('key="')[2][:-1], re.sub("<.*?>", "", row[place][1])) for row in cells]
        values = [row.params.get(name) for row in overview.rows]
        assert [text == "" for _, text in shown] == [value is None for value in values]
        pairs = {(int(key), text) for key, text in shown if key}
        assert len(pairs) == len({repr(value) for value in values if value is not None})
        found[name] = [text for _, text in sorted(pairs)]
    assert found["max_learning_rate"] == ["0.0001", "0.003", "0.1"]
    assert found["hidden_units"] == ["8", "64", "256", "1024"]
    assert found["batch_size"] == ["32", "512", "auto"]
    assert found["augment"] == ["false", "true"]


def test_one_run_has_neither_effects_nor_looks() -> None:
    page = render(single())
    for heading in ("What the parameters change", "Look at these first", "Most frequent causes"):
        assert heading not in page
    assert "Verdicts over time" in page


@pytest.mark.parametrize(("n", "bytes_a_run"), [(2000, 1000)])
def test_a_run_takes_less_than_a_kilobyte(n: int, bytes_a_run: int) -> None:
    small, big = (len(render(Overview("e", "t", rows=runs(k)))) for k in (n // 2, n))
    assert (big - small) / (n // 2) < bytes_a_run


def test_the_palette_is_that_of_the_report_of_a_run() -> None:
    from tests.report.conftest import healthy
    from tracker_diag.report.formats.html import render as render_report

    palettes = [re.findall(r":root \{(.*?)\}", text, re.DOTALL) for text in (render(large()), render_report(healthy()))]
    assert [p.split() for p in palettes[0]] == [p.split() for p in palettes[1][:2]]
    assert len(palettes[0]) == 2
