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
        "{part:share} of the examples in a batch have the same label ({expected:share} would be expected after "
        "shuffling)",
        "data",
    )
    MOSTLY_ONE = LikelihoodRatio(
        500.0,
        "{part:share} of the examples in a batch have the same label ({expected:share} would be expected after "
        "shuffling)",
        "data",
    )
    LABELS_DIFFER = LikelihoodRatio(3.0, "the most frequent label changes from batch to batch", "data")
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
    """All examples of a batch have the same label.

    What it measures
    ----------------
    A callback records the share of the most frequent label in each batch. The rule compares it with the share expected
    if the labels seen so far were shuffled into batches of that size. With one dominant class, or with batches of four,
    shuffling also makes some batches with a single label.

    A share of 98% or more counts. A share from 80% to 98% counts only if at most 50% would be expected after shuffling.
    If consecutive batches have the same label, the data come in order, and unshuffled reports it.

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
    prior : odds of this cause in a run that has a problem, before any evidence.
    expected : if shuffled batches are expected to have more than this share of one label, such batches are normal and
        are not reported.

    References
    ----------
    Seminar: "Dataset issues" (make sure your batches don't contain a single label). Bengio (2012), Practical
    recommendations, §3.2.
    """
    share, by_chance = watched.median("label_top_share"), watched.median("label_top_share_expected")
    if share is None:
        return single_label_batches.skip(
            "no labels of batches were logged", "train with a callback from tracker_diag.probes"
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
