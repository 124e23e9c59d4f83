"""Facts of texts: counts and lengths, never a word of them."""

from __future__ import annotations

import numpy as np

from tracker_diag.core.profile_schema import QUANTILES, Texts
from tracker_diag.profile.table import Table

#: Texts whose words are counted.
COUNTED = 20_000


def texts(data: Table) -> Texts | None:
    """Describe the texts of one side; None where its examples are none.

    Parameters
    ----------
    data : Table
        The side; up to 20,000 texts, evenly spread over those read, are counted.
    """
    if data.texts is None:
        return None
    some = np.linspace(0, data.texts.size - 1, min(COUNTED, data.texts.size)).astype(np.intp)
    held = [t if isinstance(t, str) else "" for t in data.texts[some]]
    words = [t.split() for t in held]
    return Texts(
        read=len(held),
        characters=[float(q) for q in np.quantile([len(t) for t in held], QUANTILES)],
        words=[float(q) for q in np.quantile([len(w) for w in words], QUANTILES)],
        empty=sum(not w for w in words) / len(words),
        duplicates=1 - len(set(held)) / len(held),
        distinct_words=len({w for one in words for w in one}),
    )
