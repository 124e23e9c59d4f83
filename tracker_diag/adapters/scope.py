"""Which experiments a query means."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from difflib import get_close_matches

from tracker_diag.adapters.base import Query, QueryError, UnknownRunError


def chosen(experiments: Mapping[str, str], query: Query) -> dict[str, str]:
    """Pick the experiments a query asks for.

    Parameters
    ----------
    experiments : mapping of str to str
        Id to name of all that can be seen and are not deleted.
    query : Query
        Its ``experiments`` and ``everything``; the rest of it is not looked at.

    Returns
    -------
    dict of str to str
        Id to name.

    Raises
    ------
    QueryError
        If the query names no scope.
    UnknownRunError
        If an experiment named without a pattern does not exist.
    """
    if query.everything:
        return dict(experiments)
    if not query.experiments:
        raise QueryError("no runs selected: name an experiment, or ask for all")
    names = set(experiments.values())
    wanted: set[str] = set()
    for pattern in query.experiments:
        if pattern in names:
            wanted.add(pattern)
        elif any(letter in pattern for letter in "*?["):
            wanted.update(fnmatch.filter(names, pattern))
        else:
            near = get_close_matches(pattern, names, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "check the name and the tracking URI"
            raise UnknownRunError(f"no experiment named {pattern!r}: {hint}")
    return {key: name for key, name in experiments.items() if name in wanted}
