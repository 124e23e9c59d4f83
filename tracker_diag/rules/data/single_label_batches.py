"""DS205 single-label-batches."""

from __future__ import annotations

from tracker_diag.evidence.from_training import labels_in_a_row
from tracker_diag.rules.api import LikelihoodRatio, Outcome, Prescription, Symptoms, Watched, rule

#: Share of the most frequent label from which on a batch holds next to no other; and mostly that one, where shuffled
#: batches would hold less than so much of it.
NEARLY_ALL, MOSTLY, MUCH_LESS = 0.98, 0.8, 0.5
#: Share of the labels' range that a few batches in a row hold where they come in no order.
WIDE = 0.6


class Likelihoods:
    """What speaks for batches of one label, and against them."""

    ONE_LABEL = LikelihoodRatio(
        2000.0,
        "{part:share} of the examples in a batch have the same label ({expected:share} if shuffled)",
        "data",
    )
    MOSTLY_ONE = LikelihoodRatio(
        500.0, "{part:share} of the examples in a batch have the same label ({expected:share} if shuffled)", "data"
    )
    LABELS_DIFFER = LikelihoodRatio(3.0, "that label changes from batch to batch", "data")
    LEARNED = LikelihoodRatio(0.3, "the run learned anyway")


@rule(
    "DS205",
    "single-label-batches",
    seen_as=(
        "My loss jumps, or swings up and down",
        "The network always says the same class",
    ),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def single_label_batches(
    watched: Watched,
    symptoms: Symptoms,
    *,
    prior: float = 0.03,
    expected: float = 0.85,
) -> Outcome:
    """Batches hold a single label.

    What it measures
    ----------------
    A callback that looks at batches logs the share of the most frequent label in each. The rule compares it with the
    share expected if the labels seen so far were shuffled into batches of that size. A rare class, or a batch of four,
    makes some such batches by chance.

    Batches in which at least 80% of the examples have one label count only if shuffled batches would hold less than
    half of it. If consecutive batches hold the same label, the data come in order, and unshuffled reports it.

    Why it matters
    --------------
    "Make sure your batches don't contain a single label." Each step teaches the network to predict that label for any
    input, and the next step undoes it. Batch normalisation sees one class at a time.

    What to do
    ----------
    Draw each batch from all classes. Shuffle the data, or use a sampler that balances classes within the batch, not
    across batches.

    Thresholds
    ----------
    prior : prior odds of this cause among runs that someone is worried about.
    expected : share of the most frequent label in shuffled batches above which such batches are normal for these
        classes.

    References
    ----------
    Seminar: "Dataset issues" (make sure your batches don't contain a single label). Bengio (2012), Practical
    recommendations, §3.2.
    """
    share, by_chance = watched.median("label_top_share"), watched.median("label_top_share_expected")
    if share is None:
        return single_label_batches.skip(
            "no labels of batches were logged", "train with a callback of tracker_diag.probes, which looks at batches"
        )
    if by_chance is None or by_chance > expected or share < (NEARLY_ALL if by_chance > MUCH_LESS else MOSTLY):
        return None
    row = Likelihoods.ONE_LABEL if share >= NEARLY_ALL else Likelihoods.MOSTLY_ONE
    observations = [row(part=share, expected=by_chance)]
    if (labels_in_a_row(watched) or 0.0) > WIDE:
        observations.append(Likelihoods.LABELS_DIFFER())
    if symptoms.verdict == "good-fit":
        observations.append(Likelihoods.LEARNED())
    text = "draw each batch from all classes: shuffle the data, or balance the classes within each batch"
    return single_label_batches.hypothesis(
        prior=prior,
        observations=observations,
        message=observations[0].text,
        advice=text,
        prescription=Prescription(text),
        settles="print the labels of three batches",
    )
