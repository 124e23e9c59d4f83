"""On which data each metric was measured, where its name does not say it."""

from __future__ import annotations

import re
from dataclasses import replace

from tracker_diag.roles.candidates import SPLITS, Candidate

#: What a name that says no split costs, in words that are too many.
UNSPLIT = 0.4
#: Names that a note shows.
SHOWN = 3

# The names that XGBoost gives to what is evaluated, the training set first by habit.
_EVALS = re.compile(r"(validation|valid|eval)_\d+-")

Sides = dict[str, list[Candidate]]


def sided(candidates: list[Candidate]) -> tuple[Sides, list[str]]:
    """Put each candidate on its side.

    Parameters
    ----------
    candidates : list of Candidate
        In any order.

    Returns
    -------
    sides : dict of str to list of Candidate
        By split: train, val, test.
    notes : list of str
        What was left out, in words.
    """
    sides: Sides = {split: [c for c in candidates if c.reading.split == split] for split in SPLITS}
    unsplit = sorted((c for c in candidates if c.reading.split is None), key=lambda c: c.order)
    if not unsplit:
        _numbered(sides)
    left = _place(unsplit, sides)
    _held_out_by_test(sides)
    return sides, _notes(left)


def _numbered(sides: Sides) -> None:
    """Take XGBoost's ``validation_0`` for training where ``validation_1`` exists and no training curve does."""
    several = [c for c in sides["val"] if c.reading.index is not None and _EVALS.match(c.series.name)]
    indices = sorted({c.reading.index for c in several if c.reading.index is not None})
    if len(indices) < 2 or sides["train"]:
        return
    first = [c for c in sides["val"] if c.reading.index == indices[0]]
    second = [c for c in sides["val"] if c.reading.index == indices[1]]
    if not {c.reading.stem for c in first} & {c.reading.stem for c in second}:
        return
    sides["val"] = [c for c in sides["val"] if c not in first]
    sides["train"] = [_noted(c, "used as the training curve, being the first evaluation set") for c in first]


def _place(unsplit: list[Candidate], sides: Sides) -> list[Candidate]:
    """Put what names no split where its counterpart, its kind or its length says it belongs; the rest is returned."""
    train, val = {c.reading.stem for c in sides["train"]}, {c.reading.stem for c in sides["val"] or sides["test"]}
    explicit = bool(sides["train"])
    told = explicit or bool(sides["val"])
    held_out = {len(c.series) for c in sides["val"] if c.reading.kind == "loss"}
    often = max((len(c.series) for c in unsplit if c.reading.kind == "loss"), default=0)
    left = []
    for c in unsplit:
        reading = c.reading
        known, scored = not reading.unknown, reading.kind in ("score", "proxy")
        moved = replace(c, cost=c.cost + UNSPLIT)
        if scored and len(c.series) < 2 and reading.stem not in val:
            # Logged once, at the end, on data that it does not name.
            left.append(c)
        elif (reading.stem in val and reading.stem not in train) or (known and not scored):
            sides["train"].append(moved)
        elif reading.side == "train":
            # What an agent gathers while it learns.
            sides["train"].append(moved)
        elif reading.side == "val" and known:
            # Who goes to the length of decoding or matching does it on the validation data.
            sides["val"].append(moved)
        elif reading.stem in train and reading.stem not in val and told:
            sides["val"].append(moved)
        elif known and not told and scored and 2 * len(c.series) <= often:
            why = "used as a validation score, being logged less often than the loss"
            sides["val"].append(_noted(moved, why))
        elif known and not told:
            why = "used as a training score; if it is a validation score, set --role val_score"
            sides["train"].append(_noted(moved, why) if scored and not often else moved)
        elif known and explicit and len(c.series) > 1 and held_out == {len(c.series)}:
            sides["val"].append(
                _noted(moved, "used as a validation score, being logged as often as the validation loss")
            )
        else:
            left.append(c)
    return left


def _held_out_by_test(sides: Sides) -> None:
    """Take what is called test, logged as a curve, for the held-out curve where no validation is one."""
    longest = {split: max((len(c.series) for c in sides[split]), default=0) for split in ("val", "test")}
    if longest["val"] <= 1 < longest["test"]:
        why = "used as the validation curve, as none was logged"
        sides["val"], sides["test"] = [_noted(c, why) for c in sides["test"]], []


def _noted(c: Candidate, why: str) -> Candidate:
    return replace(c, note=f"{c.series.name}: {why}")


def _notes(left: list[Candidate]) -> list[str]:
    several = [c for c in left if c.reading.kind != "proxy"]
    if not several:
        return []
    first = several[0]
    role = "train_loss" if first.reading.kind == "loss" else "val_score"
    names = ", ".join(c.series.name for c in several[:SHOWN])
    more = f" and {len(several) - SHOWN} more" if len(several) > SHOWN else ""
    return [f"{names}{more}: not used, training or validation is not clear; set --role {role}={first.series.name}"]
