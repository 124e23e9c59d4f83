"""What a run holds about its data: the dataset profile, whatever state it is in, and the inputs it declared."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from tracker_diag.core.declared import Input as Input
from tracker_diag.core.declared import read_input, rows_of, told_apart
from tracker_diag.core.profile_schema import (
    PROFILE_VERSION,
    Across,
    Columns,
    Feature,
    Overlap,
    Profile,
    Shift,
    Side,
    Target,
    shown,
)

T = TypeVar("T")

#: What a rule that needs the profile asks for.
WHAT_TO_LOG = (
    "log a dataset profile: mlflow.log_dict(tracker_diag.profile_data(X, y, X_val, y_val), 'diagnosis/profile.json')"
)

#: Features that are read of a profile; its aggregates speak for the others.
MAX_FEATURES = 300
#: Notes that are kept of one profile.
MAX_NOTES = 5


@dataclass(frozen=True, slots=True)
class Dataset:
    """All that a run holds about its data: the profile, completed by the declared inputs.

    Attributes
    ----------
    kind : str or None
        ``table``, ``image`` or ``text``.
    train, validation : Side
        The examples of each side; what is not known of one is None.
    columns : Columns
        Aggregates over the columns of the training side.
    target : Target
        What is to be learned.
    overlap : Overlap
        Examples that both sides hold.
    shift : Shift
        How the features differ between the sides.
    across : Across
        What training examples say of the targets of validation.
    inputs : tuple of Input
        The declared ones.
    notes : tuple of str
        What was left out, in words.
    """

    kind: str | None = None
    train: Side = field(default_factory=Side)
    validation: Side = field(default_factory=Side)
    columns: Columns = field(default_factory=Columns)
    target: Target = field(default_factory=Target)
    overlap: Overlap = field(default_factory=Overlap)
    shift: Shift = field(default_factory=Shift)
    across: Across = field(default_factory=Across)
    inputs: tuple[Input, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def silent(self) -> bool:
        """Whether it says nothing: no facts, and no two digests to compare."""
        sides = {i.side for i in self.inputs if i.digest}
        if self.outputs is not None:
            return False
        return replace(self, inputs=(), notes=()) == _SILENT and not {"train", "validation"} <= sides

    @property
    def features(self) -> tuple[Feature, ...]:
        """The described columns of the training side."""
        return tuple(self.train.features or ())

    @property
    def numbers(self) -> tuple[Feature, ...]:
        """Those of them that hold numbers which vary, and of which mean and deviation are known."""
        return tuple(f for f in self.features if f.kind != "category" and f.size and not f.near_constant)

    @property
    def outputs(self) -> int | None:
        """Numbers that make up the target of one example, as the training inputs say with one voice."""
        return _agreed(i.outputs for i in self._trained)

    @property
    def n_features(self) -> int | None:
        """Columns of the training side: as profiled, else as its inputs say with one voice."""
        return self.columns.count or _agreed(i.columns for i in self._trained)

    @property
    def _trained(self) -> tuple[Input, ...]:
        return tuple(i for i in self.inputs if i.side == "train")


def _agreed(values: Iterable[T | None]) -> T | None:
    """What all that is said comes to, where it is one thing."""
    said = {v for v in values if v is not None}
    return said.pop() if len(said) == 1 else None


_SILENT = Dataset()


def read_profile(data: Any) -> Dataset:
    """Read a dataset profile, whatever it holds.

    Parameters
    ----------
    data : mapping
        As ``tracker_diag.profile_data`` makes it; anything else gives a dataset of which nothing is known, and a note.

    Returns
    -------
    Dataset
        In bounded time: at most 300 features and 10,000 entries of anything else. Values that do not fit, or
        contradict each other, are left out and noted.
    """
    if not isinstance(data, Mapping):
        return Dataset(notes=(f"dataset profile: {type(data).__name__} instead of a mapping, so it was not read",))
    notes: list[str] = []
    known = {key: data[key] for key in Profile.model_fields if key in data}
    if len(data) > len(known):
        unknown = len(data) - len(known)
        notes.append(f"{unknown:,} unknown key{'s' * (unknown != 1)} ignored")
    version = known.setdefault("schema_version", PROFILE_VERSION)
    if not isinstance(version, int | float) or isinstance(version, bool) or version != PROFILE_VERSION:
        notes.append(
            f"schema version {shown(version)} instead of {PROFILE_VERSION}: only the parts that agree were read"
        )
    for name in ("train", "validation"):
        side = known.get(name)
        features = side.get("features") if isinstance(side, Mapping) else None
        if isinstance(side, Mapping) and isinstance(features, list):
            if len(features) > MAX_FEATURES:
                notes.append(f"only the first {MAX_FEATURES} of {len(features):,} features were read")
            kept = [f for f in features[:MAX_FEATURES] if isinstance(f, dict)]
            known[name] = {key: side[key] for key in Side.model_fields if key in side} | {"features": kept}
    profile = Profile.model_validate(known, context=notes)
    dataset = _consistent(
        Dataset(
            kind=profile.kind,
            train=profile.train or Side(),
            validation=profile.validation or Side(),
            columns=profile.columns or Columns(),
            target=profile.target or Target(),
            overlap=profile.overlap or Overlap(),
            shift=profile.shift or Shift(),
            across=profile.across or Across(),
        ),
        notes,
    )
    return replace(dataset, notes=_few(notes))


def read_dataset(
    profile: Any, inputs: Sequence[Mapping[str, Any]], *, validated: bool = True, held_out: float = 0.0
) -> Dataset | None:
    """Join the profile of a run and the inputs it declared; None where it has neither.

    Parameters
    ----------
    profile : mapping or None
        As ``read_profile`` takes it.
    inputs : sequence of mappings
        ``Run.datasets``; their ``profile`` and ``schema`` as MLflow writes them.
    validated : bool
        Whether the run has validation curves. Without any, a training set that was declared as evaluated on is no
        validation set.
    held_out : float
        Share of the declared training data on which the run validates; 0 where validation data are given apart.
    """
    if profile is None and not inputs:
        return None
    dataset = Dataset() if profile is None else read_profile(profile)
    declared = told_apart(map(read_input, inputs[:100]), validated)
    rows = {side: rows_of(declared, side) for side in ("train", "validation")}
    if rows["train"] is not None and rows["validation"] is None and 0 < held_out < 1:
        kept = math.floor(rows["train"] * (1 - held_out))
        rows = {"train": kept, "validation": rows["train"] - kept}
    changes: dict[str, Any] = {"inputs": declared}
    for name, count in rows.items():
        side: Side = getattr(dataset, name)
        if side.rows is None and count is not None:
            changes[name] = side.model_copy(update={"rows": count})
    return replace(dataset, **changes)


def _few(notes: list[str]) -> tuple[str, ...]:
    kept = [f"dataset profile: {n}" for n in dict.fromkeys(notes)]
    more = len(kept) - MAX_NOTES
    return (*kept[:MAX_NOTES], f"dataset profile: {more:,} more note{'s' * (more != 1)}") if more > 0 else tuple(kept)


def _consistent(dataset: Dataset, notes: list[str]) -> Dataset:
    """Leave out what contradicts itself: nothing says which of the two is right."""
    train, validation, target = dataset.train, dataset.validation, dataset.target
    overlap = dataset.overlap
    for name, side in (("train", train), ("validation", validation)):
        seen = side.rows_read if side.rows_read is not None else side.rows
        parts = (side.duplicates, side.conflicts, side.non_finite_rows)
        if seen is not None and any(p is not None and p > seen for p in parts):
            notes.append(f"{name}: some counts exceed the number of examples, so they were ignored")
            bare = side.model_copy(update={"duplicates": None, "conflicts": None, "non_finite_rows": None})
            train, validation = (bare, validation) if name == "train" else (train, bare)
    counts = target.class_counts
    if counts is not None and (
        any(n < 0 for n in counts.values())
        or (target.n_classes is not None and len(counts) > target.n_classes)
        or (target.kind == "classification" and train.rows is not None and sum(counts.values()) > train.rows)
    ):
        notes.append("class_counts contradict the number of classes or examples, so they were ignored")
        target = target.model_copy(update={"class_counts": None, "largest_class": None, "smallest_class": None})
    if _above(target.smallest_class, target.largest_class):
        notes.append("smallest_class is above largest_class, so both were ignored")
        target = target.model_copy(update={"largest_class": None, "smallest_class": None})
    if _above(target.smallest_label, target.largest_label):
        notes.append("smallest_label is above largest_label, so both were ignored")
        target = target.model_copy(update={"largest_label": None, "smallest_label": None})
    if overlap.rows is not None and validation.rows is not None and overlap.rows > validation.rows:
        notes.append("more overlapping examples than validation examples, so the overlap was ignored")
        overlap = Overlap()
    shift = dataset.shift
    if _above(shift.shifted, shift.tested):
        notes.append("more shifted features than tested ones, so the shift was ignored")
        shift = Shift()
    crossed = [f for f in dataset.features if _above(f.min, f.max)]
    if crossed:
        notes.append(f"{len(crossed):,} feature{'s' * (len(crossed) != 1)} with a minimum above the maximum ignored")
        train = train.model_copy(update={"features": [f for f in dataset.features if f not in crossed]})
    return replace(dataset, train=train, validation=validation, target=target, overlap=overlap, shift=shift)


def _above(low: float | None, high: float | None) -> bool:
    return low is not None and high is not None and low > high
