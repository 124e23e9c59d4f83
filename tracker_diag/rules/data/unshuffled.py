"""DS204 unshuffled."""

from __future__ import annotations

from collections.abc import Mapping

from tracker_diag.evidence.beside_guessing import learned
from tracker_diag.evidence.from_training import labels_in_a_row
from tracker_diag.rules.api import (
    Change,
    Curve,
    Dataset,
    Features,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    Watched,
    rule,
)

_OFF = ("false", "0", "no", "none", "0.0")
#: Keras's name for the share of the rows that it holds out: the last ones, whatever ``shuffle`` says.
_LAST_ROWS = "validation_split"
#: Evaluations at least, and their share, at which no answer on validation is right.
SEVERAL, MOST_OF_THEM = 2, 0.5


#: Share of the labels' range that a few batches in a row hold at most where the labels are sorted, and the share of its
#: most frequent label in such a batch.
NARROW, MOSTLY_ONE = 0.6, 0.8


class Likelihoods:
    """What speaks for examples that come in order, and against it."""

    IN_ORDER = LikelihoodRatio(
        3000.0,
        "labels of neighbouring examples agree far more often than by chance (sortedness {part:share}: 0% is "
        "shuffled, 100% sorted)",
        "data",
    )
    MIXED_IN_BATCHES = LikelihoodRatio(0.02, "labels are mixed within the batches", "data")
    OFF = LikelihoodRatio(40.0, "shuffling is off", "params", own=True)
    ON = LikelihoodRatio(0.05, "shuffling is on", "params")
    SORTED = LikelihoodRatio(10.0, "the labels are sorted", "data")
    MIXED = LikelihoodRatio(0.2, "the labels are mixed", "data")
    SORTED_AND_OFF = LikelihoodRatio(400.0, "the labels are sorted and shuffling is off", "data")
    LEARNS_SORTED = LikelihoodRatio(0.5, "the run learned anyway")
    FAILS = LikelihoodRatio(4.0, "the loss {trouble}")
    BLIND = LikelihoodRatio(4.0, "training improves, but validation hardly does")
    LEARNS = LikelihoodRatio(0.1, "the run learns")
    UNSEEN_IN_LAST_ROWS = LikelihoodRatio(
        100.0,
        "{name} holds out the last {part:share} of the rows without shuffling, and {none} of {of} validation "
        "accuracies are exactly 0 while training accuracy ends at {right:share}",
        own=True,
    )
    UNSEEN = LikelihoodRatio(
        40.0,
        "{none} of {of} validation accuracies are exactly 0 while training accuracy ends at {right:share}",
        own=True,
    )


@rule(
    "DS204",
    "unshuffled",
    seen_as=(
        "My loss jumps, or swings up and down",
        "The network always says the same class",
        "Validation is far worse than training",
    ),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def unshuffled(
    features: Features | None,
    symptoms: Symptoms,
    watched: Watched | None,
    names: Mapping[str, str],
    shuffle: object | None,
    dataset: Dataset | None,
    train_score: Curve | None,
    val_score: Curve | None,
    train_loss: Curve | None,
    val_loss: Curve | None,
    val_fraction: float | None,
    n_classes: int | None,
    *,
    prior: float = 0.03,
    in_a_row: float = 0.5,
) -> Outcome:
    """Training examples come in order, by label or by time.

    What it measures
    ----------------
    The rule checks whether shuffling is off, and whether a dataset profile shows sorted labels. It also checks whether
    the loss stays high or swings, and whether training improves while validation does not.

    It also looks for a validation accuracy of exactly 0 at half of the evaluations or more, while training accuracy is
    high and validation loss stays above the first training loss. Then all validation examples belong to classes that
    training never saw. Keras's `validation_split` does that to sorted rows: it holds out the last rows and shuffles
    only the others.

    If a callback recorded batches, the rule uses them first. It reports the run if neighbouring examples have the same
    label and a few consecutive batches contain one label only (for numeric targets: a narrow part of their range).

    Why it matters
    --------------
    "If your dataset has a particular order to it (ordered by label) this could negatively impact the learning. Make
    sure your batches don't contain a single label."

    What to do
    ----------
    Shuffle inputs and labels together before every epoch, and once before you hold out validation rows. Or hold out a
    share of each class (`train_test_split` with `stratify`). If the order is time, hold out the last part and shuffle
    only the rest. Trees see all examples at once, so their order does not matter.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    in_a_row : with this agreement of neighbouring labels or more, examples are taken to be in order (0 = shuffled, 1 =
        sorted).

    References
    ----------
    Seminar: "Dataset issues" (shuffle the dataset). Bengio (2012), Practical recommendations, §3.2. Keras's API of
    `Model.fit`: "the validation data is selected from the last samples, before shuffling".
    """
    in_batches = _in_batches(watched, in_a_row)
    if in_batches is not None and in_batches.ratio > 1:
        return _ordered([in_batches], names, shuffle, prior)
    if features is None:
        return unshuffled.skip("no curves, and no callback looked at batches", "log the training loss every epoch")
    unseen = _unseen(train_score, val_score, n_classes)
    if unseen is not None and _fell(train_loss, val_loss):
        unseen = None
    if unseen is not None:
        return _of_the_split(unseen, val_fraction, names.get("val_fraction", ""), shuffle, prior)
    observations: list[Observation] = [] if in_batches is None else [in_batches]
    if shuffle is not None:
        observations.append(Likelihoods.OFF() if str(shuffle).lower() in _OFF else Likelihoods.ON())
    order = dataset.train.labels_sorted if dataset else None
    if order is not None:
        observations.append(Likelihoods.SORTED() if order else Likelihoods.MIXED())
    if not any(s.ratio > 1 for s in observations):
        return None
    in_order = {Likelihoods.OFF.key, Likelihoods.SORTED.key} <= {s.key for s in observations}
    if in_order:
        observations = [Likelihoods.SORTED_AND_OFF(), *([] if in_batches is None else [in_batches])]
    observations.append(_course(features, symptoms, in_order=in_order))
    return _ordered(observations, names, shuffle, prior)


def _in_batches(watched: Watched | None, in_a_row: float) -> Observation | None:
    """What the batches that were looked at say: whether neighbours agree, and batches in a row hold one label."""
    order = watched.median("label_order") if watched is not None else None
    if watched is None or order is None:
        return None
    if order < in_a_row:
        return Likelihoods.MIXED_IN_BATCHES()
    # Batches of one label each, in any order, are another trouble, and an order within each batch is none: a row of
    # them ranges over the labels.
    narrow = labels_in_a_row(watched)
    seen = 1.0 if watched.median("target_std") is not None else watched.median("label_top_share") or 0.0
    return Likelihoods.IN_ORDER(part=order) if narrow is not None and narrow < NARROW and seen > MOSTLY_ONE else None


def _ordered(
    observations: list[Observation], names: Mapping[str, str], shuffle: object | None, prior: float
) -> Outcome:
    """The finding that examples come in order."""
    name = names.get("shuffle", "shuffle")
    text = "shuffle inputs and labels together before every epoch"
    seen = next((s.text for s in observations if s.ratio > 1), "")
    return unshuffled.hypothesis(
        prior=prior,
        observations=observations,
        message=f"{seen}: training examples probably come in order",
        advice=text,
        prescription=Prescription(text, () if shuffle is True else (Change(name, shuffle, True),)),
        settles="log the labels of the first three batches",
    )


def _course(features: Features, symptoms: Symptoms, *, in_order: bool) -> Observation:
    """What the curves say of a run whose examples may come in order."""
    if symptoms.has("unstable", "underfitting", "loss-spikes", "diverged") or features.stuck_at_baseline:
        swings = symptoms.has("unstable", "loss-spikes")
        return Likelihoods.FAILS(
            trouble="swings" if swings else "diverges" if symptoms.has("diverged") else "stays too high"
        )
    # Rows in an order, split as they stand, leave validation other classes than training.
    if features.val_blind:
        return Likelihoods.BLIND()
    return (Likelihoods.LEARNS_SORTED if in_order else Likelihoods.LEARNS)()


def _of_the_split(
    unseen: tuple[int, int, float], val_fraction: float | None, split: str, shuffle: object | None, prior: float
) -> Outcome:
    """The finding that validation holds other classes than training."""
    none, of, right = unseen
    if val_fraction and split.lower().endswith(_LAST_ROWS):
        observations = [Likelihoods.UNSEEN_IN_LAST_ROWS(name=split, part=val_fraction, none=none, of=of, right=right)]
    else:
        observations = [Likelihoods.UNSEEN(none=none, of=of, right=right)]
        if shuffle is not None and str(shuffle).lower() not in _OFF:
            observations.append(Likelihoods.ON())
    text = "shuffle inputs and labels together before holding out validation rows, or hold out a share of each class"
    return unshuffled.hypothesis(
        prior=prior,
        observations=observations,
        message=f"{none} of {of} validation accuracies are exactly 0: validation seems to hold classes that training "
        "never saw",
        advice=text,
        prescription=Prescription(text),
        settles="count the examples of each class in training and in validation",
    )


def _unseen(train_score: Curve | None, val_score: Curve | None, n_classes: int | None) -> tuple[int, int, float] | None:
    """At how many evaluations, of how many, validation has no answer right; and the share that training has."""
    if train_score is None or val_score is None or not (train_score.accuracy and val_score.accuracy):
        return None
    ours, theirs = train_score.finite[1], val_score.finite[1]
    if not ours.size or theirs.size < SEVERAL:
        return None
    none, right = int((theirs == 0).sum()), train_score.share(float(ours[-1]))
    return (none, theirs.size, right) if learned(right, n_classes) and none >= MOST_OF_THEM * theirs.size else None


def _fell(train_loss: Curve | None, val_loss: Curve | None) -> bool:
    """Whether the validation loss came below where training's began: its score is then one that is not computed."""
    if train_loss is None or val_loss is None or not train_loss.finite[1].size or not val_loss.finite[1].size:
        return False
    return float(val_loss.finite[1].min()) < train_loss.start
