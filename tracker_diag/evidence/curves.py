"""Inputs that are curves, and how far they may be judged."""

from __future__ import annotations

import numpy as np

from tracker_diag.core.run import Run
from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.registry import rule_input
from tracker_diag.roles.metric import LOSS
from tracker_diag.roles.metric_names import read_metric
from tracker_diag.roles.resolve import Roles
from tracker_diag.stats.sequential import ENDED, InterimAnalysis, look

#: Scores that say nothing by themselves.
TRADE_OFFS = ("one side of a trade-off", "calibration error")
_JUDGED = ("train_loss", "train_score", "val_loss", "val_score")


@rule_input(missing="fewer than 8 values so far", evidence="C")
def interim(active: bool, roles: Roles) -> InterimAnalysis | None:
    """What may be judged of a run that is still going; None for one that has ended, or has hardly begun."""
    sizes = [len(s) for role, s in roles.metrics.items() if role in _JUDGED]
    return look(min(sizes)) if active and sizes else None


@rule_input(missing="no error rate found", evidence="C", unit="share of the error probability")
def error_share(active: bool, interim: InterimAnalysis | None) -> float:
    """Share of the error probability that this look may spend: four fifths for a run that has ended."""
    if not active:
        return ENDED
    return interim.share if interim else 0.0


@rule_input(missing="the run has ended", evidence="C", unit="steps")
def judged_until(active: bool, roles: Roles, interim: InterimAnalysis | None) -> float | None:
    """Step up to which a run that is still going is judged: both curves at the same point of the run."""
    chosen = [s for role, s in roles.metrics.items() if role in _JUDGED]
    if not active or not chosen:
        return None
    shortest = min(chosen, key=len)
    points = len(shortest) if interim is None else min(interim.points, len(shortest))
    return float(shortest.steps[points - 1])


def _course(role: str, roles: Roles, until: float | None, since: float | None) -> Curve | None:
    series = roles.metrics.get(role)
    if series is None or len(series) <= 1:
        return None
    metric = roles.facts.get(role, LOSS)
    steps, raw = series.steps, -series.values if metric.better == "max" else series.values
    if until is not None and np.isfinite(raw[-1]):
        # A run that is still going is judged at the rungs of a ladder.
        keep = max(2, int(np.searchsorted(steps, until, side="right")))
        steps, raw = steps[:keep], raw[:keep]
    if since is not None:
        # What a loss did while a term of it was phased in is that term's doing.
        steps, raw = steps[steps >= since], raw[steps >= since]
    return Curve(series.name, steps, raw, metric, role)


@rule_input(missing="no training loss found", log="train_loss", evidence="C")
def train_loss(roles: Roles, judged_until: float | None, ramp_end: float | None) -> Curve | None:
    """Training loss."""
    return _course("train_loss", roles, judged_until, ramp_end)


@rule_input(missing="no validation loss found", log="val_loss", evidence="C")
def val_loss(roles: Roles, judged_until: float | None, ramp_end: float | None) -> Curve | None:
    """Validation loss."""
    return _course("val_loss", roles, judged_until, ramp_end)


@rule_input(missing="no training score found", log="train_score", evidence="C")
def train_score(roles: Roles, judged_until: float | None, ramp_end: float | None) -> Curve | None:
    """Training score, turned so that lower is better."""
    return _course("train_score", roles, judged_until, ramp_end)


@rule_input(missing="no validation score found", log="val_score", evidence="C")
def val_score(roles: Roles, judged_until: float | None, ramp_end: float | None) -> Curve | None:
    """Validation score, turned so that lower is better."""
    return _course("val_score", roles, judged_until, ramp_end)


@rule_input(missing="no loss or score curve found", evidence="C")
def pair(
    train_loss: Curve | None, val_loss: Curve | None, train_score: Curve | None, val_score: Curve | None
) -> tuple[Curve | None, Curve | None]:
    """The training and validation curve that a run is judged by: losses, or scores where both sides hold only those."""
    if train_loss and val_loss:
        return train_loss, val_loss
    if train_score and val_score:
        return train_score, val_score
    if train_loss:
        return train_loss, None
    return (None, val_loss) if val_loss else (train_score, val_score)


@rule_input(missing="no training loss found", log="train_loss")
def any_train(pair: tuple[Curve | None, Curve | None]) -> Curve | None:
    """The training curve, however short, with values that are not finite."""
    return pair[0]


@rule_input(missing="no validation loss found", log="val_loss")
def any_val(pair: tuple[Curve | None, Curve | None]) -> Curve | None:
    """The validation curve, however short, with values that are not finite."""
    return pair[1]


@rule_input(missing="no training loss found", log="train_loss", evidence="C")
def any_curve(any_train: Curve | None, any_val: Curve | None) -> Curve | None:
    """The training curve, the validation curve where there is none, however short."""
    return any_train or any_val


@rule_input(missing="fewer than 8 values so far")
def judgeable(active: bool, interim: InterimAnalysis | None) -> bool | None:
    """True for a run of which more may be said than that it diverged: one that has ended, or come to the first look."""
    return True if not active or interim is not None else None


@rule_input(missing="too few finite values of the training loss")
def train(any_train: Curve, judgeable: bool) -> Curve | None:
    """The training curve, where it is long enough for statistics."""
    return any_train if any_train.long_enough else None


@rule_input(missing="too few finite values of the validation loss")
def val(any_val: Curve, judgeable: bool) -> Curve | None:
    """The validation curve, where it is long enough for statistics."""
    return any_val if any_val.long_enough else None


@rule_input(missing="no validation loss found", log="val_loss", evidence="C")
def any_held_out(any_val: Curve | None, any_train: Curve | None, val_score: Curve | None) -> Curve | None:
    """The validation curve; the validation score, where training logged a loss and validation only that.

    Not one side of a trade-off: precision may fall for the sake of recall.
    """
    if any_val is not None or any_train is None or val_score is None:
        return any_val
    return None if val_score.metric.kind in TRADE_OFFS else val_score


@rule_input(missing="no second validation score found", evidence="C")
def other_scores(run: Run, roles: Roles) -> tuple[Curve, ...]:
    """Scores of validation beside the one that is judged, in the order of their names."""
    chosen = {s.name for s in roles.metrics.values()}
    found = []
    for name in sorted(set(run.metrics) - chosen):
        reading, series = read_metric(name), run.metrics[name]
        if reading is None or reading.split != "val" or reading.kind not in ("score", "proxy") or len(series) <= 1:
            continue
        raw = -series.values if reading.better == "max" else series.values
        found.append(Curve(name, series.steps, raw, reading.facts, "val_score"))
    return tuple(found)


@rule_input(missing="too few finite values of the validation loss")
def held_out(any_held_out: Curve, judgeable: bool) -> Curve | None:
    """The validation curve, or the score that stands for it, where it is long enough for statistics."""
    return any_held_out if any_held_out.long_enough else None


@rule_input(missing="too few finite values of the training loss", evidence="C")
def course(train: Curve | None, val: Curve | None) -> Curve | None:
    """The training curve; the held-out curve where no training curve was logged."""
    return train or val
