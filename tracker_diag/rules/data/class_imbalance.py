"""DS206 class-imbalance."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.dataset import WHAT_TO_LOG, Dataset
from tracker_diag.core.finding import Change, Prescription, Skip
from tracker_diag.core.observed import Symptoms
from tracker_diag.core.profile_schema import Target
from tracker_diag.core.rule import Outcome, rule
from tracker_diag.core.run import Run
from tracker_diag.stats.course import Course

_BALANCED_BY = ("weighted", "balanced", "oversampl", "undersampl", "smote", "class_balanc")


@rule("DS206", "class-imbalance", evidence="DP")
def class_imbalance(
    dataset: Dataset,
    symptoms: Symptoms,
    run: Run,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    val_score: Course | None = None,
    train_score: Course | None = None,
    *,
    prior: float = 0.05,
    imbalance: float = 10.0,
    vocabulary: int = 500,
) -> Outcome:
    """One class is many times as frequent as another, and the loss is not balanced for it.

    What it measures
    ----------------
    Examples of the most frequent class over those of the rarest, from a dataset profile, and whether the accuracy ends
    where always answering the most frequent class would. Silent where the classes are weighted or resampled, or the
    loss is focal; for several labels an example; and for vocabularies, whose words are of very different frequency by
    nature.

    Why it matters
    --------------
    "Are there a 1000 class A images for every class B image? Balance loss function or try other class imbalance
    approaches." The cheapest way down is then to answer A, always.

    What to do
    ----------
    Weight the loss by the inverse frequency, or sample the classes evenly; judge by balanced accuracy or F1.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    imbalance : ratio from which it is a sign at all; 100 is a stronger one, and 1000, the seminar's, a strong one.
    vocabulary : classes above which they are taken for words.

    References
    ----------
    Seminar: "Dataset issues" (reduce class imbalance), "Dataset problems" (use balanced datasets). Buda et al. (2018),
    Neural Networks 106:249, on oversampling.
    """
    target = dataset.target
    if target.kind in ("multilabel", "regression"):
        return Skip("DS206", f"{target.kind} has no one class an example")
    if (target.n_classes or 0) > vocabulary:
        return Skip("DS206", f"{target.n_classes:,} classes: a vocabulary, uneven by nature")
    counted = _counts(target)
    if counted is None:
        return Skip("DS206", "no class counts", WHAT_TO_LOG)
    if counted[0] < imbalance * max(1, counted[1]):
        return None
    if _balanced(params, run):
        return None
    most, least, total = counted
    ratio = most / max(1, least)
    strength = 80.0 if ratio >= 1000 else 20.0 if ratio >= 100 else 3.0
    signs = [Sign(f"the most frequent class has {ratio:,.0f} examples for each of the rarest", strength, "data")]
    score = val_score or train_score
    if score is not None and total and score.flipped and score.long_enough and _is_accuracy(score.name):
        unit = 100.0 if score.shown(score.best) > 1.5 else 1.0
        share = most / total
        lift = (score.shown(score.tail) / unit - share) / max(1e-9, 1 - share)
        if lift < 0.05:
            signs.append(Sign(f"the accuracy is that of always answering the most frequent class, {share:.1%}", 12.0))
        elif lift > 0.5:
            signs.append(Sign("the accuracy is far above that of always answering the most frequent class", 0.2))
    if symptoms.verdict == "good-fit":
        signs.append(Sign("the curves are those of a good fit", 0.5))
    text = "weight the loss by inverse class frequency, or sample the classes evenly; judge by balanced accuracy"
    before = params.get("class_weight")
    return suspicion(
        "DS206",
        "class-imbalance",
        prior=prior,
        signs=signs,
        message=f"{most:,} examples of the most frequent class, {least:,} of the rarest: {ratio:,.0f} to 1",
        advice=text,
        prescription=Prescription(text, (Change(names.get("class_weight", "class_weight"), before, "balanced"),)),
        settles="log the recall of the rarest class",
    )


def _counts(target: Target) -> tuple[int, int, int | None] | None:
    """Most and fewest examples of a class, and all of them."""
    if target.class_counts and len(target.class_counts) > 1:
        counts = target.class_counts.values()
        return max(counts), min(counts), sum(counts)
    if target.largest_class is None or target.smallest_class is None:
        return None
    total = target.largest_class + target.smallest_class if target.n_classes == 2 else None
    return target.largest_class, target.smallest_class, total


def _balanced(params: Mapping[str, Any], run: Run) -> bool:
    weight = params.get("class_weight")
    if weight and weight != 1 and str(weight).lower() not in ("none", "false", "1", "1.0", "uniform"):
        return True
    if params.get("loss_function") == "focal":
        return True
    texts = (
        f"{k}={v}".lower() if isinstance(v, str) and len(v) < 200 else "" for k, v in islice(run.params.items(), 5000)
    )
    on = (t for t in texts if not t.endswith(("=false", "=none", "=0")))
    return any(word in t for t in on for word in _BALANCED_BY)


def _is_accuracy(name: str) -> bool:
    return "acc" in name.lower() and "bal" not in name.lower()
