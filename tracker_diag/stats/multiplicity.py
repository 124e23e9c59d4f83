"""Many tests on one run: Benjamini–Hochberg over a named family."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def adjusted(p_values: Mapping[str, float]) -> dict[str, float]:
    """Benjamini–Hochberg adjusted p-values of a family of tests.

    The family is the caller's and must be fixed beforehand; NaN means a test that could not be made, and stays NaN
    without counting. Valid under independence or positive dependence.

    References
    ----------
    Benjamini and Hochberg (1995) JRSS B 57:289. SciPy's ``false_discovery_control`` does the arithmetic.
    """
    from scipy.stats import false_discovery_control  # a slow import that most callers never need

    made = {name: p for name, p in p_values.items() if not np.isnan(p)}
    if not made:
        return dict(p_values)
    result = false_discovery_control(list(made.values()))
    return dict(p_values) | dict(zip(made, (float(p) for p in result), strict=True))
