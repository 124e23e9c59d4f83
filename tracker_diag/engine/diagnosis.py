"""Run × rules → Report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tracker_diag.comparison.comparison import Comparison
from tracker_diag.comparison.experiment_table import Table
from tracker_diag.comparison.sibling import Siblings
from tracker_diag.core.dataset import Dataset
from tracker_diag.core.finding import Cause, Finding, Severity, Skip
from tracker_diag.core.model import Model
from tracker_diag.core.own import IGNORE
from tracker_diag.core.report import DrawnCurve, Report
from tracker_diag.core.run import Run, Series
from tracker_diag.core.signals import PREFIX
from tracker_diag.core.version import __version__
from tracker_diag.engine.asking import ask, capped, chosen_for
from tracker_diag.engine.attempt import Parts
from tracker_diag.engine.by_siblings import settled
from tracker_diag.engine.causes import fold, rank
from tracker_diag.engine.network_in_words import in_words
from tracker_diag.engine.thin import thin_curve
from tracker_diag.engine.values import Values
from tracker_diag.engine.verdict import verdict, wasted_from, why_abstained
from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.symptoms import Symptoms
from tracker_diag.models.described import described
from tracker_diag.roles.resolve import NO_ROLES, Roles, resolve
from tracker_diag.rules.registry import all_rules, find_rule
from tracker_diag.rules.rule import ABSTENTION, Rule
from tracker_diag.rules.verdicts import GOOD_FIT
from tracker_diag.settings.settings import Settings, ignored_words, matches
from tracker_diag.timeline.straighten import Timeline, straighten

UNRANKED: tuple[tuple[Cause, ...], list[Finding], str] = ((), [], "")


def diagnose(run: Run, settings: Settings | None = None, siblings: Iterable[Run] | Comparison = ()) -> Report:
    """Say what is wrong with a run, if anything.

    The same run always gives the same report: this function reads and writes no files, asks no server and uses no
    clock. It never raises for a valid run. If a rule or another part fails, the report says so, the log holds the
    traceback, and all other rules still run.

    Parameters
    ----------
    run : Run
        As an adapter or ``Run.from_dict`` reads it.
    settings : Settings, optional
        The defaults if not given. Rules named in the run's tag ``<prefix>ignore`` (names or codes, separated by
        commas) are left out.
    siblings : iterable of Run, or Comparison
        The other runs of the experiment. Only the last values of their metrics are used. To diagnose many runs of one
        experiment, build a ``tracker_diag.comparison.experiment_table.Table`` once and pass ``table.compare(run.id)``.

    Returns
    -------
    Report
        The verdict, its findings and causes, and the rules that were skipped.

    Raises
    ------
    TypeError
        If a sibling is not a ``Run``.

    Examples
    --------
    >>> from tracker_diag import Run, diagnose
    >>> epochs = range(1, 31)
    >>> metrics = {
    ...     "loss": [[epoch, 2 / epoch] for epoch in epochs],
    ...     "val_loss": [[epoch, 2 / epoch + 0.002 * epoch**2] for epoch in epochs],
    ... }
    >>> report = diagnose(Run.from_dict({"id": "r1", "params": {"epochs": 30}, "metrics": metrics}))
    >>> report.verdict, report.findings[0].code
    ('overfitting', 'LC104')
    >>> report.findings[0].message
    'validation loss rose from 0.382 (step 8) to 1.752, losing 71% of the total improvement'
    >>> report.causes[0].prescription.text
    'stop at step 8 and keep that checkpoint: reduce epochs from 30 to 8'
    """
    settings = settings or Settings()
    if not isinstance(siblings, Comparison):
        siblings = tuple(siblings)
        if wrong := next((other for other in siblings if not isinstance(other, Run)), None):
            raise TypeError(
                f"siblings must be runs, not {type(wrong).__name__}: make them with tracker_diag.Run.from_dict"
            )
    parts = Parts(run.id)
    signals, run = _apart(run)
    timeline = parts.attempt("the metrics could not be sorted by step", lambda: straighten(run), Timeline(run.metrics))
    logged = run
    run = replace(run, metrics=timeline.metrics)
    compared = parts.attempt(
        "the run could not be compared with its siblings", lambda: _compared(logged, siblings, settings), None
    )
    network = parts.attempt("the model description could not be read", lambda: described(run), None)
    roles = parts.attempt("the names could not be recognised", lambda: resolve(run, settings, network), NO_ROLES)
    others = None if isinstance(siblings, Comparison) else siblings or None
    given = {"run": run, "timeline": timeline, "network": network, "roles": roles, "signals": signals or None}
    values = Values({**given, "siblings": others, "comparison": compared})
    tag = settings.prefix + IGNORE
    words, unknown = ignored_words(run.tags.get(tag, ""), tag)
    ignored = [*settings.ignore, *words]
    chosen = {r.code: r for r in all_rules().values() if _is_chosen(r, settings, ignored)}
    said = ask(chosen, values, settings, run.id)
    # A rule may tell more than one cause (too-few-updates, too-few-epochs): each can be left out by its own name.
    heard = parts.attempt(
        "the siblings could not be used to rank causes",
        lambda: settled(said.hypotheses, values.get("beside_siblings"), chosen, roles.params.keys()),
        said.hypotheses,
    )
    hypotheses = [s for s in heard if not any(matches(w, s.code, s.name) for w in ignored)]
    causes, judged, next_evidence = parts.attempt(
        "the causes could not be ranked", lambda: rank(hypotheses, said.symptoms), UNRANKED
    )
    judged = [capped(f, chosen_for(chosen[f.code], settings)) for f in judged]
    # While a run is going, or where nothing was achieved to measure effects in, what its causes make of its curves is
    # open; and a rule that the user left out must not give the verdict.
    decided = values.get("improvement") is not None and not run.active
    answer = verdict(said.symptoms.findings, hypotheses if decided else (), judged)
    if answer.finding is not None and answer.finding.code not in chosen:
        answer = verdict(said.symptoms.findings)
    told = [] if answer.finding is None else [capped(answer.finding, chosen_for(chosen[answer.finding.code], settings))]
    # A good fit beside a cause that gives another verdict would contradict it.
    kept = [f for f in said.findings if f.name != GOOD_FIT or answer.name == GOOD_FIT]
    by_weight = sorted([*kept, *judged, *told], key=lambda f: (-f.severity.rank, -f.confidence, f.code))
    findings = fold(by_weight, answer.name)
    severity = max((f.severity for f in findings), key=lambda s: s.rank, default=Severity.OK)
    likely = causes[0].name if causes and severity.rank >= Severity.WARNING.rank else ""
    return Report(
        run_id=run.id,
        run_name=run.name,
        status=run.status,
        verdict=answer.name,
        severity=severity,
        summary=parts.attempt(
            "the summary could not be written",
            lambda: _summary(answer.name, findings, likely, values, said.skipped),
            answer.name,
        ),
        findings=tuple(findings),
        causes=causes,
        skipped=tuple(said.skipped),
        roles=dict(sorted(roles.names.items())),
        curves=parts.attempt("the curves could not be drawn", lambda: _curves(roles), tuple[DrawnCurve, ...]()),
        next_evidence=next_evidence,
        cost=parts.attempt(
            "the wasted steps could not be counted", lambda: _cost(values, said.symptoms), dict[str, float]()
        ),
        # Last of what may fail, since it tells what did.
        notes=(
            *roles.notes,
            *parts.attempt("the dataset could not be read", lambda: _notes(values), tuple[str, ...]()),
            *parts.attempt("the model could not be described", lambda: _of_network(network), tuple[str, ...]()),
            *_of_siblings(compared),
            *unknown,
            *parts.failed,
        ),
        version=__version__,
    )


def _apart(run: Run) -> tuple[dict[str, Series], Run]:
    """What the callbacks logged, and the run without it: none of that is a curve."""
    signals = {name: series for name, series in run.metrics.items() if name.startswith(PREFIX)}
    if not signals:
        return signals, run
    return signals, replace(run, metrics={n: series for n, series in run.metrics.items() if n not in signals})


def _compared(run: Run, siblings: tuple[Run, ...] | Comparison, settings: Settings) -> Comparison | None:
    """What the siblings say of a run; its own settings hold for all of them."""
    if isinstance(siblings, Comparison):
        return siblings
    if not siblings:
        return None
    runs = dict(sorted({**{other.id: other for other in siblings}, run.id: run}.items()))
    return Table.of(map(Siblings(settings, settings.prefix).read, runs.values())).compare(run.id)


def _is_chosen(rule: Rule, settings: Settings, ignored: Sequence[str]) -> bool:
    selected = not settings.select or any(matches(w, rule.code, rule.name) for w in settings.select)
    return selected and not any(matches(w, rule.code, rule.name) for w in ignored)


def _notes(values: Values) -> tuple[str, ...]:
    dataset: Dataset | None = values.get("declared_dataset")
    return dataset.notes if dataset else ()


def _of_network(network: Model | None) -> tuple[str, ...]:
    """What was read of the network, and what could not be."""
    if network is None:
        return ()
    said = in_words(network)
    return (said, *network.notes) if said else network.notes


def _of_siblings(compared: Comparison | None) -> tuple[str, ...]:
    """What the comparison with other runs had to leave out."""
    if compared is None or not compared.left_out:
        return ()
    return (f"left out of the comparison with other runs: {'; '.join(compared.left_out)}",)


def _summary(answer: str, findings: list[Finding], cause: str, values: Values, skipped: Sequence[Skip]) -> str:
    if answer == ABSTENTION:
        fit = find_rule(GOOD_FIT)
        not_shown = next((s.reason for s in skipped if fit is not None and s.code == fit.code), "")
        said = f"insufficient evidence: {why_abstained(values, not_shown)}"
        return said + (f"; most likely {cause}" if cause else "")
    said = next((f.message for f in findings if f.name == answer), "")
    return f"{answer}: {said}" + (f"; most likely {cause}" if cause else "")


def _curves(roles: Roles) -> tuple[DrawnCurve, ...]:
    wanted = ("train_loss", "val_loss", "train_score", "val_score", "learning_rate", "gradient_norm")
    return tuple(
        thin_curve(s.name, r, s.steps, s.values)
        for r in wanted
        if (s := roles.metrics.get(r)) is not None and len(s) > 1
    )


def _cost(values: Values, symptoms: Symptoms) -> dict[str, float]:
    wasted = wasted_from(symptoms.findings)
    curve: Curve | None = values.get("any_curve")
    if wasted is None or curve is None or curve.steps.size <= 1:
        return {}
    start, itself = wasted
    lost = curve.steps >= start if itself else curve.steps > start
    cost = {"wasted_share": float(lost.sum() / curve.steps.size)}
    series = values.get("logged_metrics").get(curve.name)
    if series is not None and series.seconds is not None and len(series) > 1:
        later = series.seconds[series.steps >= start]
        if later.size:
            cost["wasted_seconds"] = float(series.seconds.max() - later[0])
    return cost
