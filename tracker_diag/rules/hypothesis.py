"""Weighs the evidence for and against a cause."""

from __future__ import annotations

import math
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tracker_diag.core.finding import Finding, Prescription
from tracker_diag.core.numbers import figure, share, times

Source = Literal["curves", "data", "params", "siblings"]

#: Folders of rules whose causes lie in the data. Their traces in a learning curve look like those of other causes.
OF_DATA = ("data", "preprocessing")

#: Upper limit of the product of the likelihood ratios from curves, for a cause in the data that nothing sets apart: it
#: has no signature of its own, and neither data nor siblings point to it.
SHARED_MOST = 3.0


class _Said(string.Formatter):
    """Fills in a text; knows the formats ``times``, ``figure`` and ``share`` of ``tracker_diag.core.numbers``."""

    def format_field(self, value: Any, format_spec: str) -> str:
        write = _WRITTEN.get(format_spec)
        return super().format_field(value, format_spec) if write is None else write(value)


_WRITTEN = {write.__name__: write for write in (figure, share, times)}
_SAID = _Said()


@dataclass(frozen=True, slots=True)
class Observation:
    """One observation, and how much likelier it is with the cause than without it.

    Attributes
    ----------
    text : str
        The observation, in words that follow "because".
    ratio : float
        Likelihood ratio, positive. Above 1 it speaks for the cause, below 1 against it.
    source : str
        Where it was seen: ``curves``, ``data`` (profile, layers, gradients), ``params`` or ``siblings``.
    key : str
        The row of the cause's table of likelihood ratios.
    own : bool
        Whether it is the signature of this cause: hardly any other cause leaves it.
    """

    text: str
    ratio: float
    source: Source = "curves"
    key: str = ""
    own: bool = False

    @property
    def message(self) -> str:
        """The text as a finding begins with it: without a leading article."""
        return self.text.removeprefix("the ")


def foremost(observations: Iterable[Observation]) -> Observation:
    """The observation that a finding tells first.

    Parameters
    ----------
    observations : iterable of Observation
        At least one.

    Returns
    -------
    Observation
        The one that speaks most for the cause. What was seen in curves or data comes before the configuration, as long
        as it speaks for the cause at all.
    """
    return max(observations, key=lambda o: (o.ratio > 1 and o.source != "params", o.ratio))


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """A row of a cause's table: what may be observed, and its likelihood ratio.

    The table is a class whose attributes are rows. Calling a row gives an ``Observation``.

    Attributes
    ----------
    value : float
        Likelihood ratio, positive. Above 1 it speaks for the cause, below 1 against it.
    text : str
        The observation, in words that follow "because". Values of the run stand in braces, with a format that Python
        knows, or ``figure``, ``times`` or ``share`` (``tracker_diag.core.numbers``).
    source : str
        Where it is seen: ``curves``, ``data`` (profile, layers, gradients), ``params`` or ``siblings``.
    most : float or None
        The largest ratio, for a row whose ratio grows with what is seen.
    own : bool
        Whether it is the signature of this cause: hardly any other cause leaves it. Without it, an observation of
        curves is taken to be shared by several causes.
    key : str
        The row's name in its table.
    """

    value: float
    text: str
    source: Source = "curves"
    most: float | None = None
    own: bool = False
    key: str = field(default="", init=False)

    def __post_init__(self) -> None:
        if not self.value > 0:
            raise ValueError(f"{self.text!r}: a likelihood ratio must be positive, not {self.value:g}")

    def __set_name__(self, owner: type, name: str) -> None:
        object.__setattr__(self, "key", name)

    def __call__(self, times: float = 1.0, **seen: Any) -> Observation:
        """The observation, with the values of the run in its text.

        Parameters
        ----------
        times : float
            Factor on ``value``, up to ``most``. The text may show it as ``{times}``.
        **seen
            Values that the text shows.

        Raises
        ------
        ValueError
            If ``times`` is given and the row has no ``most``.
        """
        if times != 1 and self.most is None:
            raise ValueError(f"{self.key}: a ratio that grows needs an upper limit; set most=")
        ratio = self.value * times if self.most is None else min(self.most, self.value * times)
        return Observation(
            _SAID.vformat(self.text, (), {"times": times, **seen}), ratio, self.source, self.key, self.own
        )


def rows(table: type) -> Mapping[str, LikelihoodRatio]:
    """The rows of a table of likelihood ratios, in the order in which they are written."""
    return {
        key: row
        for kind in reversed(table.__mro__)
        for key, row in vars(kind).items()
        if isinstance(row, LikelihoodRatio)
    }


@dataclass(frozen=True, slots=True)
class Hypothesis(Finding):
    """A finding that names a cause.

    Attributes
    ----------
    prior : float
        Odds of the cause in a run that has a problem, before any evidence.
    observations : tuple of Observation
        Taken to be independent of each other given the cause, and given its absence, so that their ratios multiply.
    prescription : Prescription
        What to change if the cause holds.
    settles : str
        What to log or run to be sure.
    verdict : str
        The verdict of a run with this cause whose curves alone would pass for a good fit. Empty if the cause says
        nothing about the curves.
    shared_most : float
        The most that the likelihood ratios of curves may multiply to while nothing sets the cause apart
        (``set_apart``). Many causes leave a flat or an overfitted curve, so such a curve points to none of them.
    """

    prior: float = 0.05
    observations: tuple[Observation, ...] = ()
    prescription: Prescription = field(default_factory=lambda: Prescription(""))
    settles: str = ""
    verdict: str = ""
    shared_most: float = math.inf

    @property
    def set_apart(self) -> bool:
        """Whether something points to this cause in particular: its signature, data or siblings."""
        return any(s.ratio > 1 and (s.own or s.source in ("data", "siblings")) for s in self.observations)

    @property
    def only_shared(self) -> bool:
        """Whether ``shared_most`` applies: other causes leave the same curves, and nothing sets this one apart."""
        return not self.set_apart and self.shared_most < math.inf

    @property
    def odds(self) -> float:
        """Prior odds times all likelihood ratios, where ``shared_most`` may limit the product of those from curves."""
        return self.prior * self.seen_ratio * math.prod(s.ratio for s in self.observations if s.source == "params")

    @property
    def seen_ratio(self) -> float:
        """The product of the likelihood ratios of curves, data and siblings, without the configuration."""
        curves = math.prod(s.ratio for s in self.observations if s.source == "curves")
        others = math.prod(s.ratio for s in self.observations if s.source in ("data", "siblings"))
        return others * (min(curves, self.shared_most) if self.only_shared else curves)
