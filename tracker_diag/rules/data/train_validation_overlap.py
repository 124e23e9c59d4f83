"""DS213 train-validation-overlap."""

from __future__ import annotations

from collections.abc import Mapping

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
    """What speaks for the same examples on both sides, and against it."""

    MOST = LikelihoodRatio(1000.0, "{share:.1%} of the validation examples occur in training", "data")
    MANY = LikelihoodRatio(300.0, "{share:.1%} of the validation examples occur in training", "data")
    SOME = LikelihoodRatio(40.0, "{share:.1%} of the validation examples occur in training", "data")
    FEW = LikelihoodRatio(8.0, "{share:.1%} of the validation examples occur in training", "data")
    ONE_DIGEST = LikelihoodRatio(200.0, "training and validation were declared with one digest", "data")


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
    """The same examples lie on both sides of the split.

    What it measures
    ----------------
    The share of validation examples that occur in training, from a dataset profile, beyond the share of training
    examples that have a copy within training: in a table of few combinations, both sides repeat the same rows by
    chance. Or inputs declared as training and as validation with one digest. A training set that is evaluated
    for its own curve is left out, where another set is evaluated too or no validation curve exists, as are controls
    that are meant to memorise a subset.

    Why it matters
    --------------
    Validation then measures memory. Overfitting does not show, early stopping does not stop, and the score is too good.

    What to do
    ----------
    Remove the copies before splitting; split by group where examples belong together (a patient, a video, a source).

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    least : share beyond chance below which it changes no conclusion.

    References
    ----------
    Seminar: "Learning Curves" (validation shows how well the model generalises), "Become one with the data" (remove
    duplicates). Kapoor & Narayanan (2023), Patterns 4:100804, on leakage. Barz & Denzler (2020), J. Imaging 6:41.
    """
    if control or any(key.endswith(".control") for key in logged_tags):
        return train_validation_overlap.skip("a control may be judged on what it is trained on")
    train, validation = (
        {i.digest for i in dataset.inputs if i.side == side and i.digest} for side in ("train", "validation")
    )
    share = dataset.overlap.share
    if share is None and dataset.overlap.rows is not None and dataset.validation.rows:
        share = dataset.overlap.rows / dataset.validation.rows
    if share is None and not (train and validation):
        return train_validation_overlap.skip("nothing says what both sides hold", WHAT_TO_LOG)
    observations: list[Observation] = []
    beyond = None if share is None else share - (dataset.train.twins or 0.0)
    if beyond is not None and beyond >= least:
        row = next(
            (
                r
                for at, r in ((MOST, Likelihoods.MOST), (MANY, Likelihoods.MANY), (SOME, Likelihoods.SOME))
                if beyond >= at
            ),
            Likelihoods.FEW,
        )
        observations.append(row(share=share))
    if train & validation:
        observations.append(Likelihoods.ONE_DIGEST())
    text = "remove the copies before splitting, and split by group where examples belong together"
    return train_validation_overlap.hypothesis(
        prior=prior,
        observations=observations,
        message=observations[0].text if observations else "",
        advice=text,
        prescription=Prescription(text, (Change("data.drop_duplicates", None, True),)),
        settles="evaluate once on examples that were collected apart",
    )
