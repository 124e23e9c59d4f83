import json

from tracker_diag.core.report import SCHEMA_VERSION
from tracker_diag.report.formats.json import render
from tracker_diag.report.schema import read_report, to_json


def test_it_is_what_is_stored(report):
    assert render(report).encode() == to_json(report)


def test_it_is_read_back(samples):
    text = render(samples["overfitting"])
    assert json.loads(text)["schema_version"] == SCHEMA_VERSION
    assert text.endswith("}\n")
    assert read_report(text) == samples["overfitting"]
