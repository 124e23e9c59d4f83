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
    """What speaks for irrelevant features, and against them."""

    IDENTIFIER = LikelihoodRatio(
        4.0, "{name} has a different value in nearly every example, like an identifier", "data"
    )
    NEARLY_ALL = LikelihoodRatio(
        6.0, "{count} of {tested} features, taken one by one, tell nothing about the target", "data"
    )
    MANY = LikelihoodRatio(2.5, "{count} of {tested} features, taken one by one, tell nothing about the target", "data")
    DOES_NOT_HOLD = LikelihoodRatio(3.0, "what the model learns in training does not carry over to validation")
    LEARNED = LikelihoodRatio(0.5, "the run learned anyway")


@rule(
    "DS211",
    "irrelevant-features",
    seen_as=("Training and validation loss both stay high", "Something is odd about my data"),
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
    """Most features carry no information about the target.

    What it measures
    ----------------
    From a dataset profile, the rule counts features without mutual information with the target. Each feature is tested
    with a G-test, whose null hypothesis is independence. The p-values are adjusted for the number of features
    (Benjamini-Hochberg). Identifiers are counted as well: their value is different in nearly every example.

    A feature may matter only together with another one, so this is never more than a weak sign. If no feature at all
    carries information, the rule says nothing: random-relation is the rule for that. Images are left out, because a
    single pixel says nothing.

    Why it matters
    --------------
    "Inclusion of useless data does not help." Each irrelevant feature gives the model one more way to memorise.

    What to do
    ----------
    "Human intelligence needed to select the right data, use only relevant data." Leave out identifiers. Train once
    without the named features, and see whether the validation loss gets worse.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    share : smallest share of features without information that counts as a sign.
    examples : smallest number of examples for the test. With fewer, real information may go unnoticed.
    alpha : significance level of the tests.

    References
    ----------
    Seminar: "Dataset issues" (have enough relevant data). Benjamini & Hochberg (1995), J. R. Stat. Soc. B 57:289. Guyon
    & Elisseeff (2003), JMLR 3:1157, why a feature useless by itself can be useful with others.
    """
    read = dataset.train.rows_read or dataset.train.rows or 0
    tested = [f for f in dataset.features if f.information_p is not None]
    if dataset.kind == "image" or len(tested) < FEATURES or read < examples:
        return irrelevant_features.skip(f"needs a table with {FEATURES} features, {examples} examples and a target")
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
    named = ", ".join(listed[:NAMED]) + (f" and {len(found) - NAMED} more" if len(found) > NAMED else "")
    # All that the change drops: who follows the advice needs the whole list.
    dropped = f"these {len(listed)} features" if len(listed) > 1 else "this feature"
    advice = f"train once without {', '.join(listed)}, and compare the validation loss"
    return irrelevant_features.hypothesis(
        prior=prior,
        observations=observations,
        message=f"{len(found)} of {len(tested)} features seem irrelevant to the target: {named}",
        advice=advice,
        prescription=Prescription(advice, (Change("preprocessing.drop_features", None, listed),)),
        settles=f"train once without {dropped}: the validation loss does not rise if they are irrelevant",
    )


def _identifier(f: Feature, read: int) -> bool:
    """Whether it names the example: a word, or a whole number in an unbroken row, that never repeats."""
    if f.distinct is None or f.distinct < DIFFERS * read:
        return False
    if f.kind == "category":
        return True
    return bool(f.whole) and f.min is not None and f.max is not None and f.max - f.min < UNBROKEN * read
