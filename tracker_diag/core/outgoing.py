"""What all text passes on its way out, to a terminal, a log, a report, a tag, a message: one line, no secrets.

What a run or a server says is shown, never obeyed, and what gives access to a tracker stays inside. The secrets are
those that the environment names, those that were typed, and whatever looks like the user part of an address.
"""

from __future__ import annotations

import html
import json
import os
import re
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote, unquote

from tracker_diag.core.foreign_json import read_json

T = TypeVar("T")
Known: TypeAlias = tuple[tuple[str, re.Pattern[str]], ...]
"""Secrets, longest first: a part that every spelling of one holds, and the pattern of all spellings."""

SECRETS = ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "WANDB_API_KEY")
"""Variables of the environment whose values are never shown."""
ADDRESSES = ("MLFLOW_TRACKING_URI", "WANDB_BASE_URL")
"""Variables that hold an address, whose password is a secret too."""
NOTIFY = "TRACKER_DIAG_NOTIFY"
"""The variable of ``--notify``: addresses, separated by white space, each a secret as a whole and in its parts."""
TYPED = "TRACKER_DIAG_TYPED"
"""The variable in which secrets that were typed are kept, as a JSON list: worker processes inherit it."""
SHORTEST = 4
"""Letters; a shorter password cannot be told from the words it is part of, and is known only inside an address."""
HIDDEN = "…"
_LONGEST_SECRET = 4096
_READ = (*SECRETS, *ADDRESSES, NOTIFY, TYPED, "MLFLOW_TRACKING_USERNAME")

_WORD = re.compile(r"\S+")
# Where the user part of an address may begin: after "://", or where that was mistyped or escaped.
_SLASHES = re.compile(r"(?::|%3a)(?:\\?/|%2f)+|(?:\\?/|%2f){2,}", re.IGNORECASE)
_COLON = re.compile(r":|%3a", re.IGNORECASE)
_TOKEN_USER = re.compile(
    r"((?::|%3a|(?<![\w/\\]))(?:\\?/|%2f){2,}+)(?:[^/?#%\\]|%(?!2f|3f|23|40))+(?=@|%40)", re.IGNORECASE
)
_BEGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/+|/+|https?:")
_TOKEN = re.compile(r"[\w-]{16,}")
# What a server may echo of a request, wherever its password came from.
_SENT = re.compile(r"\b([Bb]asic|[Bb]earer)(?:\s|%20){1,9}(?=[^\s'\"]{0,200}[0-9=])[A-Za-z0-9._~+/=-]{6,}")
# White space in a secret: as it is, gone or of another width, or as an address, a log or a page spells it.
_SPACE = r"(?:\s|\+|%[0-9A-Fa-f]{2}|\\{1,9}(?:[abfnrtv]|x[0-9a-f]{2}|u[0-9a-f]{4})|&#?\w+;){0,99}"

_BACKSLASHES = r"(?:\\|%5[Cc]|&#92;){1,99}"
# A backslash in a pattern, and as many as quoting what is quoted makes of it.
_ESCAPED, _MORE = r"\\", r"\\{1,9}"

_JOINERS = "\u200c\u200d"  # part of Persian words and of emoji, and harmless
_SPACES = "\t\n\r\v\f\x85\u2028\u2029"
_LINK = re.compile(r"https?://(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::\d+)?(?:[/?#][A-Za-z0-9._~/?#%=&+,;:-]*)?")


def well_formed(text: str) -> str:
    """Join surrogate pairs and replace lone surrogates, which no UTF-8 file can hold, by U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def clean(value: object, limit: int = 2000) -> str:
    r"""Make one line of text that moves no cursor, turns no direction of reading and ends within the limit.

    Line breaks become spaces. Control characters, bidirectional overrides and other invisible characters are shown as
    escapes (``\x1b``), since what a run calls a metric must not rewrite the line it stands in.
    """
    whole = str(value)
    # No text is so long that it takes a second; where it is cut, what may be the first half of a secret goes too.
    most = 2 * limit + _LONGEST_SECRET
    text = redacted(whole[:most])
    if len(whole) > most:
        text = text[:-_LONGEST_SECRET] + "…"
    text = well_formed(text)[: limit + 1]
    if not (text.isascii() and text.isprintable()):
        text = "".join(_visible(char) for char in text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _visible(char: str) -> str:
    if char in _SPACES:
        return " "
    code = ord(char)
    hidden = unicodedata.category(char) in ("Cc", "Cf") and char not in _JOINERS
    if hidden or (code & 0xFFFE) == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return char


def web_link(address: str | None) -> str:
    """Give an address of a page that may be made clickable as it is; empty for any other, and for one with secrets."""
    known = address is not None and _LINK.fullmatch(address) and redacted(address) == address
    return address if address is not None and known else ""


def redacted(text: str) -> str:
    """Replace what gives access: secrets, however they are spelled, and the user part of anything like an address.

    Linear in the length of the text.
    """
    return text if len(text) < SHORTEST else _redacted(text, _known())


def _redacted(text: str, known: Known) -> str:
    for core, spelled in known:
        if core in text:
            text = spelled.sub(HIDDEN, text)
    if "asic" in text or "earer" in text:
        text = _SENT.sub(rf"\1 {HIDDEN}", text)
    return _WORD.sub(lambda word: _without_user(word[0]), text) if "@" in text or "%40" in text else text


def redacted_data(value: T) -> T:
    """Redact every text in plain data, the keys of mappings among them."""
    known = _known()
    return _changed(value, lambda text: _redacted(text, known))  # type: ignore[no-any-return]


def clean_data(value: T) -> T:
    """Clean every text in plain data, for a log whose values are shown on terminals."""
    return _changed(value, clean)  # type: ignore[no-any-return]


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return {_changed(key, change): _changed(inner, change) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_changed(inner, change) for inner in value]
    return change(str(value))


def keep_secret(address: str, *, whole: bool = False) -> None:
    """Remember the password of an address that was typed, however malformed it is, so that it is never shown.

    Parameters
    ----------
    address : str
        One that a user typed.
    whole : bool
        The address gives access by itself, as that of a message does: all of it is a secret.
    """
    known = _typed(os.environ.get(TYPED))
    found = {*known, *(_of_message(address) if whole else _passwords(address))}
    if found != known:
        os.environ[TYPED] = json.dumps(sorted(found))


def _typed(text: str | None) -> set[str]:
    try:
        found = read_json(text or "[]")
    except ValueError:
        found = []
    return {word for word in found if isinstance(word, str)} if isinstance(found, list) else set()


def _known() -> Known:
    return _secrets(tuple(map(os.environ.get, _READ)))


@lru_cache(maxsize=4)
def _secrets(environment: tuple[str | None, ...]) -> Known:
    read = {name: value for name, value in zip(_READ, environment, strict=True) if value}
    found = {read[name] for name in SECRETS if name in read} | _typed(read.get(TYPED))
    found |= {word for name in ADDRESSES for word in _passwords(read.get(name, ""))}
    found |= {word for address in read.get(NOTIFY, "").split() for word in _of_message(address)}
    names = {"MLFLOW_TRACKING_PASSWORD": read.get("MLFLOW_TRACKING_USERNAME", ""), "WANDB_API_KEY": "api"}
    found |= {_basic(f"{user}:{read[name]}") for name, user in names.items() if name in read}
    found = {secret.strip() for word in found for secret in (word, unquote(word))}
    # A part of a secret must not be cut out of it before the whole is found.
    ordered = sorted((secret for secret in found if len(secret) >= SHORTEST), key=lambda x: (-len(x), x))
    return tuple((max(re.findall("[A-Za-z0-9]*", x), key=len), re.compile(_spellings(x))) for x in ordered)


def _spellings(secret: str) -> str:
    """Pattern of a secret as it is, in JSON, Python, HTML or an address; letters and digits are the same in all."""
    return "".join(_spelled(part) for part in re.findall(r"\s+|\\+|[^\s\\]", secret))


def _spelled(char: str) -> str:
    if char.isascii() and char.isalnum():
        return char
    if char.isspace():
        return _SPACE
    if char.startswith("\\"):
        return _BACKSLASHES
    percent = f"%{ord(char):02X}" if char.isascii() else quote(char, errors="replace")
    ways = {char, json.dumps(char)[1:-1], ascii(char)[1:-1], percent, percent.lower(), html.escape(char)}
    ordered = sorted(ways | {f"&#{ord(char)};"}, key=lambda way: (-len(way), way))
    return rf"\\{{0,9}}(?:{'|'.join(re.escape(way).replace(_ESCAPED, _MORE) for way in ordered)})"


def _without_user(word: str) -> str:
    # A password may hold "/", "#" and "?", and then no parser of addresses finds it: with a colon, all up to the last
    # "@" is the user. Without one only what stands before the next slash is, as in https://token@host; an "@" further
    # on belongs to a path, as in s3://bucket/data@v2, and so does one after a single slash, as in models:/name@alias.
    start, end = _SLASHES.search(word), max(word.rfind("@"), word.rfind("%40"))
    if start is not None and _COLON.search(word, start.end(), max(end, 0)):
        return f"{word[: start.end()]}{HIDDEN}{word[end:]}"
    return _TOKEN_USER.sub(rf"\1{HIDDEN}", word)


def _passwords(address: str) -> Iterator[str]:
    """What stands before an "@", without scheme and slashes: whole, what follows its first colon, and as base64."""
    begin = _BEGIN.match(address)
    start = begin.end() if begin else 0
    for end in {address.find("@", start), address.rfind("@", start)} - {-1}:
        user = address[start:end]
        if ":" in user:
            yield from (user, user.partition(":")[2], _basic(unquote(user)))
        elif begin and not set(user) & set("/?#"):
            yield user


def _of_message(address: str) -> Iterator[str]:
    """An address that messages go to, its passwords, and the parts of it that are not words: tokens have digits."""
    yield from (address, *_passwords(address))
    yield from (word for word in _TOKEN.findall(address) if re.search(r"\d", word))


def _basic(user: str) -> str:
    return b64encode(user.encode("utf-8", "surrogateescape")).decode().rstrip("=")
