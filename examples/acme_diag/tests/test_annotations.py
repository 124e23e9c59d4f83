from __future__ import annotations

from acme_diag.annotations import render

from tracker_diag import Finding, Report, Severity


def test_a_line_for_each_finding_and_none_of_it_is_a_command() -> None:
    bad = Finding("AC101", "slow-loader", Severity.WARNING, 1.0, "90% of a step\n::error::mine")
    fine = Finding("LC101", "good-fit", Severity.OK, 1.0, "all is well")
    report = Report(run_id="r", verdict="good-fit", severity=Severity.WARNING, summary="", findings=(bad, fine))
    assert render(report) == "::warning title=slow-loader::90%25 of a step%0A::error::mine\n"
