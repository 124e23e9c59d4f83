"""DS211 irrelevant-features."""

from __future__ import annotations

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.dataset import Dataset
from tracker_diag.core.finding import Change, Prescription, Skip
from tracker_diag.core.observed import Symptoms
from tracker_diag.core.profile_schema import Feature
from tracker_diag.core.rule import Outcome, rule
from tracker_diag.stats.multiplicity import adjusted


@rule("DS211", "irrelevant-features", evidence="D")
def irrelevant_features(
    dataset: Dataset,
    symptoms: Symptoms,
    *,
    prior: float = 0.03,
    share: float = 0.5,
    examples: int = 500,
    alpha: float = 0.05,
) -> Outcome:
    """Most features carry nothing about the target.

    What it measures
    ----------------
    From a dataset profile: features without mutual information with the target (G-test, adjusted for the number of
    features by Benjamini and Hochberg), and identifiers, whose value is another in every example. A feature may matter
    only together with another, so this is never more than a weak sign; where no feature at all tells anything, that is
    another trouble (random-relation). Images are left out: a pixel alone says nothing.

    Why it matters
    --------------
    "Inclusion of useless data does not help." Each feature that carries nothing is a way to memorise.

    What to do
    ----------
    "Human intelligence needed to select the right data, use only relevant data." Leave out identifiers; drop the named
    features once, and see whether validation suffers.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    share : of the features without information, from which it is a sign.
    examples : fewest from which "no information" is not just "too few examples to see it".
    alpha : level of the tests.

    References
    ----------
    Seminar: "Dataset issues" (have enough relevant data). Benjamini & Hochberg (1995), J. R. Stat. Soc. B 57:289.
    Guyon & Elisseeff (2003), JMLR 3:1157, why a feature useless by itself can be useful with others.
    """
    read = dataset.train.rows_read or dataset.train.rows or 0
    tested = [f for f in dataset.features if f.information_p is not None]
    if dataset.kind == "image" or len(tested) < 5 or read < examples:
        return Skip("DS211", f"needs five features, {examples} examples and a target, and no images")
    identifiers = [f for f in tested if _identifier(f, read)]
    others = [f for f in tested if f not in identifiers]
    p = adjusted({str(i): f.information_p for i, f in enumerate(others) if f.information_p is not None})
    useless = [f for i, f in enumerate(others) if p[str(i)] >= alpha]
    if len(useless) == len(others):
        return None
    found = [*identifiers, *useless]
    part = len(found) / len(tested)
    if part < share and not identifiers:
        return None
    signs: list[Sign] = []
    if identifiers:
        signs.append(Sign(f"{identifiers[0].label} is another in every example", 4.0, "data"))
    if part >= share:
        text = f"{len(useless)} of {len(tested)} features tell nothing of the target by themselves"
        signs.append(Sign(text, 6.0 if part >= 0.9 else 2.5, "data"))
    if symptoms.has("overfitting", "unrepresentative-train"):
        signs.append(Sign("training explains what validation does not", 3.0))
    elif symptoms.verdict == "good-fit":
        signs.append(Sign("the run learned all the same", 0.5))
    listed = [f.label for f in found[:20]]
    advice = f"leave out {', '.join(listed[:3])}{' and others' if len(found) > 3 else ''} once, and compare validation"
    return suspicion(
        "DS211",
        "irrelevant-features",
        prior=prior,
        signs=signs,
        message=f"{len(found)} of {len(tested)} features carry nothing about the target: {', '.join(listed[:3])}",
        advice=advice,
        prescription=Prescription(advice, (Change("preprocessing.drop_features", None, listed),)),
        settles="train once without the named features",
    )


def _identifier(f: Feature, read: int) -> bool:
    """Whether it names the example: a word, or a whole number in an unbroken row, that never repeats."""
    if f.distinct is None or f.distinct < 0.99 * read:
        return False
    if f.kind == "category":
        return True
    return bool(f.whole) and f.min is not None and f.max is not None and f.max - f.min < 1.5 * read
