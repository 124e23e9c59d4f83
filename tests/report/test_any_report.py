"""Every renderer answers for any report at all."""

import io
import json
import re

import jsonschema
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from tracker_diag.core.finding import Cause, Change, Finding, Prescription, Severity, Skip
from tracker_diag.core.report import DrawnCurve, Report
from tracker_diag.report.formats.markdown import render as render_markdown
from tracker_diag.report.formats.text import print_text
from tracker_diag.report.schema import json_schema
from tracker_diag.report.tags import artifacts, tags

SCHEMA = jsonschema.Draft202012Validator(json_schema())

nasty = st.sampled_from(
    ["<script>", "</svg>", "\x1b[2J", "\ud800", "\u202e", "[/bold]", "{{ x }}", "|", "\n# ", "`", "\0", '"', ""]
)
texts = st.one_of(st.text(st.characters(), max_size=12), nasty, st.lists(nasty, max_size=4).map("".join))
reals = st.floats(allow_nan=True, allow_infinity=True)
shares = st.floats(0, 1)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | reals | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=4,
)
severities = st.sampled_from(list(Severity))
marked = st.fixed_dictionaries(
    {}, optional={k: reals | st.integers() | texts for k in ("best_step", "turn_step", "gap", "last_step", "other")}
)
few = {"max_size": 3}
findings = st.builds(
    Finding,
    code=texts,
    name=texts,
    severity=severities,
    confidence=shares,
    message=texts,
    advice=texts,
    evidence=marked | st.dictionaries(texts, values, **few),
    span=st.none() | st.tuples(reals, reals),
    folded=st.none() | texts,
)
changes = st.builds(Change, param=texts, before=values, after=values)
causes = st.builds(
    Cause,
    name=texts,
    score=shares,
    why=texts,
    prescription=st.builds(Prescription, text=texts, changes=st.lists(changes, **few).map(tuple)),
    findings=st.lists(texts, **few).map(tuple),
)


@st.composite
def curve(draw):
    steps = sorted(set(draw(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=12))))
    numbers = draw(st.lists(reals, min_size=len(steps), max_size=len(steps)))
    role = draw(st.sampled_from(["train_loss", "val_loss", "val_score", "learning_rate"]) | texts)
    return DrawnCurve(draw(texts), role, tuple(steps), tuple(numbers), len(steps))


reports = st.builds(
    Report,
    run_id=texts,
    verdict=texts,
    severity=severities,
    summary=texts,
    run_name=st.none() | texts,
    status=texts,
    findings=st.lists(findings, **few).map(tuple),
    causes=st.lists(causes, **few).map(tuple),
    skipped=st.lists(st.builds(Skip, texts, texts, texts), **few).map(tuple),
    roles=st.dictionaries(texts, texts, **few),
    curves=st.lists(curve(), **few).map(tuple),
    next_evidence=texts,
    cost=st.dictionaries(st.sampled_from(["wasted_share", "wasted_seconds"]) | texts, reals, **few),
    notes=st.lists(texts, **few).map(tuple),
    version=texts,
)

ACTS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@settings(deadline=None, max_examples=150)
@given(reports)
def test_every_renderer_answers(report):
    page = io.StringIO()
    print_text(report, Console(file=page, width=80))
    assert not ACTS.search(page.getvalue())
    assert max(map(cell_len, page.getvalue().split("\n"))) <= 80

    assert not ACTS.search(render_markdown(report))

    for key, value in tags(report).items():
        assert not ACTS.search(value), key
        assert "\n" not in value
    assert len(tags(report)["summary"]) <= 250

    files = artifacts(report)
    html = files["report.html"].decode()
    assert not ACTS.search(html)
    assert "<script" not in html
    assert html.endswith("</html>")
    data = json.loads(files["report.json"])
    SCHEMA.validate(data)
    Report.from_dict(data)
    if "suggested_config.yaml" in files:
        assert isinstance(yaml.safe_load(files["suggested_config.yaml"]), dict)
