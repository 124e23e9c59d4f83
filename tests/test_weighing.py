"""Measured likelihood ratios: estimated as by hand, tried on tasks that they have not seen, and listed in full."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.accuracy import EXPERIMENTS, FAULTS, load
from scripts.accuracy import answer as answered
from scripts.documentation.rule import observations
from scripts.first_causes import confused, named, reliable
from scripts.heard import Heard, hear, hear_set, task_of, whole
from scripts.left_out import Change, Trial
from scripts.ratios import Count, Estimate, Key, estimate, fit, reweighed, tabled, tally, weights
from scripts.together import fit_together, spoken
from scripts.weighing import COUNTED, NO_GAIN, PRIORS, TOGETHER, Measured, keys, why
from tracker_diag import diagnose
from tracker_diag.core.finding import Severity
from tracker_diag.evidence.symptoms import Symptoms
from tracker_diag.rules.hypothesis import Hypothesis, LikelihoodRatio, Observation

PAGE = Path(__file__).parents[1] / "docs" / "how-it-works" / "likelihoods.md"
CAUSES = tabled()
REASONS = {
    "measured",
    "judged: never seen in labelled runs",
    "judged: no labelled run holds the cause",
    "judged: seen in fewer than ten runs",
    "judged: fewer than ten runs hold the cause",
    "judged: lies in the interval",
    "judged: the measured one gains on tasks of one set alone",
    NO_GAIN,
}


@pytest.fixture(scope="module")
def runs() -> list[Heard]:
    return [hear(r, "faults", task_of(r["group"])) for r in load(FAULTS) if r["truth"]["causes"]][::2]


# -- the estimate ----------------------------------------------------------------------------------------------------


def test_a_ratio_is_that_of_two_shares_with_half_a_run_added() -> None:
    found = estimate(Count(seen=8, held=10, seen_without=3, without=40), judged=4.0)
    log, variance = math.log((8.5 / 11) / (3.5 / 41)), 1 / 8.5 - 1 / 11 + 1 / 3.5 - 1 / 41
    assert found.measured == pytest.approx(9.0519, abs=1e-3)
    assert math.log(found.low) == pytest.approx(log - 1.645 * math.sqrt(variance))
    assert math.log(found.high) == pytest.approx(log + 1.645 * math.sqrt(variance))
    # The judged one is off by a factor of 3 at most in nine of ten cases: a variance of (ln 3 / 1.645) squared.
    own, judged = 1 / variance, (1.645 / math.log(3)) ** 2
    assert math.log(found.shrunk) == pytest.approx((own * log + judged * math.log(4)) / (own + judged))
    assert 4 < found.shrunk < found.measured
    assert found.factor == pytest.approx(found.shrunk / 4)


def test_the_spread_between_tasks_counts_where_it_is_wider() -> None:
    count = Count(seen=8, held=10, seen_without=3, without=40)
    narrow, wide = estimate(count, 4.0, spread=0.01), estimate(count, 4.0, spread=2.0)
    assert (narrow.low, narrow.high) == (estimate(count, 4.0).low, estimate(count, 4.0).high)
    assert math.log(wide.high / wide.measured) == pytest.approx(1.645 * 2.0)
    assert abs(math.log(wide.factor)) < abs(math.log(narrow.factor))


def test_a_prior_is_the_odds_of_the_cause_among_the_labelled_runs() -> None:
    found = estimate(Count(seen=12, held=12, without=88), judged=0.05, prior=True)
    assert found.measured == pytest.approx(12.5 / 88.5)
    assert math.log(found.high / found.measured) == pytest.approx(1.645 * math.sqrt(1 / 12.5 + 1 / 88.5))


def test_rows_are_counted_with_the_cause_and_without_it(runs: list[Heard]) -> None:
    counts = tally(runs, CAUSES)
    key = Key("IN501", "STAYS")
    for task in ("digits", "surface"):
        here = [run for run in runs if run.task == task]
        seen = [any(s.key == "STAYS" for h in run.asked if h.code == "IN501" for s in h.observations) for run in here]
        holds = ["unscaled-initialisation" in run.causes for run in here]
        count = counts[task][key]
        assert count.seen == sum(s and h for s, h in zip(seen, holds, strict=True))
        assert count.seen_without == sum(s and not h for s, h in zip(seen, holds, strict=True))
        assert (count.held, count.without) == (sum(holds), len(here) - sum(holds))
        assert count.sets == Counter({"faults": sum(seen)})


# -- other ratios in the rules' hypotheses -----------------------------------------------------------------------------


def hypothesis(code: str, *seen: Observation, prior: float = 0.05) -> Hypothesis:
    return Hypothesis(code, "x", Severity.INFO, 0.0, "m", prior=prior, observations=seen)


def test_a_ratio_that_grows_is_scaled_with_its_limit() -> None:
    row = LikelihoodRatio(4.0, "x", most=60.0)
    found = reweighed(
        [hypothesis("AA1", replace(row(times), key="FAR")) for times in (1, 5, 100)], {Key("AA1", "FAR"): 0.5}, {"AA1"}
    )
    assert [h.observations[0].ratio for h in found] == [2, 10, 30]


def test_only_the_chosen_rules_are_reweighed_and_what_siblings_show_stays() -> None:
    by = {Key("AA1", "FAR"): 0.5, Key("AA1"): 3.0, Key("BB1", "FAR"): 0.5}
    alone = hypothesis("AA1", Observation("x", 4.0, key="FAR"))
    other = hypothesis("BB1", Observation("x", 4.0, key="FAR"))
    beside = hypothesis("AA1", Observation("x", 4.0, "siblings", "SIBLINGS"), prior=0.1)
    found = reweighed([alone, other, beside], by, ("AA1",))
    assert found[0].odds == pytest.approx(0.05 * 3 * 4 * 0.5)
    assert found[1:] == [other, beside]


def test_what_was_seen_too_seldom_is_not_used() -> None:
    def of(seen: float, held: float) -> Estimate:
        return estimate(Count(seen, held, 0, 100), 4.0)

    fitted = {Key("A", "x"): of(9, 30), Key("A", "y"): of(10, 30), Key("A", "z"): of(9, 9), Key("A"): of(30, 30)}
    assert set(weights(fitted)) == {Key("A", "y")}
    assert set(weights(fitted, priors=True)) == {Key("A")}


# -- tasks left out ----------------------------------------------------------------------------------------------------


def poisoned(run: Heard) -> Heard:
    """The same run with a label that is wrong."""
    wrong = ["dead-relu"] if "dead-relu" not in run.causes else ["label-noise"]
    return replace(run, record={**run.record, "truth": {**run.record["truth"], "causes": wrong}})


def test_a_fit_has_not_seen_the_task_that_it_is_judged_on(runs: list[Heard]) -> None:
    bad = [poisoned(run) if run.task == "digits" else run for run in runs]

    def fits(given: list[Heard], *without: str) -> tuple[object, object]:
        return fit(tally(given, CAUSES), CAUSES, without), fit_together(spoken(given, CAUSES), without)

    assert fits(bad, "digits") == fits(runs, "digits") == fits([r for r in runs if r.task != "digits"])
    for own, changed in zip(fits(runs, "shapes"), fits(bad, "shapes"), strict=True):
        assert own != changed


def test_each_run_is_ranked_without_its_task_and_the_choice_without_it_too(runs: list[Heard]) -> None:
    asked: list[frozenset[str]] = []

    def watched(without: frozenset[str]) -> dict[Key, float]:
        asked.append(without)
        return {}

    trial = Trial(runs, watched, tuple(CAUSES))
    assert trial.task_left_out() == trial.judged()
    assert set(asked) == {frozenset((task,)) for task in trial.tasks}
    asked.clear()
    trial = Trial(runs, watched, tuple(CAUSES))
    assert trial.changes(without="digits")["IN501"] == Change(0, 0, Counter(dict.fromkeys(trial.tasks, 0)), 0.0, 0)
    assert all("digits" in without and len(without) == 2 for without in asked)
    assert trial.chosen_left_out() == trial.judged()
    trial.set_left_out()
    assert frozenset(trial.tasks) in asked


def test_a_cause_gains_where_more_is_right_on_several_tasks_and_nothing_is_warned_of() -> None:
    good = Change(3, 1, Counter(a=1, b=1, c=-1, d=1), 0.2, 0)
    assert good.gains
    assert good.rises
    for worse in (
        replace(good, gained=1),
        replace(good, macro=-0.1),
        replace(good, alarms=1),
        replace(good, tasks=Counter(a=2, b=0)),
    ):
        assert not worse.gains


def measured(fitted: dict[Key, Estimate], change: Change, by_set: Change) -> Measured:
    ways = (COUNTED, TOGETHER, PRIORS)
    return Measured([], {}, fitted, {}, {}, {w: {"A": change} for w in ways}, {w: {"A": by_set} for w in ways})


def test_why_a_ratio_stays_judged() -> None:
    none, gain = Change(0, 0, Counter(), 0.0, 0), Change(3, 0, Counter(a=1, b=2), 0.3, 0)
    row, prior = Key("A", "x"), {Key("A"): estimate(Count(30, 30, 0, 100), 0.3, prior=True)}
    far = estimate(Count(20, 30, 10, 100), 1.0)
    assert why(row, None, measured({}, none, none)) == "judged: no labelled run holds the cause"
    assert why(row, None, measured(prior, none, none)) == "judged: never seen in labelled runs"
    few, held = estimate(Count(4, 30, 5, 100), 1.0), estimate(Count(4, 9, 9, 100), 1.0)
    assert why(row, few, measured(prior, gain, gain)) == "judged: seen in fewer than ten runs"
    assert why(row, held, measured(prior, gain, gain)) == "judged: fewer than ten runs hold the cause"
    assert why(row, replace(far, judged=6.0), measured(prior, none, none)) == "judged: lies in the interval"
    assert why(row, far, measured(prior, none, none)) == NO_GAIN
    assert why(row, far, measured(prior, gain, none)) == "judged: the measured one gains on tasks of one set alone"
    assert why(row, far, measured(prior, gain, gain)) == "measured"


# -- what the rules say, without a report -----------------------------------------------------------------------------


def test_the_causes_are_those_of_the_report(runs: list[Heard]) -> None:
    for run in runs[::10]:
        report = diagnose(whole(run.record))
        assert run.as_judged.causes == tuple(c.name for c in report.causes)
        assert run.score == (report.causes[0].score if report.causes else None)


def test_siblings_are_heard(tmp_path: Path) -> None:
    records = [r for r in load(EXPERIMENTS["thinned"]) if r["group"] == "optdigits-0-part0"]
    path = tmp_path / "some.jsonl"
    path.write_text("\n".join(map(json.dumps, records)))
    heard = hear_set(path, "some", beside=True)
    assert {run.task for run in heard} == {"optdigits-0"}
    assert any(s.key == "SIBLINGS" for run in heard for h in run.judged for s in h.observations)
    assert not any(s.key == "SIBLINGS" for run in heard for h in run.asked for s in h.observations)
    others = [whole({**r, "metrics": {name: points[-1:] for name, points in r["metrics"].items()}}) for r in records]
    for run in heard[::4]:
        beside = [other for other in others if other.id != run.record["id"]]
        assert run.as_judged.causes == answered(run.record, beside).causes


# -- the cause that is named first -----------------------------------------------------------------------------------


def run_of(said: str, *causes: str, sound: bool = False) -> Heard:
    told = (hypothesis("AA1", Observation("x", 20.0, key="X", own=True)),) if said else ()
    record = {"id": "r", "truth": {"fault": "f", "faulty": not sound, "causes": list(causes)}}
    return Heard(record, "set", "task", (), tuple(replace(h, name=said) for h in told), Symptoms("good-fit", {}))


def test_how_often_a_cause_is_first_and_what_it_is_taken_for() -> None:
    given = [run_of("b", "a", "c")] * 6 + [run_of("b", "b")] + [run_of("", "a")] + [run_of("b", sound=True)] * 2
    lines = named(given).splitlines()
    assert "| b | 1 | 7 | 1 (14.3%) | 2 | **right in less than a third** |" in lines
    assert "| a | 7 | 0 | – | 0 |  |" in lines
    assert "| no cause | – | 1 | – | 0 |  |" in lines
    assert confused(given).splitlines()[2:] == ["| a | 7 | 0 | b 6, others 1 |"]


def test_left_out_runs_stand_in_the_same_row() -> None:
    given, outside = [run_of("b", "a")] * 2 + [run_of("b", "b")], [run_of("b", "b"), run_of("a", "b")]
    assert "| b | 1 | 3 | 1 (33.3%) | 0 | 2 | 1 | 1 (100.0%) | 0 |  |" in named(given, outside).splitlines()
    assert confused(given, outside).splitlines()[2:] == [
        "| a | 2 | 0 | b 2 | – | – | – |",
        "| b | 1 | 1 | – | 2 | 1 | others 1 |",
    ]


def test_the_share_that_is_right_by_score() -> None:
    # Odds of 0.05 × 20 beside "none of these" of 1: a score of 0.5.
    given = [run_of("b", "b"), run_of("b", "b"), run_of("b", "a"), run_of("", "a"), run_of("b", sound=True)]
    beside = [replace(run_of("b", "b"), held_in="crossed")]
    lines = reliable([*given, *beside], [run_of("b", "b")]).splitlines()
    assert "| 0.4–0.6 | 3 | 66.7% | 1 | 100.0% | 1 | 100.0% |" in lines
    assert "| 0.8–1 | 0 | – | 0 | – | 0 | – |" in lines
    assert "| no cause | 1 | – | 0 | – | 0 | – |" in lines


# -- the page --------------------------------------------------------------------------------------------------------


def test_every_row_of_every_table_is_on_the_page_with_its_judged_value_and_a_reason() -> None:
    text = PAGE.read_text(encoding="utf-8").split("## Ratios")[1].split("## Priors")[0]
    listed = {}
    for line in text.splitlines():
        if line.startswith("| ["):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            cause, row = re.search(r"\[(.+?)\]", cells[0]), re.match(r"`(\w+)`", cells[1])
            assert cause
            assert row
            listed[cause[1], row[1]] = (cells[2], cells[-1])
    wanted = {
        (cause.rule.name, name): judged
        for cause in CAUSES.values()
        for name, (_, judged, _) in zip(cause.rows, observations(cause.table), strict=True)
    }
    again = "out of date: scripts/weigh --docs docs/how-it-works/likelihoods.md"
    assert {at: judged for at, (judged, _) in listed.items()} == wanted, again
    assert {reason for _, reason in listed.values()} <= REASONS
    assert len(wanted) == len(keys(CAUSES))


def test_every_prior_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8").split("## Priors")[1]
    found = dict(re.findall(r"^\| \[(.+?)\]\(.+?\) \| (\S+) \|", text, re.MULTILINE))
    assert found == {cause.rule.name: f"{cause.prior:g}" for cause in CAUSES.values()}
