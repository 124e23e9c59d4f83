"""Losses that were logged in parts, and the scores that belong to them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np

from tracker_diag.core.run import Series
from tracker_diag.roles.candidates import SPLITS, Candidate, by_stem
from tracker_diag.roles.metric import LOSS
from tracker_diag.roles.sides import Sides
from tracker_diag.roles.words import read, vocabulary, words

#: Between the names of metrics that were added up.
SUM = " + "


def losses_of(sides: Sides) -> Sides:
    """Take the losses of each side: whole ones where there are any, otherwise their parts and what these add up to."""
    out: Sides = {}
    for split in SPLITS:
        losses = [c for c in sides[split] if c.reading.kind in ("loss", "likelihood", "proxy")]
        whole = any(_is_whole(c) for c in losses)
        out[split] = [c for c in losses if not whole or not (c.reading.parts or c.reading.unknown)]
    parts = {split: by_stem(c for c in out[split] if c.reading.kind == "loss" and c.reading.extras) for split in SPLITS}
    if not any(c.reading.parts for split in SPLITS for c in parts[split].values()):
        return out
    detector = words(vocabulary()["metrics"]["detector"])
    named = frozenset().union(*(c.reading.parts for split in SPLITS for c in parts[split].values()))
    heads = {
        c.reading.extras & named
        for split in SPLITS
        for c in sides[split]
        if c.reading.kind == "score" and c.reading.extras & named
    }
    if heads and not named & detector:
        return out
    both = [set(parts[split]) for split in ("train", "val") if parts[split]]
    common = set.intersection(*both) if both else set()
    # A term that is weighed against the others, as a divergence is, rises while they fall.
    first = next((split for split in ("train", "val", "test") if parts[split]), "train")
    falling = {stem for stem, c in parts[first].items() if not _is_weighed(c.series)}
    for split in SPLITS:
        summed = _sum([c for stem, c in parts[split].items() if stem in common & falling])
        if summed is not None:
            out[split] = [c for c in out[split] if not c.reading.parts and c.reading.kind != "loss"] + [summed]
    return out


def _is_weighed(part: Series) -> bool:
    """Whether a part of a loss is below 0, or ends above where it began."""
    finite = part.values[np.isfinite(part.values)]
    third = max(finite.size // 3, 1)
    return bool(finite.size and (finite.min() < 0 or np.median(finite[-third:]) > np.median(finite[:third])))


def _is_whole(c: Candidate) -> bool:
    called = "total" in read(c.series.name).words and not c.reading.parts
    return c.reading.kind == "loss" and (called or all(word.isdecimal() for word in c.reading.extras))


def _sum(parts: list[Candidate]) -> Candidate | None:
    """Several parts of a loss as one, where they were logged at the same steps and all fall, above 0."""
    at_steps: dict[bytes, list[Candidate]] = defaultdict(list)
    for c in parts:
        at_steps[c.series.steps.tobytes()].append(c)
    most = max(at_steps.values(), key=lambda several: len(several), default=[])
    together = sorted(most, key=lambda c: c.series.name)
    if len(together) < 2:
        return None
    first = together[0].series
    with np.errstate(invalid="ignore", over="ignore"):
        values = np.sum([c.series.values for c in together], axis=0)
    named = frozenset().union(*(c.reading.extras for c in together))
    reading = replace(
        together[0].reading, extras=named, parts=named, unknown=frozenset(), cost=0.0, facts=LOSS, adversary=None
    )
    name = SUM.join(c.series.name for c in together)
    series = Series(name, first.steps, values, first.seconds)
    return Candidate(series, reading, together[0].cost, f"{name}: summed, because the total loss was not found")


def scores_of(sides: Sides, losses: list[Candidate]) -> Sides:
    """Take the scores of each side, but for those of another head than the loss that was taken."""
    head = frozenset().union(*(c.reading.parts for c in losses))
    named = (c.reading.parts for split in SPLITS for c in sides[split] if c.reading.kind == "loss")
    others = frozenset().union(*named) - head if head else frozenset()
    classes = any(c.reading.task == "classification" for split in SPLITS for c in sides[split])
    told = bool(losses) and any(c.reading.kind == "score" for c in sides["val"])
    return {
        split: [
            c
            for c in sides[split]
            if not c.reading.extras & others and not (told and c.reading.kind == "proxy" and _adds_nothing(c, classes))
        ]
        for split in SPLITS
    }


def _adds_nothing(c: Candidate, classes: bool) -> bool:
    """Whether an error says less than a score would: perplexity is the loss again, and classes have no distances."""
    return c.reading.facts.kind == "perplexity" or classes
