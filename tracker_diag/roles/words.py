"""Names cut into words: the vocabulary, loaded once, and the spelling in which names are compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import yaml

_SEGMENT = re.compile(r"/|::| - |(?<!\d)\.|\.(?!\d)")
_CHUNK = re.compile(r"[^\W_]+")
_PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_MAX_NAME = 500
# French: "perte d'entraînement".
_ELIDED = re.compile(r"(?<![^\W_])[dlDL]['’](?=[^\W\d_])")
# Letters that are written with a stroke or as a ligature, and not with a mark that can be taken off.
_PLAIN_LETTERS = str.maketrans(
    {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "∆": "δ"}
    | {"Ł": "L", "Ø": "O", "Đ": "D", "Æ": "AE", "Œ": "OE"}
)
# Pieces this short are trusted inside a glued word; any other two letters occur in everything.
_SHORT_PIECES = frozenset({"n", "nb", "lr", "bs", "wd", "bn"})


@dataclass(frozen=True, slots=True)
class Name:
    """A name as words.

    Attributes
    ----------
    segments : tuple of tuples of str
        The words between slashes or dots, in the vocabulary's spelling.
    words : frozenset of str
        All of them.
    """

    segments: tuple[tuple[str, ...], ...]
    words: frozenset[str]


def folded(text: str) -> str:
    """Text without accents and other marks, in the common form of its letters; capitals stay.

    The same name comes composed and decomposed, in full width, with and without accents.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        ASCII as it was.
    """
    if text.isascii():
        return text
    bare = "".join(
        c
        for c in unicodedata.normalize("NFKD", text)
        if unicodedata.category(c)[0] != "M" and unicodedata.category(c) != "Cf"
    )
    return unicodedata.normalize("NFC", bare).replace("ß", "ss").translate(_PLAIN_LETTERS)


@cache
def vocabulary() -> Mapping[str, Any]:
    """The packaged vocabulary, as its file has it."""
    text = files("tracker_diag.roles").joinpath("vocabulary.yaml").read_text(encoding="utf-8")
    # PyYAML's own parser takes 0.3 s for this file; libyaml's binding is missing from few installations.
    loaded: Mapping[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return loaded


def words(text: str) -> frozenset[str]:
    """The words of a phrase or a list, of any length, in the vocabulary's spelling."""
    return frozenset().union(*(read(part).words for part in text.split()))


def phrases(texts: Iterable[str]) -> tuple[frozenset[str], ...]:
    """Each text as a set of words."""
    return tuple(words(text) for text in texts)


@lru_cache(maxsize=16384)
def read(name: str) -> Name:
    """Cut a name into words: at punctuation, capitals and digits, and where two known words were glued.

    Parameters
    ----------
    name : str
        Any text; what is beyond 500 characters is not read.
    """
    segments = []
    for segment in _SEGMENT.split(_ELIDED.sub("", folded(name[:_MAX_NAME]))):
        found = tuple(word for chunk in _CHUNK.findall(segment) for word in _words_of_chunk(chunk))
        if found:
            segments.append(_understood(found))
    return Name(tuple(segments), frozenset(word for segment in segments for word in segment))


@cache
def _sequences() -> Mapping[tuple[str, ...], tuple[str, ...]]:
    return {
        tuple(folded(text).lower().split()): tuple(meaning.split())
        for meaning, several in vocabulary()["sequences"].items()
        for text in several
    }


@cache
def _longest_sequence() -> int:
    return max(map(len, _sequences()))


def _understood(found: tuple[str, ...]) -> tuple[str, ...]:
    """Words in the vocabulary's spelling, those that mean one thing together (``out_of_sample``) as that."""
    out: list[str] = []
    i = 0
    while i < len(found):
        for n in range(min(_longest_sequence(), len(found) - i), 1, -1):
            meaning = _sequences().get(found[i : i + n])
            if meaning is not None:
                out += meaning
                i += n
                break
        else:
            out += _canonical(found[i])
            i += 1
    return tuple(out)


@cache
def _spellings() -> Mapping[str, tuple[str, ...]]:
    table = {key: folded(text).lower().split() for key, text in vocabulary()["words"].items()}
    single = {word: (key,) for key, spelt in table.items() if " " not in key for word in spelt}
    several = {
        word: tuple(part for known in key.split() for part in single.get(known, (known,)))
        for key, spelt in table.items()
        if " " in key
        for word in spelt
    }
    return single | several


@cache
def _lexicon() -> frozenset[str]:
    """Every word that the vocabulary holds anywhere, the keys of tables of values aside."""
    book = vocabulary()
    texts: list[str] = [*book["words"], *book["words"].values(), book["neutral"], *book["traits"].values()]
    metrics = book["metrics"]
    texts += [metrics["veto"], metrics["component"], metrics["minor"], metrics["known"], metrics["detector"]]
    texts += metrics["adversaries"].values()
    texts += [text for several in book["sequences"].values() for text in several]
    texts += [phrase for quantity in metrics["quantities"] for phrase in quantity["words"]]
    for role in [*metrics["plain"].values(), *book["params"].values()]:
        texts += [*role["words"], role.get("veto", ""), role.get("also", "")]
    return frozenset(word.strip(",") for text in texts for word in folded(text).lower().replace("_", " ").split())


def _words_of_chunk(chunk: str) -> tuple[str, ...]:
    """A run of letters and digits as words; a known one stays whole whatever its capitals (``mAP``, ``F1``)."""
    lower = chunk.lower()
    if lower in _lexicon():
        return (lower,)
    return tuple(word for piece in _PIECE.findall(chunk) for word in _words_of_piece(piece.lower()))


@lru_cache(maxsize=16384)
def _words_of_piece(piece: str) -> tuple[str, ...]:
    if piece in _lexicon() or piece.isdecimal():
        return (piece,)
    if piece.endswith("s") and piece[:-1] in _lexicon() and len(piece) > 3:
        return (piece[:-1],)
    return _unglue(piece)


def _canonical(word: str) -> tuple[str, ...]:
    if word.isdecimal():
        return (word.lstrip("0") or "0",)
    return _spellings().get(word, (word,))


def _unglue(piece: str) -> tuple[str, ...]:
    """Cut a word that is nothing but known words (``batchsize``, ``nepochs``) into the fewest of them."""
    # Scripts that write no spaces have words of one letter and of two; elsewhere these occur in everything.
    shortest = 3 if piece.isascii() else 1
    if not (4 if shortest == 3 else 2) <= len(piece) <= 40:
        return (piece,)
    lexicon = _lexicon()
    best: list[tuple[str, ...] | None] = [()] + [None] * len(piece)
    for end in range(1, len(piece) + 1):
        for start in range(end):
            head, part = best[start], piece[start:end]
            if head is None or len(head) >= 5 or part not in lexicon:
                continue
            if len(part) < shortest and part not in _SHORT_PIECES:
                continue
            known = best[end]
            if known is None or len(head) + 1 < len(known):
                best[end] = (*head, part)
    return best[-1] or (piece,)
