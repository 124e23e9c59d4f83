"""DS211 irrelevant-features."""

from __future__ import annotations

from tracker_diag.core.profile_schema import Feature
from tracker_diag.rules.api import Change, Dataset, LikelihoodRatio, Observation, Outcome, Prescription, Symptoms, rule
from tracker_diag.stats.multiplicity import adjusted

#: Features with a test of their information that it takes to speak of a share of them.
FEATURES = 5
#: Share of the features from which on nearly all tell nothing.
NEARLY_ALL = 0.9
#: Features that advice names, and that a prescription lists.
NAMED, LISTED = 3, 20
#: Share of the examples in which an identifier differs, and times their number up to which whole numbers in an
#: unbroken row may range.
DIFFERS, UNBROKEN = 0.99, 1.5


class Likelihoods:
    """What speaks for features that carry nothing, and against them."""

    IDENTIFIER = LikelihoodRatio(4.0, "{name} differs in every example", "data")
    NEARLY_ALL = LikelihoodRatio(6.0, "{count} of {tested} features tell nothing of the target by themselves", "data")
    MANY = LikelihoodRatio(2.5, "{count} of {tested} features tell nothing of the target by themselves", "data")
    DOES_NOT_HOLD = LikelihoodRatio(3.0, "training explains what validation does not")
    LEARNED = LikelihoodRatio(0.5, "the run learned all the same")


@rule(
    "DS211",
    "irrelevant-features",
    seen_as=("Training loss stops high, and validation with it", "Something is odd about my data"),
    likelihoods=Likelihoods,
)
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
    if dataset.kind == "image" or len(tested) < FEATURES or read < examples:
        return irrelevant_features.skip(f"needs five features, {examples} examples and a target, and no images")
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
    observations: list[Observation] = []
    if identifiers:
        observations.append(Likelihoods.IDENTIFIER(name=identifiers[0].label))
    if part >= share:
        row = Likelihoods.NEARLY_ALL if part >= NEARLY_ALL else Likelihoods.MANY
        observations.append(row(count=len(useless), tested=len(tested)))
    if symptoms.has("overfitting", "unrepresentative-train"):
        observations.append(Likelihoods.DOES_NOT_HOLD())
    elif symptoms.verdict == "good-fit":
        observations.append(Likelihoods.LEARNED())
    listed = [f.label for f in found[:LISTED]]
    more = " and others" if len(found) > NAMED else ""
    advice = f"leave out {', '.join(listed[:NAMED])}{more} once, and compare validation"
    return irrelevant_features.hypothesis(
        prior=prior,
        observations=observations,
        message=f"{len(found)} of {len(tested)} features carry nothing about the target: {', '.join(listed[:NAMED])}",
        advice=advice,
        prescription=Prescription(advice, (Change("preprocessing.drop_features", None, listed),)),
        settles="train once without the named features",
    )


def _identifier(f: Feature, read: int) -> bool:
    """Whether it names the example: a word, or a whole number in an unbroken row, that never repeats."""
    if f.distinct is None or f.distinct < DIFFERS * read:
        return False
    if f.kind == "category":
        return True
    return bool(f.whole) and f.min is not None and f.max is not None and f.max - f.min < UNBROKEN * read
