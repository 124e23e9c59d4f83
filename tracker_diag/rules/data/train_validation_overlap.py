"""DS213 train-validation-overlap."""

from __future__ import annotations

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.dataset import WHAT_TO_LOG, Dataset
from tracker_diag.core.finding import Change, Prescription, Skip
from tracker_diag.core.rule import Outcome, rule
from tracker_diag.core.run import Run


@rule("DS213", "train-validation-overlap", evidence="D")
def train_validation_overlap(
    dataset: Dataset,
    run: Run,
    control: object = None,
    *,
    prior: float = 0.03,
    least: float = 0.005,
) -> Outcome:
    """The same examples lie on both sides of the split.

    What it measures
    ----------------
    The share of validation examples that occur in training, from a dataset profile, beyond the share of training
    examples that have a copy within training: in a table of few combinations, both sides repeat the same rows by
    chance. Or inputs declared as training and as validation with one digest. Controls that are meant to memorise a
    subset are left out.

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
    if control or any(key.endswith(".control") for key in run.tags):
        return Skip("DS213", "a control may be judged on what it is trained on")
    digests = {
        side: {i.digest for i in dataset.inputs if i.side == side and i.digest} for side in ("train", "validation")
    }
    signs: list[Sign] = []
    said = ""
    share = dataset.overlap.share
    if share is None and dataset.overlap.rows is not None and dataset.validation.rows:
        share = dataset.overlap.rows / dataset.validation.rows
    if share is None and not (digests["train"] and digests["validation"]):
        return Skip("DS213", "nothing says what both sides hold", WHAT_TO_LOG)
    if share is not None:
        beyond = share - (dataset.train.twins or 0.0)
        if beyond >= least:
            strength = next(
                s for from_, s in ((0.5, 1000.0), (0.1, 300.0), (0.02, 40.0), (0.0, 8.0)) if beyond >= from_
            )
            said = f"{share:.1%} of the validation examples occur in training"
            signs.append(Sign(said, strength, "data"))
    if digests["train"] & digests["validation"]:
        text = "training and validation were declared with one digest"
        said = said or text
        signs.append(Sign(text, 200.0, "data"))
    text = "remove the copies before splitting, and split by group where examples belong together"
    return suspicion(
        "DS213",
        "train-validation-overlap",
        prior=prior,
        signs=signs,
        message=said,
        advice=text,
        prescription=Prescription(text, (Change("data.drop_duplicates", None, True),)),
        settles="evaluate once on examples that were collected apart",
    )
