"""No rendering of a report holds a secret, wherever in the report it stands."""

import html
import io
import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from tracker_diag.core import outgoing
from tracker_diag.core.finding import Cause, Change, Finding, Prescription, Severity, Skip
from tracker_diag.core.report import DrawnCurve, Report
from tracker_diag.report.formats.markdown import render as render_markdown
from tracker_diag.report.formats.text import print_text
from tracker_diag.report.tags import artifacts, tags


def report_of(text: str) -> Report:
    """A report that says a text everywhere."""
    data = {text: [text, {"x": text}]}
    return Report(
        run_id=text,
        run_name=text,
        status=text,
        verdict=text,
        severity=Severity.WARNING,
        summary=text,
        findings=(
            Finding("LC104", text, Severity.WARNING, 0.9, text, text, data, (0.0, 1.0)),
            Finding("LC105", text, Severity.WARNING, 0.9, text, text, data, None, "LC104"),
        ),
        causes=(Cause(text, 0.5, text, Prescription(text, (Change(text, text, data), Change("lr", None, text)))),),
        skipped=(Skip(text, text, text),),
        roles={"train_loss": text, text: text},
        curves=(
            DrawnCurve(text, "train_loss", (0.0, 1.0), (1.0, 2.0), 2),
            DrawnCurve(text, text, (0.0, 1.0), (1.0, 2.0), 2),
        ),
        next_evidence=text,
        cost={"wasted_share": 0.5},
        notes=(text,),
        version=text,
    )


def outputs(report: Report) -> list[str]:
    page = io.StringIO()
    print_text(report, Console(file=page, width=60))
    files = {name: content.decode() for name, content in artifacts(report).items()}
    # What a reader of each format sees, the breaks of lines aside.
    read = (
        json.dumps(json.loads(files["report.json"]), ensure_ascii=False),
        html.unescape(files["report.html"]),
        str(yaml.safe_load(files["suggested_config.yaml"])),
        render_markdown(report).replace("\\", ""),
    )
    raw = [page.getvalue(), render_markdown(report), *tags(report).values(), *files.values(), *read]
    return ["".join(text.replace("#", "").split()) for text in raw]


middles = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=("Cs", "Z", "Cc")), max_size=8
)


@settings(deadline=None, max_examples=60)
@given(password=middles.map("q7Z{}k9".format), known=st.booleans())
def test_no_rendering_shows_a_password(password, known):
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(outgoing.TYPED, raising=False)
        if known:
            patch.setenv("MLFLOW_TRACKING_PASSWORD", password)
        said = f"{password} {password!r}" if known else f"see https://bob:{password}@host/x for more"
        for text in outputs(report_of(said)):
            assert "q7Z" not in text
            assert "k9" not in text


def test_json_keeps_all_but_the_secret(samples, monkeypatch):
    from tracker_diag.report.schema import read_report, to_json

    before = to_json(samples["hostile"])
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hunter2")
    assert to_json(samples["hostile"]) == before
    hidden = to_json(report_of("lr of hunter2"))
    assert read_report(hidden.decode()).run_name == "lr of …"
