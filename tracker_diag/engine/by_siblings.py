"""What comparable runs say of the causes: what a matched run shows is settled, whatever curves and parameters say."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Set
from dataclasses import replace

from tracker_diag.comparison.comparison import LONGEST_NAME
from tracker_diag.core.finding import Change, Prescription, Severity
from tracker_diag.core.numbers import figure
from tracker_diag.core.outgoing import clean
from tracker_diag.evidence.beside_siblings import NONE, WORTH, BesideSiblings, Gain
from tracker_diag.rules.gains import change, shows, value
from tracker_diag.rules.hypothesis import OF_DATA, Hypothesis, Observation
from tracker_diag.rules.rule import Rule

#: Odds of a cause before the comparison: the same for all, since it is the gain that tells which comes first.
PRIOR = 0.1
#: Likelihood ratio of a value that the best run has too, or that does not matter in matched runs.
CLEARED = 0.1
#: Of a fault in data that the best run seems to share: a single run may still have been given others.
OF_DATA_CLEARED = 0.3
#: Likelihood ratio that speaks for a cause at least.
LEAST_RATIO = 1.01
#: Distance from the best run, in the same units, up to which a run is as good.
AS_GOOD = 0.15


def settled(
    hypotheses: Iterable[Hypothesis],
    beside: BesideSiblings | None,
    rules: Mapping[str, Rule],
    played: Set[str],
) -> list[Hypothesis]:
    """Add to the hypotheses of causes what comparable runs show.

    Where another value of a parameter brings a gain, the cause that it cures rests on the comparison alone: what curves
    and configuration say of it counts no more, and a rule that did not speak is given a voice. Where the best run has
    this run's value, or other values bring nothing, the causes that the parameter stands for are cleared; where the run
    ends far behind, those are that lie in data which the best run shares.

    Parameters
    ----------
    hypotheses : iterable of Hypothesis
        What the rules said of this run alone.
    beside : BesideSiblings or None
        How the run ended beside comparable ones.
    rules : mapping of str to Rule
        Those that are asked, by code.
    played : set of str
        Roles that a parameter of the run plays.
    """
    said = {h.name: h for h in hypotheses}
    if beside is None:
        return list(said.values())
    far = beside.far(AS_GOOD)
    shown: set[tuple[str, int]] = set()
    # The greatest gain comes first: a lesser one of another parameter does not take its place.
    told: set[str] = set()
    for gain in beside.gains if far else ():
        role, direction = gain.alternative.role, gain.alternative.direction
        if gain.value < WORTH or gain.alternative.tied:
            continue
        cures = [
            (rule, remedy.name or rule.name)
            for rule in rules.values()
            for remedy in rule.cured_by
            if (remedy.role, remedy.direction) == (role, direction) and (remedy.name or rule.name) not in told
        ]
        if cures:
            rule, name = max(cures, key=lambda cure: said[cure[1]].odds if cure[1] in said else 0.0)
            said[name] = _shown(rule, name, gain, beside)
            shown.add((role, direction))
            told.add(name)
    best = clean(beside.best.name, LONGEST_NAME)
    for name, known in said.items() if far else ():
        if rules[known.code].folder in OF_DATA:
            said[name] = _cleared(known, f"the best run, '{best}', was trained on the same data", OF_DATA_CLEARED)
    for name, known in said.items():
        roles = {r.role for r in rules[known.code].cured_by if (r.name or rules[known.code].name) == name}
        if roles and not any((role, way) in shown for role in roles for way in (-1, 1)):
            said[name] = _cleared(known, _clears(roles & played, beside))
    return list(said.values())


def _shown(rule: Rule, name: str, gain: Gain, beside: BesideSiblings) -> Hypothesis:
    a = gain.alternative
    shown = shows(gain, beside.comparison.measure)
    text = f"{shown} ({beside.as_of})"
    observed = Observation(text, max(gain.ratio, LEAST_RATIO), "siblings", "SIBLINGS")
    advice = change(a)
    prescription = Prescription(advice, (Change(a.parameter, a.before, a.after),))
    verdict = "underfitting" if beside.train_behind >= AS_GOOD else ""
    way = "low" if a.direction > 0 else "high"
    own = beside.comparison.value
    ended = (
        f"ended at {figure(beside.comparison.measure.shown(own), 4)}"
        if math.isfinite(own)
        else "ended without a finite value"
    )
    return Hypothesis(
        code=rule.code,
        name=name,
        severity=Severity.INFO,
        confidence=0.0,
        message=f"{clean(a.parameter, LONGEST_NAME)} {value(a.before)} is too {way}: {shown}; "
        f"{beside.comparison.measure.said} of this run {ended}",
        advice=advice,
        evidence={"for": [text], "against": []},
        prior=PRIOR,
        observations=(observed,),
        prescription=prescription,
        verdict=verdict,
    )


def _clears(roles: Set[str], beside: BesideSiblings) -> str:
    """What clears a cause that parameters of these roles stand for; empty where something does not."""
    found = beside.comparison
    if roles and roles <= found.shared:
        best = clean(beside.best.name, LONGEST_NAME)
        return f"the best of {found.runs:,} comparable runs, '{best}', has the same {_named(roles)}"
    # A gain may count as none although the other run did better: one that is longer than a run that does not move.
    idle = {
        g.alternative.role
        for g in beside.gains
        if g.alternative.matched is not None and g.value < NONE and not beside.did_better(g.alternative)
    }
    if roles and roles <= idle | found.shared:
        return f"runs that differ only in {_named(roles & idle, ' or ')} did no better"
    return ""


def _named(roles: Set[str], joint: str = " and ") -> str:
    return joint.join(sorted(role.replace("_", " ") for role in roles))


def _cleared(known: Hypothesis, text: str, ratio: float = CLEARED) -> Hypothesis:
    if not text:
        return known
    observed = Observation(text, ratio, "siblings", "CLEARED")
    against = [*known.evidence.get("against", []), text]
    return replace(known, observations=(*known.observations, observed), evidence={**known.evidence, "against": against})
