"""What real names are taken for: every labelled set, and what the resolver makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from scripts.documentation.markdown import GENERATED, plain, table
from scripts.names import Judged, Taken, all_judged, totals

MOST_NAMES, LONGEST_NAME = 6, 40
_ROLES = ("train_loss", "val_loss", "train_score", "val_score", "learning_rate")
_TITLES = {
    "deep_learning": "Deep learning",
    "boosting_rl_and_hand_written": "Boosting, reinforcement learning, and what people write by hand",
    "left_out": "Left out",
}


def names() -> str:
    """The page."""
    by_file = all_judged()
    everything = [j for sets in by_file.values() for j in sets]
    return (
        f"{GENERATED}# What real names are taken for\n\n"
        "tracker-diag recognises curves by their names, for example which one is the training loss. This page shows "
        f"{len(everything)} sets of names from frameworks' documents, public repositories and people's own scripts, "
        "and what each name is taken for. Somebody who did not look at the resolver labelled every name with what it "
        "is. `python -m scripts.names` judges every role by these labels, says how strictly, and lists the errors with "
        "`--errors`.\n\n"
        + table(
            ("", "sets", "roles filled", "wrong", "arguable", "roles expected", "of these not found"),
            _totals({**{_TITLES[file]: sets for file, sets in by_file.items()}, "all": everything}),
        )
        + "\nThe left-out sets were written by people who did not see the resolver, after it had been fixed with sight "
        "of the other two files. At the first look, 30 of 427 roles were wrong and 25 of 322 expected ones were not "
        "found. With the resolver of release 0.1, these were 34 of 422 and 47 of 322. What was fixed since was fixed "
        "with sight of these sets.\n\n"
        "Each row is one set, and each cell shows the names that were taken for a role. **Bold** is wrong, with what "
        f"the name really is. A dash means that no name was taken. Names longer than {LONGEST_NAME} letters are cut. "
        "You can correct a wrong role with `--role`; see [configuration](/reference/settings.md#roles).\n"
        + "".join(_part(file, sets) for file, sets in by_file.items())
    )


def _totals(parts: Mapping[str, Sequence[Judged]]) -> Iterator[tuple[str, ...]]:
    for title, sets in parts.items():
        t = totals(sets)
        yield title, *map(str, (t.sets, t.roles, t.wrong, t.arguable, t.expected, t.missing))


def _part(file: str, sets: Sequence[Judged]) -> str:
    head = ("set", *(role.replace("val_", "validation ").replace("_", " ") for role in _ROLES))
    head = (*(title.replace("train ", "training ") for title in head), "not read as a loss or score")
    return f"\n## {_TITLES[file]}\n\n" + table(head, (_row(j) for j in sets))


def _row(j: Judged) -> tuple[str, ...]:
    shown = [_code(name) for name in j.unread[:MOST_NAMES]]
    more = len(j.unread) - len(shown)
    unread = ", ".join(shown) + (f" and {more} more" if more else "")
    others = "".join(f"; {t.role}: {_cell(t)}" for t in j.taken if t.mark == "wrong" and t.role not in _ROLES)
    return (plain(j.names.source), *(_cell(j.by_role(role)) for role in _ROLES), (unread or "–") + others)


def _cell(taken: Taken | None) -> str:
    if taken is None:
        return "–"
    joined = " + ".join(_code(name) for name in taken.addends)
    return f"**{joined}: {taken.why}**" if taken.mark == "wrong" else joined


def _code(name: str) -> str:
    short = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
    return f"`{' '.join(short.split())}`"
