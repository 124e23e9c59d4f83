"""Many tests on one run: Benjamini–Hochberg over a named family."""

from __future__ import annotations

import math
from collections.abc import Mapping


def adjusted(p_values: Mapping[str, float]) -> dict[str, float]:
    """Benjamini–Hochberg adjusted p-values of a family of tests.

    The caller names the family, which must be fixed beforehand. NaN means a test that could not be made: it stays NaN
    and does not count. The adjustment is valid under independence or positive dependence.

    The arithmetic is that of SciPy's ``false_discovery_control``, whose import alone costs more than many diagnoses. A
    test checks that both agree.

    Parameters
    ----------
    p_values : mapping of str to float
        By the name of the test, each in [0, 1] or NaN.

    Returns
    -------
    dict of str to float
        By the same names, in the same order.

    References
    ----------
    Benjamini and Hochberg (1995) JRSS B 57:289.

    Examples
    --------
    >>> from tracker_diag.stats.multiplicity import adjusted
    >>> adjusted({"trend": 0.01, "gap": 0.02, "spikes": 0.5, "swings": float("nan")})
    {'trend': 0.03, 'gap': 0.03, 'spikes': 0.5, 'swings': nan}
    """
    made = sorted((p, name) for name, p in p_values.items() if not math.isnan(p))
    result, least = dict(p_values), 1.0
    for rank in range(len(made), 0, -1):
        p, name = made[rank - 1]
        least = min(least, p * len(made) / rank)
        result[name] = least
    return result
