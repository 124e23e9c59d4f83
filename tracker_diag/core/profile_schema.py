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
            notes.append(f"{info.field_name}: {shown(value)} does not fit")
            return None
        if isinstance(value, dict | list | str) and len(value) > MAX_ENTRIES:
            notes.append(f"{info.field_name}: {len(value):,} entries are more than are read")
            return None
        return handler(value)
    except (ValidationError, ArithmeticError):
        notes.append(f"{info.field_name}: {shown(value)} does not fit")
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
    shift_p: Share = Field(
        None, description="p-value of the same distribution on both sides: Kolmogorov-Smirnov for numbers, χ² otherwise"
    )
    shift_p_adjusted: Share = Field(None, description="the same, corrected over all features tested")

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

    rows: Count = Field(None, description="examples asked, exact copies left out")
    neighbours: Count = Field(None, description="nearest examples that answer for each")
    agreement: Real = Field(
        None,
        description="share of the labels that are those of the neighbours' majority; for regression, R² of their mean",
    )
    chance: Real = Field(None, description="mean of the same over permuted targets")
    p: Share = Field(
        None,
        description="permutation p-value of no relation; of labels, how many neighbours share them, class by class",
    )
    noise: Share = Field(
        None,
        description="estimated share of wrong labels, if p is at most 0.01; overlap of classes adds to it",
    )
    strong_disagreements: Count = Field(
        None, description="examples of which at least nine neighbours in ten agree on one other class"
    )


class Images(_Part):
    """What the images of one side look like."""

    height: Count = None
    width: Count = None
    channels: Count = None
    low: Real = Field(None, description="least value of a pixel")
    high: Real = None
    mean: Real = Field(None, description="of all finite pixels")
    std: Positive = None


class Texts(_Part):
    """What the texts of one side look like; none of them is held."""

    read: Count = Field(None, description="texts that these figures rest on")
    characters: Annotated[list[float] | None, Field(min_length=7, max_length=7), _soft] = Field(
        None, description="lengths at 1, 5, 25, 50, 75, 95 and 99 %"
    )
    words: Annotated[list[float] | None, Field(min_length=7, max_length=7), _soft] = Field(
        None, description="the same in words, divided by white space"
    )
    empty: Share = Field(None, description="share that is missing or white space alone")
    duplicates: Share = Field(None, description="share that repeats an earlier one exactly")
    distinct_words: Count = None


class Side(_Part):
    """The examples of one side, training or validation."""

    rows: Count = Field(None, description="examples in all")
    rows_scanned: Count = Field(
        None, description="examples that means, deviations, extremes and counts of missing values of numbers rest on"
    )
    rows_read: Count = Field(None, description="examples that the other figures rest on")
    duplicates: Count = Field(None, description="examples read that repeat an earlier one exactly")
    twins: Share = Field(None, description="share of the examples read that have at least one exact copy")
    conflicts: Count = Field(None, description="examples read whose exact copies carry another label")
    constant_share: Share = Field(None, description="share of the examples read that are one number throughout")
    zero_share: Share = Field(None, description="share of the examples read that hold nothing but zeros")
    non_finite: Count = Field(None, description="values read that are NaN or infinite")
    non_finite_rows: Count = Field(None, description="examples read that hold such a value")
    labels_sorted: Flag = Field(
        None, description="whether neighbouring examples mostly have the same or a close target"
    )
    relation: Annotated[Relation | None, _soft] = None
    images: Annotated[Images | None, _soft] = None
    texts: Annotated[Texts | None, _soft] = None
    features: Annotated[list[Feature] | None, _soft] = Field(None, description="of the training side")


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
    class_counts: Annotated[dict[str, BoundedInt] | None, _soft] = Field(None, description="for up to 1000 classes")
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
    nearly_equal: Share = Field(
        None, description="share of the validation images that have a nearly equal one in training, copies included"
    )


class Shift(_Part):
    """How the described features differ between the sides."""

    tested: Count = Field(None, description="features tested")
    shifted: Count = Field(None, description="those of them that differ at 1 % after the correction")
    largest_ks: Share = Field(None, description="largest Kolmogorov-Smirnov distance among those that differ")
    largest_ks_name: Word = None


class Across(_Part):
    """What the nearest training examples say of a validation example's target, against targets dealt out at random."""

    rows: Count = Field(None, description="validation examples asked, those that training holds left out")
    neighbours: Count = Field(None, description="nearest training examples that answer for each")
    agreement: Real = Field(
        None,
        description="share of the labels that are those of the neighbours' majority; for regression, R² of their mean",
    )
    chance: Real = Field(None, description="mean of the same over permuted validation targets")
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
