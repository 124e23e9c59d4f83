"""Weighs the evidence for and against a cause."""

from __future__ import annotations

import math
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tracker_diag.core.finding import Finding, Prescription
from tracker_diag.core.numbers import figure, share, times

Source = Literal["curves", "data", "params", "siblings"]

#: Folders of rules whose causes lie in the data: what a learning curve alone shows of them, other causes show as well.
OF_DATA = ("data", "preprocessing")

#: What the likelihood ratios of the curves may multiply to for a cause in the data that nothing sets apart: neither a
#: sign of its own, nor data, nor siblings.
SHARED_MOST = 3.0


class _Said(string.Formatter):
    """Fills in a text; ``{cost:times}``, ``{cost:figure}`` and ``{cost:share}`` are written as sentences say them."""

    def format_field(self, value: Any, format_spec: str) -> str:
        write = _WRITTEN.get(format_spec)
        return super().format_field(value, format_spec) if write is None else write(value)


_WRITTEN = {write.__name__: write for write in (figure, share, times)}
_SAID = _Said()


@dataclass(frozen=True, slots=True)
class Observation:
    """One observation, and how much likelier it is if the cause holds than if it does not.

    Attributes
    ----------
    text : str
        The observation, in words that follow "because".
    ratio : float
        Likelihood ratio, positive; above 1 it speaks for the cause, below 1 against it.
    source : str
        Where it was seen: ``curves``, ``data`` (profile, layers, gradients), ``params`` or ``siblings``.
    key : str
        The row of the cause's table of likelihood ratios.
    own : bool
        Whether hardly another cause leaves it: the signature of this one.
    """

    text: str
    ratio: float
    source: Source = "curves"
    key: str = ""
    own: bool = False


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """A row of a cause's table: what may be observed, and its likelihood ratio.

    The table is a class whose attributes are rows. Called, a row gives the ``Observation`` of an observation.

    Attributes
    ----------
    value : float
        Likelihood ratio, positive; above 1 it speaks for the cause, below 1 against it.
    text : str
        The observation, in words that follow "because"; what is seen of the run stands in braces, with a format
        that Python knows, or ``figure``, ``times`` or ``share`` (``tracker_diag.core.numbers``).
    source : str
        Where it is seen: ``curves``, ``data`` (profile, layers, gradients), ``params`` or ``siblings``.
    most : float or None
        Where the ratio grows with what is seen, the most it may come to.
    own : bool
        Whether hardly another cause leaves it: the signature of this one. What is seen of curves alone is shared by
        several causes unless it says so.
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
            raise ValueError(f"{self.text!r}: a likelihood ratio is positive, not {self.value:g}")

    def __set_name__(self, owner: type, name: str) -> None:
        object.__setattr__(self, "key", name)

    def __call__(self, times: float = 1.0, **seen: Any) -> Observation:
        """The observation, with what was seen put into the text.

        Parameters
        ----------
        times : float
            How many times ``value`` the ratio is, up to ``most``; the text may show it as ``{times}``.
        **seen
            What the text shows.

        Raises
        ------
        ValueError
            If the ratio is to grow, and the row does not say how far.
        """
        if times != 1 and self.most is None:
            raise ValueError(f"{self.key}: a ratio that grows with what is seen needs the most that it may come to")
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
        Odds of the cause among runs that somebody worries about, before anything is seen.
    observations : tuple of Observation
        Taken to be independent of each other, whether the cause holds or not, so that their ratios multiply.
    prescription : Prescription
        What to change if the cause holds.
    settles : str
        What to log or run to be sure.
    verdict : str
        What a run with this cause is called where its curves alone would pass for a good fit; empty where the cause
        says nothing of them.
    shared_most : float
        What the likelihood ratios of curves may multiply to while nothing sets the cause apart (``set_apart``): a flat
        or an overfitted curve is left by many causes, and speaks for none.
    """

    prior: float = 0.05
    observations: tuple[Observation, ...] = ()
    prescription: Prescription = field(default_factory=lambda: Prescription(""))
    settles: str = ""
    verdict: str = ""
    shared_most: float = math.inf

    @property
    def set_apart(self) -> bool:
        """Whether it has a reason of its own: its signature, or what data or siblings say for it."""
        return any(s.ratio > 1 and (s.own or s.source in ("data", "siblings")) for s in self.observations)

    @property
    def only_shared(self) -> bool:
        """Whether ``shared_most`` holds: nothing sets a cause apart whose signs on curves are those of others too."""
        return not self.set_apart and self.shared_most < math.inf

    @property
    def odds(self) -> float:
        """Prior odds times all likelihood ratios; of curves alone at most ``shared_most``, unless set apart."""
        return self.prior * self.seen_ratio * math.prod(s.ratio for s in self.observations if s.source == "params")

    @property
    def seen_ratio(self) -> float:
        """The likelihood ratios of what curves and data say, without what the configuration says."""
        curves = math.prod(s.ratio for s in self.observations if s.source == "curves")
        others = math.prod(s.ratio for s in self.observations if s.source in ("data", "siblings"))
        return others * (min(curves, self.shared_most) if self.only_shared else curves)
