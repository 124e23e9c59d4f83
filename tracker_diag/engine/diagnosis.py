"""Run × rules → Report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tracker_diag import __version__
from tracker_diag.core.case import Suspicion
from tracker_diag.core.dataset import WHAT_TO_LOG as PROFILE
from tracker_diag.core.finding import Cause, Curve, Finding, Report, Severity, Skip
from tracker_diag.core.observed import Symptoms
from tracker_diag.core.roles import NO_ROLES, Roles, resolve, what_to_log
from tracker_diag.core.rule import KINDS, Outcome, Rule, all_rules
from tracker_diag.core.run import Run
from tracker_diag.core.settings import RuleSettings, Settings, ignored_words, matches
from tracker_diag.core.thin import thin_curve
from tracker_diag.core.verdicts import ABSTENTION
from tracker_diag.engine.causes import fold, rank
from tracker_diag.engine.evidence import Evidence
from tracker_diag.engine.guard import Parts, attempted
from tracker_diag.engine.verdict import by_cause, meaningful, verdict, why_abstained

UNRANKED: tuple[tuple[Cause, ...], list[Finding], str] = ((), [], "")


def diagnose(run: Run, settings: Settings | None = None, siblings: tuple[Run, ...] = ()) -> Report:
    """Say what is wrong with a run, if anything.

    Pure: no input or output, no clock, no randomness that is not seeded. The same run gives the same report. It raises
    for no run: what goes wrong in a rule or in another part is said in the report, the traceback is in the log, and
    the other parts still speak.

    Parameters
    ----------
    run : Run
    settings : Settings, optional
        Defaults where absent. The tag ``<prefix>ignore`` of the run (rule names or codes,
        separated by commas) is honoured.
    siblings : tuple of Run
        Other runs of the same experiment, for the rules that compare.

    Returns
    -------
    Report
    """
    settings = settings or Settings()
    parts = Parts(run.id)
    roles = parts.attempt("the roles could not be found", lambda: resolve(run, settings), NO_ROLES)
    evidence = Evidence(run, roles, tuple(siblings))
    words, unknown = ignored_words(run.tags.get(settings.prefix + "ignore", ""), f"{settings.prefix}ignore")
    ignored = [*settings.ignore, *words]
    chosen = [
        r
        for r in all_rules().values()
        if (not settings.select or any(matches(w, r.code, r.name) for w in settings.select))
        and not any(matches(w, r.code, r.name) for w in ignored)
    ]
    findings: list[Finding] = []
    skipped: list[Skip] = []
    first = [r for r in chosen if "symptoms" not in r.needs + r.wants]
    _run_rules(first, evidence, settings, findings, skipped)
    by_name = {f.name: f for f in findings if f.code.startswith("LC")}
    answer = verdict(by_name)
    by_name = meaningful(by_name, answer)
    findings = [f for f in findings if not f.code.startswith("LC") or f.name in by_name]
    evidence.symptoms = Symptoms(answer, by_name)
    _run_rules([r for r in chosen if "symptoms" in r.needs + r.wants], evidence, settings, findings, skipped)
    # A rule may tell more than one cause (too-few-updates, too-few-epochs): each can be left out by its own name.
    findings = [f for f in findings if not any(matches(w, f.code, f.name) for w in ignored)]
    suspicions = [f for f in findings if isinstance(f, Suspicion)]
    causes, judged, next_evidence = parts.attempt(
        "the causes could not be ranked", lambda: rank(suspicions, Symptoms(answer, by_name)), UNRANKED
    )
    judged = [_capped(f, settings) for f in judged]
    findings = [f for f in findings if not isinstance(f, Suspicion)] + judged
    told = by_cause(suspicions, judged) if answer == "good-fit" and not evidence.active else None
    if told is not None and any(r.name == told.name for r in chosen):
        findings.append(_capped(told, settings))
        answer = told.name
    findings = fold(sorted(findings, key=lambda f: (-f.severity.rank, -f.confidence, f.code)), answer)
    severity = max((f.severity for f in findings), key=lambda s: s.rank, default=Severity.OK)
    likely = causes[0].name if causes and severity.rank >= Severity.WARNING.rank else ""
    return Report(
        run_id=run.id,
        run_name=run.name,
        status=run.status,
        verdict=answer,
        severity=severity,
        summary=parts.attempt(
            "the summary could not be written", lambda: _summary(answer, findings, likely, evidence), answer
        ),
        findings=tuple(findings),
        causes=causes,
        skipped=tuple(skipped),
        roles=dict(sorted(roles.names.items())),
        curves=parts.attempt("the curves could not be thinned", lambda: _curves(roles), tuple[Curve, ...]()),
        next_evidence=next_evidence,
        cost=parts.attempt("the cost could not be counted", lambda: _cost(evidence, by_name), dict[str, float]()),
        # Last of what may fail, since it tells what did.
        notes=(
            *roles.notes,
            *parts.attempt("the dataset could not be read", lambda: _notes(evidence), tuple[str, ...]()),
            *unknown,
            *parts.failed,
        ),
        version=__version__,
    )


def _notes(evidence: Evidence) -> tuple[str, ...]:
    return evidence.dataset.notes if evidence.dataset else ()


def _chosen(code: str, settings: Settings) -> RuleSettings | None:
    names = (code.lower(), all_rules()[code].name)
    return next((s for word, s in settings.rules.items() if word.lower() in names), None)


def _run_rules(
    rules: list[Rule], evidence: Evidence, settings: Settings, findings: list[Finding], skipped: list[Skip]
) -> None:
    for rule in rules:
        chosen = _chosen(rule.code, settings)
        outcome = _outcome(rule, evidence, chosen)
        if isinstance(outcome, Finding):
            findings.append(outcome if isinstance(outcome, Suspicion) else _capped(outcome, settings))
        elif isinstance(outcome, Skip):
            skipped.append(outcome)


def _outcome(rule: Rule, evidence: Evidence, chosen: RuleSettings | None) -> Outcome:
    return attempted(
        f"run {evidence.run.id}: rule {rule.code} failed",
        lambda: _asked(rule, evidence, chosen),
        lambda said: Skip(rule.code, f"the rule failed: {said}", "report this as a defect of tracker_diag"),
    )


def _asked(rule: Rule, evidence: Evidence, chosen: RuleSettings | None) -> Outcome:
    kinds = evidence.traits.intersection(rule.unless)
    if kinds:
        words = ", ".join(f"{kind} training ({KINDS[kind]})" for kind in sorted(kinds))
        return Skip(rule.code, f"does not apply to {words}")
    inputs = {}
    for name in (*rule.needs, *rule.wants):
        value = evidence.get(name)
        if value is not None:
            inputs[name] = value
        elif name in rule.needs:
            return _missing(rule.code, name, evidence)
    return rule.check(**inputs, **(chosen.thresholds if chosen else {}))


def _role(name: str) -> str:
    return {
        "train": "train_loss",
        "any_train": "train_loss",
        "curves_exist": "train_loss",
        "learned": "train_loss",
        "scale": "train_loss",
        "unit": "train_loss",
        "shape": "train_loss",
        "end_gap": "val_loss",
        "rises": "train_loss",
        "val": "val_loss",
        "any_val": "val_loss",
        "rate_curve": "learning_rate",
        "n_val_seen": "n_val",
    }.get(name, name)


def _missing(code: str, name: str, evidence: Evidence) -> Skip:
    logged = {"train_loss": evidence.any_train, "val_loss": evidence.any_val}.get(_role(name)) is not None
    if logged and name in ("scale", "unit"):
        return Skip(code, "nothing was achieved that effects could be measured in", "")
    if logged:
        return Skip(code, f"too few finite values of the {_role(name).replace('_', ' ')}", "")
    return Skip(code, f"no {_role(name).replace('_', ' ')}", PROFILE if name == "dataset" else what_to_log(_role(name)))


def _capped(finding: Finding, settings: Settings) -> Finding:
    chosen = _chosen(finding.code, settings)
    if chosen is None or chosen.severity is None or chosen.severity.rank >= finding.severity.rank:
        return finding
    return replace(finding, severity=chosen.severity)


def _summary(answer: str, findings: list[Finding], cause: str, evidence: Evidence) -> str:
    if answer == ABSTENTION:
        return f"insufficient evidence: {why_abstained(evidence)}"
    said = next((f.message for f in findings if f.name == answer), "")
    return f"{answer}: {said}" + (f"; most likely {cause}" if cause else "")


def _curves(roles: Roles) -> tuple[Curve, ...]:
    wanted = ("train_loss", "val_loss", "train_score", "val_score", "learning_rate", "gradient_norm")
    return tuple(
        thin_curve(s.name, r, s.steps, s.values)
        for r in wanted
        if (s := roles.metrics.get(r)) is not None and len(s) > 1
    )


def _cost(evidence: Evidence, found: Mapping[str, Finding]) -> dict[str, float]:
    start = None
    for name, key in (("diverged", "first_step"), ("frozen", "first_step"), ("overfitting", "best_step")):
        if name in found and found[name].severity.rank >= Severity.INFO.rank:
            start = found[name].evidence[key]
            break
    course = evidence.any_train or evidence.any_val
    if start is None or course is None or course.steps.size < 2:
        return {}
    steps = course.steps
    cost = {
        "wasted_share": float((steps > start).sum() / steps.size)
        if name == "overfitting"
        else float((steps >= start).sum() / steps.size)
    }
    series = evidence.run.metrics.get(course.name)
    if series is not None and series.seconds is not None and len(series) > 1:
        later = series.seconds[series.steps >= start]
        if later.size:
            cost["wasted_seconds"] = float(series.seconds.max() - later[0])
    return cost
