"""One form for the words that people type for a rule, so that each need not be spelled as it is here."""

from __future__ import annotations

import re
from functools import lru_cache

_BETWEEN = re.compile(r"[\s_\-\u2010-\u2015]+")
# British and American spelling, as far as names of rules may have both. What else this changes (noise, course) is
# changed alike in what was typed and in the name.
_BRITISH = (
    (re.compile(r"is(?=e|ing|ation)"), "iz"),
    (re.compile(r"ys(?=e|ing)"), "yz"),
    (re.compile(r"our"), "or"),
)


@lru_cache(maxsize=4096)
def normal(word: str) -> str:
    """Give the form in which two spellings of the same word are equal.

    Neither the case counts nor what stands between the parts, and British and American spelling are one:
    ``DEAD RELU`` and ``dead_relu`` are ``dead-relu``, ``over-fitting`` is ``overfitting``, ``regularisation`` is
    ``regularization``.

    Parameters
    ----------
    word : str
        Anything that was typed, or the code or name of a rule.
    """
    form = _BETWEEN.sub("", word.lower())
    for british, american in _BRITISH:
        form = british.sub(american, form)
    return form
