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
        "{share:.0%} of a batch's examples have the same label; if shuffled, {expected:.0%} would",
        "data",
    )
    MOSTLY_ONE = LikelihoodRatio(
        500.0, "{share:.0%} of a batch's examples have the same label; if shuffled, {expected:.0%} would", "data"
    )
    LABELS_DIFFER = LikelihoodRatio(3.0, "the label changes from batch to batch", "data")
    LEARNED = LikelihoodRatio(0.3, "the run learned all the same")


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
    The share of the most frequent label in the batches that a callback looked at, beside what it would be if the
    labels seen so far were shuffled into batches of that size: a rare class, or a batch of four, makes some such
    batches by chance. Batches that hold four fifths of one label count where it would make up less than half of
    shuffled ones. Where batches in a row hold the same label, the data come in an order (unshuffled).

    Why it matters
    --------------
    "Make sure your batches don't contain a single label." Each step teaches the network to give that label whatever
    comes in, and the next one takes it back; batch normalisation sees one class at a time.

    What to do
    ----------
    Draw batches from all classes: shuffle, or use a sampler that balances classes within the batch, not across batches.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    expected : share of the most frequent label in shuffled batches, above which batches of one label are what the
        classes make them.

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
    observations = [row(share=share, expected=by_chance)]
    if (labels_in_a_row(watched) or 0.0) > WIDE:
        observations.append(Likelihoods.LABELS_DIFFER())
    if symptoms.verdict == "good-fit":
        observations.append(Likelihoods.LEARNED())
    text = "draw each batch from all classes: shuffle, or balance the classes within a batch"
    return single_label_batches.hypothesis(
        prior=prior,
        observations=observations,
        message=f"{share:.0%} of a batch's examples have the same label; if shuffled, {by_chance:.0%} would",
        advice=text,
        prescription=Prescription(text),
        settles="print the labels of three batches",
    )
