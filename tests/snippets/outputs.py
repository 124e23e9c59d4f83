"""Output that a page shows against output that came: times, IDs, ports, paths and line breaks aside."""

from __future__ import annotations

import re

#: A line of its own: anything may stand here.
LEFT_OUT = "…"

_VARYING = (
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
    (re.compile(r"\b[0-9a-f]{32}\b"), "ID"),
    (re.compile(r"http://127\.0\.0\.1:\d+"), "http://127.0.0.1:PORT"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?: ?UTC|Z)?)?"), "TIME"),
    (re.compile(r"\b[\d.]+(?:e-\d+)? (?:s|ms|seconds?|min|minutes?|h)\b"), "DURATION"),
    (re.compile(r"(?:/[\w.-]+)*/(?:pytest-of-[\w-]+)/[\w.-]+(?:/[\w.-]+)?/work(?=/|\b)"), "."),
    (re.compile(r"\s+"), " "),
)


def plain(text: str) -> str:
    """Replace what differs from one time to the next; words are parted by single spaces."""
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return text.strip()


def parts(shown: str) -> list[list[str]]:
    """Give the lines that a page shows, parted where it leaves some out."""
    found: list[list[str]] = [[]]
    for line in shown.rstrip().splitlines():
        if line.strip() == LEFT_OUT:
            found.append([])
        else:
            found[-1].append(line)
    return [part for part in found if any(map(str.strip, part))]


def missing(shown: str, came: str) -> str | None:
    """Give the first part of what is shown that did not come, or what came besides and is not shown.

    Only where the page says so, by a line of its own, may anything stand between, before or after what it shows.
    """
    rest, lines = plain(came), shown.strip().splitlines()
    for number, part in enumerate(parts(shown)):
        before, there, rest = rest.partition(plain("\n".join(part)))
        if not there:
            return "\n".join(part)
        if number == 0 and before.strip() and lines[0].strip() != LEFT_OUT:
            return f"nothing of {before!r}"
    return f"nothing of {rest!r}" if rest.strip() and lines[-1].strip() != LEFT_OUT else None


def renewed(shown: str, came: str) -> str:
    """Put what came in place of what is shown.

    Where lines are left out, each part begins with the line that it began with, and is as long.

    Raises
    ------
    ValueError
        If a part begins with a line that did not come: it has to be mended by hand.
    """
    lines = came.strip("\n").splitlines()
    if LEFT_OUT not in map(str.strip, shown.splitlines()):
        return "".join(f"{line.rstrip()}\n" for line in lines)
    made: list[str] = []
    beginning = True
    left = iter(parts(shown))
    for line in shown.rstrip().splitlines():
        if line.strip() == LEFT_OUT:
            made.append(line)
            beginning = True
        elif beginning:
            part = next(left)
            starts = [i for i, other in enumerate(lines) if plain(other) == plain(part[0])] or ([0] if not made else [])
            if not starts:
                raise ValueError(f"no line of the output is {part[0]!r}")
            made += lines[starts[0] : starts[0] + len(part)]
            beginning = False
    return "\n".join(line.rstrip() for line in made) + "\n"
