"""Sweeps made by hand: ordinary ones, and one whose runs are called what should not be obeyed."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from tracker_diag.adapters.base import Failure
from tracker_diag.core.finding import Severity
from tracker_diag.sweeping.result import Row, Swept, worst_first

CNN = Row(
    "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
    "cnn, lr=0.1",
    "vision",
    "http://tracker.example/#/experiments/1/runs/0a1b2c3d4e5f60718293a4b5c6d7e8f9",
    "diverged",
    Severity.ERROR,
    "exploding-gradients",
    "diverged: the training loss is not finite from step 31 on: 48% of the logged steps; most likely "
    "exploding-gradients",
    news=True,
    codes=("LC108", "HY003"),
    wasted=7200.0,
    gpus=2,
)
RESNET = Row(
    "team/vision/abc123",
    "resnet-18",
    "vision",
    None,
    "overfitting",
    Severity.WARNING,
    "no-early-stopping",
    "overfitting: the validation curve rises by 29% of the improvement achieved",
    news=True,
    codes=("LC104",),
    wasted=900.0,
)
HEALTHY = Row("c0ffee", "", "text", None, "good-fit", Severity.INFO, "", "good-fit: all is well", news=True)
FAILED = Failure("dead", "metrics.csv: no such file")
SWEPT = Swept(
    rows=worst_first((HEALTHY, RESNET, CNN)),
    failures=(FAILED,),
    verdicts={"diverged": 1, "good-fit": 1, "overfitting": 1},
    worst=Severity.ERROR,
    seconds=1.5,
)
HOSTILE = (
    "\x1b[2J\n::error::forged\r\n::add-mask::x ]]></failure><failure> =cmd|'!A0 | <script>alert(1)</script> "
    "[click](http://evil.example) `x` ![i](http://e) %0A::error:: ../../.. , \u202e\ud800 {0}"
)


def again(swept: Swept) -> Swept:
    """What a second sweep finds, in which nothing is due."""
    rows = tuple(replace(row, news=False, wasted=None, gpus=0, not_stored="") for row in swept.rows)
    return replace(swept, rows=(), standing=rows, seconds=0.2)


def hostile_row(text: str) -> Row:
    """A run of which every text is the same."""
    return Row(text, text, text, text, text, Severity.ERROR, text, text, news=True, codes=(text,))


def hostile(text: str) -> Swept:
    """A sweep of such a run, and of one that could not be read."""
    return Swept(rows=(hostile_row(text),), failures=(Failure(text, text),), worst=Severity.ERROR)


TEXTS = st.text(st.characters(codec=None) | st.sampled_from(":%,\r\n[](){}<>|&;=./\\`#\x1b\u202e\ud800"), max_size=40)
"""Whatever somebody calls a run."""


def many(n: int) -> Swept:
    """A sweep of so many runs: two of three are not green."""
    kinds = (("diverged", Severity.ERROR), ("overfitting", Severity.WARNING), ("good-fit", Severity.INFO))
    rows = [
        replace(CNN, id=f"{i:08x}", name=f"run-{i}", verdict=kinds[i % 3][0], severity=kinds[i % 3][1])
        for i in range(n)
    ]
    return Swept(rows=worst_first(rows), worst=Severity.ERROR)
