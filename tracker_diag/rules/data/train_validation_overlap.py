"""DS213 train-validation-overlap."""

from __future__ import annotations

from collections.abc import Mapping

from tracker_diag.core.numbers import share as in_words
from tracker_diag.rules.api import (
    WHAT_TO_LOG,
    Change,
    Dataset,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    rule,
)

#: Share of the validation examples that occur in training, beyond the copies within training, from which on they are
#: most, many and some of them.
MOST, MANY, SOME = 0.5, 0.1, 0.02


class Likelihoods:
    """What speaks for the same examples in training and validation, and against it."""

    MOST = LikelihoodRatio(1000.0, "{part} of the validation examples also occur in training", "data")
    MANY = LikelihoodRatio(300.0, "{part} of the validation examples also occur in training", "data")
    SOME = LikelihoodRatio(40.0, "{part} of the validation examples also occur in training", "data")
    FEW = LikelihoodRatio(8.0, "{part} of the validation examples also occur in training", "data")
    ONE_DIGEST = LikelihoodRatio(200.0, "the same dataset is logged for training and validation", "data")


@rule(
    "DS213",
    "train-validation-overlap",
    seen_as=("Validation is better than training", "Results are too good to be true"),
    likelihoods=Likelihoods,
)
def train_validation_overlap(
    dataset: Dataset,
    logged_tags: Mapping[str, str],
    control: object | None,
    *,
    prior: float = 0.03,
    least: float = 0.005,
) -> Outcome:
    """The same examples occur in training and in validation.

    What it measures
    ----------------
    From a dataset profile, the rule takes the share of validation examples that also occur in training. In a table with
    few different rows, some overlap arises by chance. The rule estimates it by the share of training examples that have
    a duplicate within training, and subtracts it. The rule also reports a run that logs the same dataset (the same
    digest) for training and for validation.

    The rule does not report a run that evaluates its training set to draw a training curve, if another set is evaluated
    too or if there is no validation curve. Nor does it report control runs that are meant to memorise a subset.

    Why it matters
    --------------
    With such data leakage, validation measures memory. Overfitting stays hidden, early stopping does not work, and the
    score is too good.

    What to do
    ----------
    Remove duplicates before splitting. If the same set is used twice, hold out examples that are not trained on. Split
    by group if examples belong together (a patient, a video, a source).

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    least : smallest overlap beyond chance that is reported; less changes no conclusion.

    References
    ----------
    Seminar: "Learning Curves" (validation shows how well the model generalises), "Become one with the data" (remove
    duplicates). Kapoor & Narayanan (2023), Patterns 4:100804, on leakage. Barz & Denzler (2020), J. Imaging 6:41.
    """
    if control or any(key.endswith(".control") for key in logged_tags):
        return train_validation_overlap.skip("a control run may be evaluated on its own training examples")
    train, validation = (
        {i.digest for i in dataset.inputs if i.side == side and i.digest} for side in ("train", "validation")
    )
    share = dataset.overlap.share
    if share is None and dataset.overlap.rows is not None and dataset.validation.rows:
        share = dataset.overlap.rows / dataset.validation.rows
    if share is None and not (train and validation):
        return train_validation_overlap.skip("nothing says which examples training and validation hold", WHAT_TO_LOG)
    observations: list[Observation] = []
    beyond = None if share is None else share - (dataset.train.twins or 0.0)
    if share is not None and beyond is not None and beyond >= least:
        row = next(
            (
                r
                for at, r in ((MOST, Likelihoods.MOST), (MANY, Likelihoods.MANY), (SOME, Likelihoods.SOME))
                if beyond >= at
            ),
            Likelihoods.FEW,
        )
        # Below a tenth, whole per cents would hide most of what is known.
        observations.append(row(part=in_words(share) if share >= MANY else f"{100 * share:.2g}%"))
    if train & validation:
        observations.append(Likelihoods.ONE_DIGEST())
    text = "remove duplicates before splitting, and split by group if examples belong together"
    changes: tuple[Change, ...] = (Change("data.drop_duplicates", None, True),)
    if observations and observations[0].key == Likelihoods.ONE_DIGEST.key:
        # There are no duplicates to remove where it is one set.
        text = (
            "hold out validation examples that are not trained on; if the sets do differ, log each as its own dataset"
        )
        changes = ()
    return train_validation_overlap.hypothesis(
        prior=prior,
        observations=observations,
        message=observations[0].text if observations else "",
        advice=text,
        prescription=Prescription(text, changes),
        settles="evaluate once on examples that were collected separately",
    )
