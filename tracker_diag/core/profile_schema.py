"""The dataset profile's schema: one set of models, by which it is written and read.

Every field is optional. On reading, a value that does not fit its field is left out and noted, so that a foreign,
broken or oversized profile costs its own facts and nothing else.
"""

from __future__ import annotations

import math
import numbers
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core.core_schema import ValidationInfo

PROFILE_VERSION = 1
#: Entries of any other list or mapping that are looked at.
MAX_ENTRIES = 10_000
#: A deviation below this share of a column's size is rounding: the resolution of single precision, with a margin of
#: ten.
RESOLUTION = 1e-6
#: The quantiles of a feature, in this order.
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def _leave_out(value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    notes: list[str] = info.context if isinstance(info.context, list) else []
    try:
        if isinstance(value, numbers.Complex) and not isinstance(value, numbers.Real):
            # Its real part would be taken for the whole.
            notes.append(f"{info.field_name}: {shown(value)} is not valid, so it was ignored")
            return None
        if isinstance(value, dict | list | str) and len(value) > MAX_ENTRIES:
            notes.append(f"{info.field_name}: too many entries ({len(value):,}), so they were ignored")
            return None
        return handler(value)
    except (ValidationError, ArithmeticError):
        notes.append(f"{info.field_name}: {shown(value)} is not valid, so it was ignored")
        return None


def shown(value: Any) -> str:
    """Show a value in a note, shortly and whatever it is."""
    # repr of a large container, or of an integer of thousands of digits, is neither short nor always possible.
    return (
        repr(value)[:40]
        if isinstance(value, float | bool)
        else (repr(value[:40]) if isinstance(value, str) else f"a value of type {type(value).__name__}")
    )


_soft = WrapValidator(_leave_out)
Count = Annotated[int | None, Field(ge=0, le=10**15), _soft]
Whole = Annotated[int | None, Field(ge=-(10**15), le=10**15), _soft]
BoundedInt = Annotated[int, Field(ge=-(10**15), le=10**15)]
Real = Annotated[float | None, Field(allow_inf_nan=False), _soft]
Positive = Annotated[float | None, Field(allow_inf_nan=False, ge=0), _soft]
Share = Annotated[float | None, Field(ge=0, le=1), _soft]
Word = Annotated[str | None, Field(max_length=200), _soft]
Flag = Annotated[bool | None, _soft]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


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
        None, description="quantiles at 1%, 5%, 25%, 50%, 75%, 95% and 99%"
    )
    skewness: Real = Field(None, description="third standardised moment")
    box_cox: Real = Field(None, description="lambda of the Box-Cox transform, for skewed positive features")
    yeo_johnson: Real = Field(None, description="lambda of the Yeo-Johnson transform, for skewed features")
    skewness_after: Real = Field(
        None, description="skewness after the Box-Cox transform, else after the Yeo-Johnson transform"
    )
    exponential_distance: Share = Field(
        None, description="Kolmogorov-Smirnov distance to the exponential distribution with its minimum and mean"
    )
    missing: Share = Field(None, description="share of NaN")
    infinite: Count = Field(None, description="number of infinite values")
    distinct: Count = Field(None, description="number of distinct values")
    whole: Flag = Field(None, description="whether all values are whole numbers")
    clusters: Count = Field(None, description="groups of values separated by empty space; usually 1")
    gap: Share = Field(
        None, description="widest empty space between two groups, as a share of the range from 1% to 99%"
    )
    information: Positive = Field(None, description="mutual information with the target in bits, computed from bins")
    information_p: Share = Field(None, description="p-value of no mutual information (G-test)")
    validation: Annotated[Described | None, _soft] = None
    smd: Real = Field(None, description="standardised mean difference, validation minus training")
    ks: Share = Field(None, description="Kolmogorov-Smirnov distance between training and validation")
    shift_p: Share = Field(
        None,
        description="p-value of equal distributions on both sides: Kolmogorov-Smirnov for numbers, else χ²",
    )
    shift_p_adjusted: Share = Field(None, description="the same, corrected for all features tested")

    @property
    def size(self) -> float | None:
        """Root mean square: what a network feels of a feature, offset included."""
        return None if self.mean is None or self.std is None else math.hypot(self.mean, self.std)

    @property
    def near_constant(self) -> bool:
        """Whether it varies by less than single precision resolves, with a margin of ten."""
        return self.std is not None and self.size is not None and self.std <= RESOLUTION * self.size

    @property
    def varies(self) -> bool:
        """Whether it is a number with more than two values, and not near-constant."""
        return self.kind != "category" and bool(self.size) and not self.near_constant and self.distinct != 2

    @property
    def logarithmic(self) -> bool:
        """Whether it is exponential or log-normal: never negative, over an order of magnitude, mended by a logarithm.

        That is where the power that suits it best is near 0; for an exponential distribution it is 0.27.
        """
        power = self.box_cox if self.box_cox is not None else self.yeo_johnson
        if self.min is None or self.min < 0 or power is None or self.quantiles is None or (self.skewness or 0) < 1:
            return False
        return abs(power) <= 0.35 and self.quantiles[5] >= 10 * self.quantiles[1]

    @property
    def label(self) -> str:
        """Its name, for a message."""
        return self.name or "an unnamed feature"


class Relation(_Part):
    """What the nearest other examples say of an example's target, against targets dealt out at random."""

    rows: Count = Field(None, description="examples tested, without exact copies")
    neighbours: Count = Field(None, description="nearest neighbours used for each example")
    agreement: Real = Field(
        None,
        description="share of labels equal to the majority of the neighbours' labels; for regression, R² of their mean",
    )
    chance: Real = Field(None, description="mean agreement with permuted targets")
    p: Share = Field(
        None,
        description="permutation p-value of no relation; for labels, of the neighbours that share them, by class",
    )
    noise: Share = Field(
        None,
        description="estimated share of wrong labels, if p is at most 0.01; overlapping classes raise it",
    )
    strong_disagreements: Count = Field(
        None, description="examples where at least 90% of the neighbours agree on another class"
    )


class Images(_Part):
    """What the images of one side look like."""

    height: Count = None
    width: Count = None
    channels: Count = None
    low: Real = Field(None, description="lowest pixel value")
    high: Real = None
    mean: Real = Field(None, description="mean of all finite pixels")
    std: Positive = None


class Texts(_Part):
    """What the texts of one side look like; none of them is held."""

    read: Count = Field(None, description="number of texts read")
    characters: Annotated[list[float] | None, Field(min_length=7, max_length=7), _soft] = Field(
        None, description="text lengths at the quantiles 1%, 5%, 25%, 50%, 75%, 95% and 99%"
    )
    words: Annotated[list[float] | None, Field(min_length=7, max_length=7), _soft] = Field(
        None, description="the same in words, split at white space"
    )
    empty: Share = Field(None, description="share of texts that are missing or only white space")
    duplicates: Share = Field(None, description="share of texts that repeat an earlier one exactly")
    distinct_words: Count = None


class Side(_Part):
    """The examples of one side, training or validation."""

    rows: Count = Field(None, description="number of examples")
    rows_scanned: Count = Field(
        None, description="examples used for means, deviations, extremes and counts of missing values"
    )
    rows_read: Count = Field(None, description="examples used for all other figures")
    duplicates: Count = Field(None, description="examples that repeat an earlier one exactly")
    twins: Share = Field(None, description="share of examples with at least one exact copy")
    conflicts: Count = Field(None, description="examples with an exact copy that has another label")
    constant_share: Share = Field(None, description="share of examples that consist of one repeated number")
    zero_share: Share = Field(None, description="share of examples that are all zeros")
    non_finite: Count = Field(None, description="number of NaN or infinite values")
    non_finite_rows: Count = Field(None, description="examples with such a value")
    labels_sorted: Flag = Field(
        None, description="whether neighbouring examples mostly have the same or a similar target"
    )
    relation: Annotated[Relation | None, _soft] = None
    images: Annotated[Images | None, _soft] = None
    texts: Annotated[Texts | None, _soft] = None
    features: Annotated[list[Feature] | None, _soft] = Field(None, description="training features")


class Columns(_Part):
    """What is known of all columns, those that are not described included."""

    count: Count = None
    described: Count = Field(None, description="number of columns that `features` describes")
    near_constant: Count = Field(
        None, description="columns with a standard deviation below a millionth of their root mean square"
    )
    non_finite: Count = Field(None, description="columns with NaN or infinite values")
    skewed: Count = Field(None, description="columns with a skewness above 2 or below -2")
    smallest_scale: Positive = Field(
        None, description="smallest root mean square of a column that is not near-constant and has more than two values"
    )
    smallest_scale_name: Word = None
    largest_scale: Positive = None
    largest_scale_name: Word = None


class Order(_Part):
    """Whether the examples lie in an order of their targets."""

    autocorrelation: Real = Field(
        None,
        description="autocorrelation of neighbouring targets: 0 if shuffled, near 1 if sorted; of ranks for regression",
    )
    p: Share = Field(None, description="p-value of unrelated neighbours")
    is_sorted: Flag = Field(None, description="whether the targets never decrease, or never increase")


class Target(_Part):
    """What is to be predicted."""

    kind: Annotated[Literal["classification", "multilabel", "regression"] | None, _soft] = None
    n_classes: Count = None
    class_counts: Annotated[dict[str, BoundedInt] | None, _soft] = Field(
        None, description="examples per class, for up to 1,000 classes"
    )
    largest_class: Count = Field(None, description="examples in the most frequent class")
    smallest_class: Count = Field(None, description="examples in the rarest class")
    smallest_label: Whole = Field(None, description="smallest label, where labels are whole numbers")
    largest_label: Whole = None
    unseen: Count = Field(None, description="validation examples whose label does not occur in training")
    non_finite: Count = Field(None, description="targets that are missing, NaN or infinite")
    mean: Real = None
    variance: Positive = Field(None, description="variance, averaged over the outputs")
    order: Annotated[Order | None, _soft] = None


class Overlap(_Part):
    """Examples that lie on both sides."""

    rows: Count = Field(None, description="validation examples that also occur in training")
    share: Share = Field(None, description="share of the validation examples; scaled up if training was sampled")
    nearly_equal: Share = Field(
        None, description="share of validation images with a nearly equal training image, copies included"
    )


class Shift(_Part):
    """How the described features differ between the sides."""

    tested: Count = Field(None, description="number of features tested")
    shifted: Count = Field(None, description="number of features that differ at the 1% level after correction")
    largest_ks: Share = Field(None, description="largest Kolmogorov-Smirnov distance of a feature that differs")
    largest_ks_name: Word = None


class Across(_Part):
    """What the nearest training examples say of a validation example's target, against targets dealt out at random."""

    rows: Count = Field(None, description="validation examples tested, without those that also occur in training")
    neighbours: Count = Field(None, description="nearest training examples used for each example")
    agreement: Real = Field(
        None,
        description="share of labels equal to the majority of the neighbours' labels; for regression, R² of their mean",
    )
    chance: Real = Field(None, description="mean agreement with permuted validation targets")
    p: Share = Field(None, description="permutation p-value of no relation")


class Profile(_Part):
    """Facts of a dataset, as it is fed to the network."""

    schema_version: Whole = PROFILE_VERSION
    kind: Annotated[Literal["table", "image", "text"] | None, _soft] = None
    train: Annotated[Side | None, _soft] = None
    validation: Annotated[Side | None, _soft] = None
    columns: Annotated[Columns | None, _soft] = None
    target: Annotated[Target | None, _soft] = None
    overlap: Annotated[Overlap | None, _soft] = None
    shift: Annotated[Shift | None, _soft] = None
    across: Annotated[Across | None, _soft] = None
