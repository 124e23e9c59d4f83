"""What all text passes on its way out, to a terminal, a log, a report, a tag, a message: one line, no secrets.

What a run or a server says is shown, never obeyed, and what gives access to a tracker stays inside. The secrets are
those that the environment names, and whatever looks like the user part of an address.
"""

from __future__ import annotations

import os
import re
import unicodedata
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import quote

T = TypeVar("T")

SECRETS = ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "WANDB_API_KEY", "TRACKER_DIAG_NOTIFY")
"""Variables of the environment whose values are never shown; the last holds addresses, separated by white space."""
SHORTEST = 4
"""Letters; a shorter password cannot be told from the words it is part of, and is known only inside an address."""
ADDRESSES = ("MLFLOW_TRACKING_URI", "WANDB_BASE_URL")
"""Variables that hold an address, whose password is a secret too."""
HIDDEN = "…"
_LONGEST_SECRET = 4096
_typed: set[str] = set()

_WORD = re.compile(r"""[^\s"'<>]+""")
_SLASHES = re.compile(r":/+|//+")

_JOINERS = "\u200c\u200d"  # part of Persian words and of emoji, and harmless
_SPACES = "\t\n\r\v\f\x85\u2028\u2029"


def well_formed(text: str) -> str:
    """Join surrogate pairs and replace lone surrogates, which no UTF-8 file can hold, by U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def clean(value: object, limit: int = 2000) -> str:
    r"""Make one line of text that moves no cursor, turns no direction of reading and ends within the limit.

    Line breaks become spaces. Control characters, bidirectional overrides and other invisible characters are shown as
    escapes (``\x1b``), since what a run calls a metric must not rewrite the line it stands in.
    """
    # Cut twice: what is redacted must not have been cut in two before, and no text is so long that it takes a second.
    text = redacted(well_formed(str(value)[: 2 * limit + _LONGEST_SECRET]))
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(char) for char in text)


def _visible(char: str) -> str:
    if char in _SPACES:
        return " "
    code = ord(char)
    hidden = unicodedata.category(char) in ("Cc", "Cf") and char not in _JOINERS
    if hidden or (code & 0xFFFE) == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return char


def redacted(text: str) -> str:
    """Replace what gives access: the values of ``SECRETS``, and the user part of anything like an address."""
    environment = tuple(os.environ.get(name, "") for name in (*SECRETS, *ADDRESSES))
    for secret in _secrets(environment, frozenset(_typed)):
        if secret in text:
            text = text.replace(secret, HIDDEN)
    return _WORD.sub(lambda word: _without_user(word[0]), text) if "@" in text else text


def _without_user(word: str) -> str:
    # A password may hold "/", "#" and "?", and then no parser of addresses finds it: what counts is the last "@".
    # Without a colon only what stands before the next slash is a user, as in https://token@host; an "@" further on
    # belongs to a path, as in s3://bucket/data@v2.
    before, sign, host = word.rpartition("@")
    start = _SLASHES.search(before)
    if not sign or start is None:
        return word
    user = before[start.end() :]
    return f"{before[: start.end()]}{HIDDEN}@{host}" if ":" in user or not set(user) & set("/?#") else word


def keep_secret(address: str) -> None:
    """Remember the password of an address that was typed, however malformed it is, so that it is never shown."""
    _typed.update(_passwords(address))


def redacted_data(value: T) -> T:
    """Redact every text in plain data, the keys of mappings among them."""
    return _redacted_data(value)  # type: ignore[no-any-return]


def _redacted_data(value: Any) -> Any:
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, dict):
        return {_redacted_data(key): _redacted_data(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted_data(inner) for inner in value]
    return value


@lru_cache(maxsize=4)
def _secrets(environment: tuple[str, ...], typed: frozenset[str]) -> tuple[str, ...]:
    values, addresses = environment[: len(SECRETS)], environment[len(SECRETS) :]
    found = {word for value in values for word in (value, *value.split())}
    found |= typed.union(*(_passwords(address) for address in addresses))
    found = {word for word in found if len(word) >= SHORTEST}
    # Longest first: a part of a secret must not be cut out of it before the whole is found.
    return tuple(sorted(found | {quote(word, safe="") for word in found}, key=len, reverse=True))


def _passwords(address: str) -> set[str]:
    """What stands before the last "@", without scheme and slashes: whole, and what follows its first colon."""
    user, sign, _ = address.rpartition("@")
    if not sign:
        return set()
    user = re.sub(r"^(?:[A-Za-z][A-Za-z0-9+.-]*:/+|/+|https?:)", "", user)
    return {user, user.partition(":")[2]}
