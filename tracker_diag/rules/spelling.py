"""One form for the words that people type for a rule, so that each need not be spelled as it is here."""

from __future__ import annotations

import re
from functools import lru_cache

_BETWEEN = re.compile(r"[\s_\-\u2010-\u2015]+")
# British and American spelling, as far as names of rules may have both. What else these endings change (noise, rise)
# is changed alike in what was typed and in the name.
_BRITISH = (
    (re.compile(r"(?<=[a-z])is(?=(?:e|ed|es|ers?|ing|ations?)(?:-|$))"), "iz"),
    (re.compile(r"(?<=[a-z])ys(?=(?:e|ed|es|ers?|ing)(?:-|$))"), "yz"),
    (re.compile(r"(?<=[a-z])our(?=(?:s|ed|ing)?(?:-|$))"), "or"),
)


@lru_cache(maxsize=4096)
def normal(word: str) -> str:
    """Give the form in which two spellings of the same word are equal.

    Neither the case counts nor what stands between the parts, and British and American spelling are one:
    ``DEAD RELU`` and ``dead_relu`` are ``dead-relu``, ``regularisation`` is ``regularization``.

    Parameters
    ----------
    word : str
        Anything that was typed, or the code or name of a rule.
    """
    form = _BETWEEN.sub("-", word.strip().lower()).strip("-")
    for british, american in _BRITISH:
        form = british.sub(american, form)
    return form
