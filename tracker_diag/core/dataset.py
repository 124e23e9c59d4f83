"""The dataset profile: its schema, and a reader that makes the best of whatever a run holds.

Every field is optional. On reading, a value that does not fit its field is left out and noted, so that a foreign,
broken or oversized profile costs its own facts and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core.core_schema import ValidationInfo

PROFILE_VERSION = 1

#: Features that are read of a profile; its aggregates speak for the others.
MAX_FEATURES = 300
#: Entries of any other list or mapping that are looked at.
MAX_ENTRIES = 10_000
#: Notes that are kept of one profile.
MAX_NOTES = 5
#: The quantiles of a feature, in this order.
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def _leave_out(value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    notes: list[str] = info.context if isinstance(info.context, list) else []
    try:
        if isinstance(value, dict | list | str) and len(value) > MAX_ENTRIES:
            notes.append(f"{info.field_name}: {len(value):,} entries are more than are read")
            return None
        return handler(value)
    except (ValidationError, ArithmeticError):
        notes.append(f"{info.field_name}: {_shown(value)} does not fit")
        return None


def _shown(value: Any) -> str:
    # repr of a large container, or of an integer of thousands of digits, is neither short nor always possible.
    return (
        repr(value)[:40]
        if isinstance(value, float | bool)
        else (repr(value[:40]) if isinstance(value, str) else f"a value of type {type(value).__name__}")
    )


_soft = WrapValidator(_leave_out)
Count = Annotated[int | None, Field(ge=0, le=10**15), _soft]
Whole = Annotated[int | None, Field(ge=-(10**15), le=10**15), _soft]
Real = Annotated[float | None, Field(allow_inf_nan=False), _soft]
Positive = Annotated[float | None, Field(allow_inf_nan=False, ge=0), _soft]
Share = Annotated[float | None, Field(ge=0, le=1), _soft]
Word = Annotated[str | None, Field(max_length=200), _soft]
Flag = Annotated[bool | None, _soft]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Side(_Part):
    """The examples of one side, training or validation."""

    rows: Count = Field(None, description="examples in all")
    rows_read: Count = Field(None, description="examples that the figures below rest on")
    duplicates: Count = Field(None, description="examples read that repeat an earlier one exactly")
    twins: Share = Field(None, description="share of the examples read that have at least one exact copy")
    conflicts: Count = Field(None, description="examples read whose exact copies carry another label")
    constant_rows: Count = Field(None, description="examples read whose values are all one number, zeros included")
    zero_share: Share = Field(None, description="share of the examples read that hold nothing but zeros")
    non_finite: Count = Field(None, description="values read that are NaN or infinite")
    non_finite_rows: Count = Field(None, description="examples read that hold such a value")


class Described(_Part):
    """The same feature on the validation side."""

    mean: Real = None
    std: Positive = None
    missing: Share = None


class Feature(_Part):
    """One column of the training side; for images, one channel over all its pixels."""

    name: Word = None
    kind: Annotated[Literal["number", "category"] | None, _soft] = None
    mean: Real = None
    std: Positive = None
    min: Real = None
    max: Real = None
    quantiles: Annotated[list[float] | None, Field(min_length=7, max_length=7), _soft] = Field(
        None, description="at 1, 5, 25, 50, 75, 95 and 99 %"
    )
    skewness: Real = Field(None, description="third standardised moment")
    box_cox: Real = Field(None, description="lambda of the Box-Cox transform; for skewed features above zero")
    yeo_johnson: Real = Field(None, description="lambda of the Yeo-Johnson transform; for skewed features")
    skewness_after: Real = Field(None, description="skewness after the first of these that applies")
    exponential_distance: Share = Field(
        None, description="Kolmogorov-Smirnov distance to the exponential distribution of the same minimum and mean"
    )
    missing: Share = Field(None, description="share of NaN")
    infinite: Count = Field(None, description="infinite values read")
    distinct: Count = Field(None, description="different values read")
    whole: Flag = Field(None, description="whether all values are whole numbers")
    clusters: Count = Field(None, description="groups of values with empty space between them; 1 is the usual")
    gap: Share = Field(None, description="widest empty space between two groups, as a share of the 1 to 99 % range")
    information: Positive = Field(None, description="mutual information with the target, in bits, from bins")
    information_p: Share = Field(None, description="p-value of that information being none (G-test)")
    validation: Annotated[Described | None, _soft] = None
    smd: Real = Field(None, description="standardised mean difference, validation minus training")
    ks: Share = Field(None, description="Kolmogorov-Smirnov distance between training and validation")


class Columns(_Part):
    """What is known of all columns, those that are not described included."""

    count: Count = None
    described: Count = Field(None, description="how many of them `features` describes")
    near_constant: Count = Field(None, description="columns whose deviation is below a millionth of their size")
    non_finite: Count = Field(None, description="columns that hold NaN or infinite values")
    skewed: Count = Field(None, description="columns with a skewness beyond 2")
    smallest_scale: Positive = Field(
        None, description="smallest root mean square of a column that is neither near-constant nor of two values"
    )
    smallest_scale_name: Word = None
    largest_scale: Positive = None
    largest_scale_name: Word = None


class Order(_Part):
    """Whether the examples lie in an order of their targets."""

    autocorrelation: Real = Field(
        None, description="of neighbours; 0 when shuffled, near 1 when sorted; of ranks for regression"
    )
    p: Share = Field(None, description="p-value of the neighbours being unrelated")
    is_sorted: Flag = Field(None, description="whether the targets never fall, or never rise")


class Target(_Part):
    """What is to be predicted."""

    kind: Annotated[Literal["classification", "multilabel", "regression"] | None, _soft] = None
    n_classes: Count = None
    class_counts: Annotated[dict[str, int] | None, _soft] = Field(None, description="for up to 1000 classes")
    largest_class: Count = Field(None, description="examples read of the most frequent class")
    smallest_class: Count = Field(None, description="examples read of the rarest class")
    smallest_label: Whole = Field(None, description="where labels are whole numbers")
    largest_label: Whole = None
    unseen: Count = Field(None, description="validation examples whose label does not occur in training")
    non_finite: Count = Field(None, description="targets read that are missing, NaN or infinite")
    mean: Real = None
    variance: Positive = Field(None, description="averaged over the outputs, where there are several")
    order: Annotated[Order | None, _soft] = None


class Overlap(_Part):
    """Examples that lie on both sides."""

    rows: Count = Field(None, description="validation examples read that were found among the training examples read")
    share: Share = Field(None, description="of the validation examples; scaled up where training was sampled")


class Profile(_Part):
    """Facts of a dataset, as it is fed to the network."""

    schema_version: Whole = PROFILE_VERSION
    kind: Annotated[Literal["table", "image"] | None, _soft] = None
    train: Annotated[Side | None, _soft] = None
    validation: Annotated[Side | None, _soft] = None
    columns: Annotated[Columns | None, _soft] = None
    features: Annotated[list[Feature] | None, _soft] = None
    target: Annotated[Target | None, _soft] = None
    overlap: Annotated[Overlap | None, _soft] = None


@dataclass(frozen=True, slots=True)
class Input:
    """A dataset that the run declared as an input (``mlflow.log_input``).

    Attributes
    ----------
    side : str
        ``train``, ``validation``, ``test``, or empty.
    digest : str
    rows, columns : int or None
    types : mapping of str to str
        Column name to type, where the schema names columns.
    """

    side: str
    digest: str
    rows: int | None
    columns: int | None
    types: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Dataset:
    """All that a run holds about its data: the profile, completed by the declared inputs.

    Attributes
    ----------
    kind : str or None
        ``table`` or ``image``.
    train, validation : Side
    columns : Columns
    features : tuple of Feature
    target : Target
    overlap : Overlap
    inputs : tuple of Input
    notes : tuple of str
        What was left out, in words.
    """

    kind: str | None = None
    train: Side = field(default_factory=Side)
    validation: Side = field(default_factory=Side)
    columns: Columns = field(default_factory=Columns)
    features: tuple[Feature, ...] = ()
    target: Target = field(default_factory=Target)
    overlap: Overlap = field(default_factory=Overlap)
    inputs: tuple[Input, ...] = ()
    notes: tuple[str, ...] = ()


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
        return Dataset(notes=(f"dataset profile: a mapping is needed, not {type(data).__name__}",))
    notes: list[str] = []
    known = {key: data[key] for key in Profile.model_fields if key in data}
    if len(data) > len(known):
        notes.append(f"{len(data) - len(known):,} unknown parts were ignored")
    version = known.setdefault("schema_version", PROFILE_VERSION)
    if version != PROFILE_VERSION or isinstance(version, bool):
        notes.append(f"schema version {_shown(version)} is not {PROFILE_VERSION}: read as far as it agrees")
    features = known.get("features")
    if isinstance(features, list) and len(features) > MAX_FEATURES:
        notes.append(f"{len(features):,} features: the first {MAX_FEATURES} were read")
        features = features[:MAX_FEATURES]
    if isinstance(features, list):
        known["features"] = [f for f in features if isinstance(f, dict)]
    # Mappings of other kinds than dict come from callers in Python; pydantic takes dict alone.
    known = {k: dict(v) if isinstance(v, Mapping) and not isinstance(v, dict) else v for k, v in known.items()}
    profile = Profile.model_validate(known, context=notes)
    dataset = _consistent(
        Dataset(
            kind=profile.kind,
            train=profile.train or Side(),
            validation=profile.validation or Side(),
            columns=profile.columns or Columns(),
            features=tuple(profile.features or ()),
            target=profile.target or Target(),
            overlap=profile.overlap or Overlap(),
        ),
        notes,
    )
    return replace(dataset, notes=_few(notes))


def read_dataset(profile: Any, inputs: Sequence[Mapping[str, Any]]) -> Dataset | None:
    """Join the profile of a run and the inputs it declared; None where it has neither.

    Parameters
    ----------
    profile : mapping or None
    inputs : sequence of mappings
        ``Run.datasets``; their ``profile`` and ``schema`` as MLflow writes them.
    """
    if profile is None and not inputs:
        return None
    dataset = Dataset() if profile is None else read_profile(profile)
    declared = tuple(_input(i) for i in inputs[:100])
    changes: dict[str, Any] = {"inputs": declared}
    for name in ("train", "validation"):
        side: Side = getattr(dataset, name)
        rows = [i.rows for i in declared if i.side == name and i.rows is not None]
        if side.rows is None and rows:
            changes[name] = side.model_copy(update={"rows": sum(rows)})
    return replace(dataset, **changes)


def _few(notes: list[str]) -> tuple[str, ...]:
    kept = [f"dataset profile: {n}" for n in dict.fromkeys(notes)]
    more = len(kept) - MAX_NOTES
    return (*kept[:MAX_NOTES], f"dataset profile: {more} more notes") if more > 0 else tuple(kept)


def _consistent(dataset: Dataset, notes: list[str]) -> Dataset:
    """Leave out what contradicts itself: nothing says which of the two is right."""
    train, validation, target = dataset.train, dataset.validation, dataset.target
    overlap, features = dataset.overlap, dataset.features
    for name, side in (("train", train), ("validation", validation)):
        seen = side.rows_read if side.rows_read is not None else side.rows
        parts = (side.duplicates, side.conflicts, side.constant_rows, side.non_finite_rows)
        if seen is not None and any(p is not None and p > seen for p in parts):
            notes.append(f"{name} counts more examples of a kind than it has: only its rows were taken")
            kept = Side(rows=side.rows, rows_read=side.rows_read)
            train, validation = (kept, validation) if name == "train" else (train, kept)
    counts = target.class_counts
    if counts is not None and (
        any(n < 0 for n in counts.values())
        or (target.n_classes is not None and len(counts) > target.n_classes)
        or (target.kind == "classification" and train.rows is not None and sum(counts.values()) > train.rows)
    ):
        notes.append("class_counts contradict the number of classes or examples: left out")
        target = target.model_copy(update={"class_counts": None, "largest_class": None, "smallest_class": None})
    if (target.smallest_class or 0) > (math.inf if target.largest_class is None else target.largest_class):
        notes.append("the rarest class is larger than the most frequent one: left out")
        target = target.model_copy(update={"largest_class": None, "smallest_class": None})
    if (target.smallest_label or 0) > (math.inf if target.largest_label is None else target.largest_label):
        notes.append("the smallest label is above the largest: left out")
        target = target.model_copy(update={"largest_label": None, "smallest_label": None})
    if overlap.rows is not None and validation.rows is not None and overlap.rows > validation.rows:
        notes.append("more examples overlap than validation has: left out")
        overlap = Overlap()
    crossed = [f for f in features if f.min is not None and f.max is not None and f.min > f.max]
    if crossed:
        notes.append(f"{len(crossed)} features have a minimum above their maximum: left out")
        features = tuple(f for f in features if f not in crossed)
    return replace(dataset, train=train, validation=validation, target=target, overlap=overlap, features=features)


def _input(data: Mapping[str, Any]) -> Input:
    context = str(data.get("context") or "").lower()
    side = next(
        (s for s, starts in _SIDES.items() if context.startswith(starts)),
        "",
    )
    profile = data.get("profile")
    profile = profile if isinstance(profile, Mapping) else {}
    shape = profile.get("features_shape")
    candidates = list(shape.values())[:MAX_ENTRIES] if isinstance(shape, Mapping) else [shape]
    shapes = [s for s in candidates if isinstance(s, list) and s and all(isinstance(n, int) and n >= 0 for n in s[:9])]
    rows = profile.get("num_rows")
    if rows is None and shapes:
        rows = shapes[0][0]
    columns = sum(s[1] if len(s) == 2 else 1 for s in shapes) if all(len(s) <= 2 for s in shapes) and shapes else None
    schema = data.get("schema")
    listed = schema.get("mlflow_colspec") if isinstance(schema, Mapping) else None
    types = {
        str(c["name"]): str(c.get("type"))
        for c in (listed[:MAX_ENTRIES] if isinstance(listed, list) else ())
        if isinstance(c, Mapping) and "name" in c
    }
    number = isinstance(rows, int) and not isinstance(rows, bool) and 0 <= rows < 10**15
    return Input(side, str(data.get("digest") or ""), rows if number else None, columns, types)


_SIDES = {"train": ("train", "fit"), "validation": ("val", "eval", "dev"), "test": ("test",)}
