"""What the nearest other examples say of the targets: whether inputs and targets belong together."""

from __future__ import annotations

from dataclasses import dataclass

from tracker_diag.core.dataset import Dataset
from tracker_diag.evidence.registry import rule_input

#: Examples from which on "no relation" is not just "too few to see one".
FEWEST = 200
#: p-values up to which a relation is beyond doubt (no permuted target of 199 agrees as well), and above which none is
#: seen.
RELATED, UNRELATED = 0.005, 0.05
#: Share of training's own agreement, beyond chance, below which validation's with training is another relation.
APART_BELOW = 0.5
#: Share of the features tested that differ, from which on the whole input does, and the largest distance between
#: distributions (Kolmogorov-Smirnov) from which on that is more than a sample's.
MOST_SHIFT, LARGE_KS = 0.5, 0.25
#: Deviations that means lie apart, and factor between deviations, from which on images are of another scale.
APART, WIDER = 0.5, 1.5


@dataclass(frozen=True, slots=True)
class Relation:
    """How inputs and targets hang together, on each side and across.

    Attributes
    ----------
    train, validation, across : bool or None
        Whether neighbours share targets beyond chance: within training, within validation, and between validation
        examples and their nearest training examples. None where it is neither beyond doubt nor absent.
    rows : int
        Training examples asked.
    agreement, held_out : float or None
        Within training, and of validation examples with their nearest training examples: the share of labels that are
        those of the neighbours' majority, or R² of the neighbours' mean.
    chance : float
        What agreement within training is for targets dealt out at random.
    noise : float or None
        Estimated share of wrong labels in training.
    """

    train: bool | None
    validation: bool | None
    across: bool | None
    rows: int
    agreement: float | None
    held_out: float | None
    chance: float
    noise: float | None

    @property
    def broken_in_training(self) -> bool:
        """Whether training holds no relation, and validation does."""
        return self.train is False and self.validation is True

    @property
    def nowhere(self) -> bool:
        """Whether no side holds a relation."""
        return self.train is False and self.validation is not True and self.across is not True

    @property
    def sides_disagree(self) -> bool:
        """Whether each side holds a relation, and not the same one."""
        if self.train is not True or self.validation is not True or self.agreement is None or self.held_out is None:
            return False
        return self.held_out - self.chance < APART_BELOW * (self.agreement - self.chance)

    @property
    def worse_in_training(self) -> float:
        """Share of the agreement on validation that agreement within training lacks; 0 where nothing tells."""
        if self.train is not True or self.agreement is None or self.held_out is None or self.held_out <= 0:
            return 0.0
        return max(0.0, 1 - self.agreement / self.held_out)


@rule_input(
    missing="the profile does not tell whether inputs and targets are related",
    log="log a dataset profile",
    evidence="D",
)
def relation(dataset: Dataset) -> Relation | None:
    """Whether inputs and targets belong together, by the targets of the nearest other examples (a dataset profile)."""
    train, validation = dataset.train.relation, dataset.validation.relation
    if train is None or train.p is None or (train.rows or 0) < FEWEST:
        return None
    across = dataset.across
    return Relation(
        train=_holds(train.p),
        validation=None if validation is None or (validation.rows or 0) < FEWEST else _holds(validation.p),
        across=None if (across.rows or 0) < FEWEST else _holds(across.p),
        rows=train.rows or 0,
        agreement=train.agreement,
        held_out=across.agreement,
        chance=train.chance or 0.0,
        noise=train.noise,
    )


@rule_input(
    missing="the profile does not tell whether training and validation inputs differ",
    log="log a dataset profile",
    evidence="D",
)
def shifted(dataset: Dataset) -> bool | None:
    """Whether inputs of validation are other than training's: most features tested, or images in scale or offset."""
    train, validation = dataset.train.images, dataset.validation.images
    if train is not None and validation is not None and train.std and validation.std:
        apart = abs((train.mean or 0.0) - (validation.mean or 0.0)) / train.std
        return apart > APART or not 1 / WIDER < validation.std / train.std < WIDER
    if not dataset.shift.tested:
        return None
    return (dataset.shift.shifted or 0) >= MOST_SHIFT * dataset.shift.tested and (
        dataset.shift.largest_ks or 0
    ) >= LARGE_KS


def _holds(p: float | None) -> bool | None:
    if p is None:
        return None
    return True if p <= RELATED else False if p > UNRELATED else None
