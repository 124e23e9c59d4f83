"""MLflow's search syntax, tried on runs that are at hand.

MLflow's own stores search too, and change the tables of a database that another version made when they open it. So only
its parser is used; what a filter means is decided here, as the newest MLflow's SQL store does. Two things differ: older
servers find a NaN in comparisons, and SQLite's ILIKE folds the case of ASCII letters only.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tracker_diag.adapters.base import QueryError

ATTRIBUTES = ("run_id", "run_name", "user_id", "status", "start_time", "end_time", "artifact_uri")
"""What MLflow calls a run's own fields."""


def name_filter(name: str) -> str:
    """Write the filter for runs of exactly this name; empty for one with both kinds of quotes, which no filter holds.

    Parameters
    ----------
    name : str
        Of a run.
    """
    quote = next((quote for quote in ("'", '"') if quote not in name), "")
    # MLflow's parser takes a backslash for an escape, and ends a line where there is a break.
    return f"attributes.run_name = {quote}{name}{quote}" if quote and "\\" not in name and name.isprintable() else ""


@dataclass(frozen=True, slots=True)
class Searchable:
    """What a filter can ask of a run; parts that a filter does not ask for may be left empty.

    Attributes
    ----------
    attributes : mapping of str to object
        By the names of ``ATTRIBUTES``; None, or left out, where there is no value.
    tags, params : mapping of str to str
        As they are stored.
    metrics : mapping of str to float
        Last values, those of system metrics among them.
    datasets : sequence of mappings
        ``name``, ``digest`` and ``context`` of each, None where there is none.
    """

    attributes: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    datasets: Sequence[Mapping[str, Any]] = ()


@lru_cache(maxsize=64)
def _pattern(like: str, flags: int) -> re.Pattern[str]:
    first, *rest = (re.escape(part).replace("_", ".") for part in like.split("%"))
    if not rest:
        return re.compile(first, flags | re.DOTALL)
    # What stands between two % is taken where it is found first, and never sought again: with many of them, going back
    # would take exponential time.
    between = "".join(f"(?>.*?{part})" for part in rest[:-1])
    return re.compile(f"{first}{between}.*{rest[-1]}", flags | re.DOTALL)


_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "IN": lambda found, values: found in values,
    "NOT IN": lambda found, values: found not in values,
    "LIKE": lambda found, like: _pattern(like, 0).fullmatch(found),
    "ILIKE": lambda found, like: _pattern(like, re.IGNORECASE).fullmatch(found),
}
_FIELDS: Mapping[str, Callable[[Searchable], Mapping[str, Any]]] = {
    "attribute": lambda run: run.attributes,
    "tag": lambda run: run.tags,
    "parameter": lambda run: run.params,
    "metric": lambda run: run.metrics,
}


@dataclass(frozen=True, slots=True)
class _Clause:
    """One comparison of a filter, in MLflow's terms: ``parameter``, ``lr``, ``=``, ``"0.1"``."""

    kind: str
    key: str
    comparator: str
    value: Any

    def holds(self, run: Searchable) -> bool:
        if self.kind == "dataset":
            return any(self._compare(dataset[self.key]) for dataset in run.datasets)
        found = _FIELDS[self.kind](run).get(self.key)
        if self.comparator in ("IS NULL", "IS NOT NULL"):
            return (found is None) == (self.comparator == "IS NULL")
        return self._compare(found)

    def _compare(self, found: Any) -> bool:
        # As in SQL, what is absent is not unequal either.
        return found is not None and bool(_COMPARISONS[self.comparator](found, self.value))


@dataclass(frozen=True, slots=True)
class Filter:
    """Comparisons that all have to hold; none of them holds for every run."""

    _clauses: tuple[_Clause, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._clauses)

    def matches(self, run: Searchable) -> bool:
        """Whether the run is asked for."""
        return all(clause.holds(run) for clause in self._clauses)

    def keys(self, kind: str) -> frozenset[str]:
        """What of a run has to be known: keys of that kind (attribute, tag, parameter, metric, dataset)."""
        return frozenset(clause.key for clause in self._clauses if clause.kind == kind)


def read_filter(condition: str) -> Filter:
    """Read a filter in MLflow's syntax; an empty one asks for every run.

    Raises
    ------
    QueryError
        If the installed MLflow cannot read it.
    """
    if not condition.strip():
        return Filter()
    from mlflow.exceptions import MlflowException
    from mlflow.utils.search_utils import SearchUtils

    try:
        return Filter(tuple(_clause(parsed) for parsed in SearchUtils.parse_search_filter(condition)))
    except MlflowException as error:
        raise QueryError(f"the filter was refused: {str(error).partition(chr(10))[0]}") from None
    # Lists go through ast.literal_eval, whose errors MLflow passes on.
    except (ValueError, TypeError, MemoryError, RecursionError):
        raise QueryError(
            "the filter was refused: it is not in MLflow's syntax, as in \"params.lr = '0.1' and metrics.loss < 1\""
        ) from None


def _clause(parsed: Mapping[str, Any]) -> _Clause:
    from mlflow.utils.search_utils import SearchUtils

    kind, comparator, value = parsed["type"], parsed["comparator"].upper(), parsed["value"]
    key = SearchUtils.translate_key_alias(parsed["key"])
    # Each refuses the comparators that its kind does not know.
    known = (
        SearchUtils.is_metric(kind, comparator)
        or SearchUtils.is_param(kind, comparator)
        or SearchUtils.is_tag(kind, comparator)
        or SearchUtils.is_dataset(kind, comparator)
        or (
            key in ATTRIBUTES
            and (
                SearchUtils.is_string_attribute(kind, key, comparator)
                or SearchUtils.is_numeric_attribute(kind, key, comparator)
            )
        )
    )
    fits = isinstance(value, tuple | list) == (comparator in ("IN", "NOT IN"))
    if not known or not fits or comparator not in (*_COMPARISONS, "IS NULL", "IS NOT NULL"):
        raise QueryError(f"the filter was refused: {kind} {key!r} cannot be compared like that ({comparator})")
    # Some versions of the parser leave numbers as the texts that they were.
    is_number = kind == "metric" or (kind == "attribute" and key in SearchUtils.NUMERIC_ATTRIBUTES)
    return _Clause(kind, key, comparator, float(value) if is_number else value)
