"""Overviews made by hand: a large one, one of payloads, one of a single run, and an empty one."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.report.conftest import PAYLOAD, diverged, empty, hostile, overfitting
from tracker_diag.core.finding import Severity
from tracker_diag.report.experiment.overview import Measure, Overview, Row, worst_first
from tracker_diag.stats.contrasts import Contrast, Contrasts

START = 1_760_000_000.0  # a Thursday in October 2025
KINDS = (
    ("good-fit", Severity.OK, ""),
    ("overfitting", Severity.WARNING, "no-regularisation"),
    ("overfitting", Severity.WARNING, "network-too-big-for-data"),
    ("diverged", Severity.ERROR, "learning-rate-too-high"),
    ("undertrained", Severity.INFO, ""),
    ("underfitting", Severity.ERROR, "learning-rate-too-low"),
    ("unrepresentative-validation", Severity.WARNING, "validation-too-small"),
    ("insufficient-evidence", Severity.INFO, ""),
)


PARAMETERS = ("max_learning_rate", "dropout", "hidden_units", "batch_size", "optimizer", "augment", "layers", "seed")


def settings(i: int) -> dict[str, Any]:
    """Parameters of a run: numbers, one of which is a word at times, words, lists, and what was not logged."""
    rng = random.Random(i)
    return {
        "max_learning_rate": rng.choice((0.0001, 0.003, 0.1)),
        "dropout": rng.choice((0.0, 0.1, 0.5)),
        "hidden_units": rng.choice((8, 64, 256, 1024)),
        "batch_size": rng.choice((32, 512, "auto")),
        "optimizer": rng.choice(("adamw", "sgd")),
        **({"augment": rng.choice((True, False))} if i % 5 else {"layers": (64, 64)}),
        "seed": i % 3,
    }


def runs(n: int) -> tuple[Row, ...]:
    """Runs of many kinds, over three weeks; every hundredth is still going, and one could not be diagnosed."""
    rng = random.Random(7)
    rows = []
    for i in range(n):
        verdict, severity, cause = rng.choices(KINDS, (30, 8, 4, 3, 10, 2, 3, 6))[0]
        seconds = rng.expovariate(1 / 3000)
        start = START + rng.random() * 21 * 86400
        going = i % 100 == 99
        rows.append(
            Row(
                id=f"{rng.getrandbits(128):032x}",
                name=f"resnet-{rng.choice('abcdef')}-lr{rng.choice((0.1, 0.03, 0.01))}-{i}",
                link=f"http://127.0.0.1:5000/#/experiments/1/runs/{i:032x}",
                verdict=verdict,
                severity=severity,
                cause=cause,
                summary=f"{verdict}: best at step {rng.randint(5, 90)}, and ends at {rng.random():.3f}",
                start=start,
                end=None if going else start + seconds,
                seconds=None if going else seconds,
                wasted=None if going else seconds * {"ok": 0.0, "info": 0.0, "warning": 0.4, "error": 1.0}[severity],
                outcome=math.nan if verdict == "diverged" else 0.2 + rng.random(),
                status="RUNNING" if going else "FINISHED",
                params=settings(i),
            )
        )
    return (*worst_first(rows), Row("not-read", "could not be diagnosed", start=START, end=START + 60, seconds=60.0))


EFFECTS = Contrasts(
    contrasts=(
        Contrast("max_learning_rate", 0.003, 0.1, 1.31, (0.92, 1.70), 0.0005, 48, 1990),
        Contrast("max_learning_rate", 0.003, 0.0001, 0.42, (-0.11, 0.95), 0.0005, 44, 1990),
        Contrast("dropout", 0.0, 0.5, -0.12, (-0.23, -0.01), 0.03, 61, 1990),
        Contrast("hidden_units", 64, 256, -0.04, (-0.31, 0.22), 0.7, 0, 1990),
        Contrast("batch_size", 32, 512, 0.2, (-math.inf, math.inf), 1.0, 0, 1990),
    ),
    aliased=(("width", "hidden_units"),),
    left_out={"run_dir": "it differs in every run", "host": "only one value", "note": "only one value"},
)


def large() -> Overview:
    rows = runs(1999)
    return Overview(
        experiment="vision: ablation of rates",
        tracker="MLflow at http://127.0.0.1:5000",
        as_of=START + 21 * 86400,
        rows=rows,
        measure=Measure("validation loss", "nats", "min"),
        contrasts=EFFECTS,
        compared=1990,
        parameters=PARAMETERS,
        first_looks=(diverged(), overfitting(), *(overfitting() for _ in range(9)), empty()),
        unread=2,
        version="0.1.0",
    )


def payloads() -> Overview:
    """Every text that a run, an experiment or a parameter supplies is a payload, or made to break a layout."""
    long, rtl = "metric_" + "x" * 600, "دقة‮abc‬ التحقق"
    texts = (PAYLOAD, long, rtl, "=HYPERLINK(1)", "a\r\nb", "</script><script>window.hit=1</script>", "\ud800\x00")
    rows = tuple(
        Row(
            id=f"{i} {text}",
            name=text,
            link=f"javascript:window.hit=1//{text}",
            verdict=text,
            severity=(*Severity, None)[i % 5],
            cause=text,
            summary=text,
            start=(math.nan, -5.0, 1e300, math.inf, 0.0, START, 3e9)[i],
            end=(None, math.nan, 1e18, START, START, START, 1.0)[i],
            seconds=(None, math.inf, 0.0, 1e300, 1.0, 2.0, 3.0)[i],
            wasted=(None, math.nan, 0.0, 1e300, 1.0, 2.0, 3.0)[i],
            outcome=(None, math.nan, math.inf, -math.inf, 1e308, -1e-308, 0.0)[i],
            status=text,
            params={text: text, long: (None, math.nan, 10**400, [text], {text: text}, True, -0.0)[i]},
        )
        for i, text in enumerate(texts)
    )
    effects = Contrasts(
        tuple(
            Contrast(text, text, [PAYLOAD], effect, (-math.inf, effect), 0.01 if i % 2 else 1.0, 0, 7)
            for i, (text, effect) in enumerate(zip(texts, (1e300, -1e300, 0.0, 1e-300, 1.0, -1.0, 2.0), strict=True))
        ),
        ((PAYLOAD, long),),
        dict.fromkeys(texts, PAYLOAD),
    )
    return Overview(
        experiment=f"{rtl} {PAYLOAD}",
        tracker=PAYLOAD,
        as_of=1e300,
        rows=rows,
        measure=Measure(PAYLOAD, PAYLOAD, "max"),
        contrasts=effects,
        compared=3,
        parameters=texts,
        first_looks=(hostile(), hostile(), empty()),
        version=PAYLOAD,
    )


def single() -> Overview:
    row = Row("r1", verdict="good-fit", severity=Severity.OK, start=START, end=START + 60, seconds=60.0, outcome=0.3)
    return Overview("one", "1 run in memory", START + 60, (row,), Measure("validation loss"), Contrasts((), (), {}))


def nothing() -> Overview:
    return Overview("none", "0 runs in memory")


OVERVIEWS: dict[str, Callable[[], Overview]] = {f.__name__: f for f in (large, payloads, single, nothing)}


@pytest.fixture(scope="session", params=sorted(OVERVIEWS))
def overview(request: pytest.FixtureRequest) -> Overview:
    """Each of the overviews in turn."""
    return OVERVIEWS[request.param]()
