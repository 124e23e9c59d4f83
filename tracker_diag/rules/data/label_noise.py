"""DS209 label-noise."""

from __future__ import annotations

from collections.abc import Mapping

from tracker_diag.core.case import Sign, in_words, stop_at_best, suspicion
from tracker_diag.core.finding import Prescription
from tracker_diag.core.observed import Learned, Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule


@rule("DS209", "label-noise", evidence="CD")
def label_noise(
    shape: Shape,
    symptoms: Symptoms,
    learned: Learned,
    names: Mapping[str, str],
    epochs: float | None = None,
    n_train: int | None = None,
    n_classes: int | None = None,
    dropout: float | None = None,
    label_smoothing: float | None = None,
    augmentation: object = None,
    *,
    prior: float = 0.035,
    many: int = 100,
) -> Outcome:
    """Too many bad labels.

    What it measures
    ----------------
    Two courses that wrong training labels bring about: the network learns the rule first and the errors later, by
    heart, so validation turns early and rises while training goes to nothing, although there are examples enough; or
    it never fits the errors, and training stays above validation without any dropout or augmentation to explain it.

    Why it matters
    --------------
    "There might be too many bad labels that the network couldn't learn. The cutoff point is up for debate."

    What to do
    ----------
    Look at the training examples with the highest loss at the best checkpoint: wrong labels gather there. Stop early
    meanwhile.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    many : training examples a class, from which on memorising is not explained by their being few.

    References
    ----------
    Seminar: "Dataset issues" (is there too much noise in the dataset?). Arpit et al. (2017), ICML: simple patterns
    first, noise later; Northcutt, Jiang and Chuang (2021), JAIR 70:1373, confident learning.
    """
    if symptoms.has("diverged", "frozen") or shape.stands:
        return None
    signs: list[Sign] = []
    if shape.memorised and symptoms.has("overfitting") and not shape.val_blind:
        signs.append(Sign("validation learned, then turned and rose while training learned the rest by heart", 2.0))
        if shape.parted < 0.15:
            signs.append(Sign("both fell together before", 1.5))
        if n_train is not None:
            each = n_train / (n_classes or 1)
            signs.append(
                Sign(f"{n_train} training examples are not so few that they must be memorised", 6.0, "params")
                if each >= many or (n_train >= 500 and each >= 50)
                else Sign(f"{n_train} training examples are few", 0.2, "params")
            )
    elif shape.val_blind:
        signs.append(Sign("validation never gained on knowing nothing", 3.0))
        signs.append(
            Sign("training learns slowly", 1.5) if learned.train < 0.8 else Sign("training learned it by heart", 0.5)
        )
    elif (
        not (dropout is None or dropout > 0.1 or label_smoothing or augmentation)
        and shape.apart < -0.08
        and 0.1 < learned.train < 0.8
    ):
        signs.append(Sign("training stays above validation, and no dropout or augmentation explains it", 25.0))
    else:
        return None
    text = (
        "look at the training examples with the highest loss at the best checkpoint, and correct or drop "
        "the wrong ones; stop early meanwhile"
    )
    # Networks fit what the examples have in common first, and wrong labels last.
    changes = stop_at_best(symptoms, names, epochs)
    text += f": {in_words(changes)}" if changes else ""
    return suspicion(
        "DS209",
        "label-noise",
        prior=prior,
        signs=signs,
        message="training learns by heart what does not hold elsewhere",
        advice=text,
        prescription=Prescription(text, changes),
        settles="log the loss on a hundred examples whose labels were checked by hand",
    )
