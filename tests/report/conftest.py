"""Reports made by hand: one of each kind that a renderer must show well."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from tracker_diag.core.finding import Cause, Change, Finding, Prescription, Severity, Skip
from tracker_diag.core.report import DrawnCurve, Report

PAYLOAD = (
    """</svg></title><script>window.hit=1</script>"'><img src=x onerror="window.hit=1">{{7*7}}[bold]x[/bold]\x1b[31m"""
)


def overfitting() -> Report:
    steps = tuple(float(s) for s in range(61))
    train = tuple(0.06 + 2.2 * math.exp(-s / 9) + 0.02 * math.sin(3.7 * s) for s in steps)
    val = tuple(0.32 + 2.0 * math.exp(-s / 8) + 0.009 * max(0.0, s - 20) + 0.03 * math.sin(2.3 * s) for s in steps)
    score = tuple(0.91 - 0.78 * math.exp(-s / 8) - 0.0012 * max(0.0, s - 22) + 0.008 * math.cos(2.9 * s) for s in steps)
    rate = tuple(3e-3 * 0.5 ** (s // 12) for s in steps)
    return Report(
        run_id="4f6f2b0c9d1e4a5f8a7b6c5d4e3f2a1b",
        run_name="resnet-small-aug-off",
        verdict="overfitting",
        severity=Severity.WARNING,
        summary="Validation loss turned at step 21 and has risen by 18 % of what was gained; training still improves.",
        findings=(
            Finding(
                "LC104",
                "overfitting",
                Severity.WARNING,
                0.96,
                "Validation loss was lowest at step 21 (0.462) and has since risen to 0.69 (p < 0.001), "
                "while training loss fell from 0.27 to 0.06.",
                "Keep the checkpoint of step 21; regularise before training for longer.",
                {"best_step": 21, "turn_step": 24, "rise_share": 0.18, "p": 0.0004},
                (21.0, 60.0),
            ),
            Finding(
                "RG803",
                "no-early-stopping",
                Severity.INFO,
                0.9,
                "65 % of the steps came after the best checkpoint.",
                "Stop when validation loss has not improved for 10 epochs.",
                {"best_step": 21},
            ),
            Finding(
                "LC105",
                "unrepresentative-train",
                Severity.INFO,
                0.7,
                "A gap of 0.63 remains between the curves.",
                evidence={"gap": 0.63},
                folded="LC104",
            ),
        ),
        causes=(
            Cause(
                "no-regularisation",
                0.58,
                "Neither dropout nor weight decay nor augmentation is set, and the gap opened early.",
                Prescription(
                    "Add dropout before the classifier and decoupled weight decay.",
                    (Change("model/dropout", 0.0, 0.3), Change("optimizer.weight_decay", None, 0.01)),
                ),
                ("RG801", "LC104"),
            ),
            Cause(
                "network-too-big-for-data",
                0.27,
                "11.2 million parameters for 5,000 examples.",
                Prescription("Halve the width, or collect more data.", (Change("hidden_dim", 512, 256),)),
                ("LC104",),
            ),
            Cause("too-few-examples", 0.11, "500 examples a class.", Prescription("Collect about 1000 a class.")),
        ),
        skipped=(
            Skip(
                "DS212", "the size of the validation set is not known", "log n_val, the number of validation examples"
            ),
            Skip("GR602", "no gradient norms", "log grad_norm per layer, e.g. with the torch probe"),
            Skip("GR603", "no gradient norms", "log grad_norm per layer, e.g. with the torch probe"),
            Skip("PP301", "no dataset profile", "log a dataset profile (profile_data)"),
            Skip("PP302", "no dataset profile", "log a dataset profile (profile_data)"),
            Skip("PP304", "no dataset profile", "log a dataset profile (profile_data)"),
            Skip("EX901", "no control run on random input", "log a run tagged diag.control = random-input"),
        ),
        roles={
            "train_loss": "loss",
            "val_loss": "val_loss",
            "val_score": "val_accuracy",
            "learning_rate": "optimizer.lr",
            "batch_size": "batch_size",
        },
        curves=(
            DrawnCurve("loss", "train_loss", steps, train, 61),
            DrawnCurve("val_loss", "val_loss", steps, val, 61),
            DrawnCurve("val_accuracy", "val_score", steps, score, 61),
            DrawnCurve("optimizer.lr", "learning_rate", steps, rate, 61),
        ),
        next_evidence="Train once more with weight decay 0.01: if the gap stays, the network has too few examples.",
        cost={"wasted_share": 0.65, "wasted_seconds": 4380.0},
        notes=("val_loss: 2 repeated steps: the value logged last was kept",),
        version="0.1.0",
    )


def diverged() -> Report:
    steps = tuple(float(100 * s) for s in range(40))
    train = (
        tuple(2.3 * math.exp(0.02 * s) if s < 18 else 2.3 * 10 ** ((s - 18) / 2) for s in range(27)) + (math.nan,) * 13
    )
    val = (
        tuple(2.4 * math.exp(0.02 * s) if s < 18 else 3.1 * 10 ** ((s - 18) / 2) for s in range(26)) + (math.inf,) * 14
    )
    return Report(
        run_id="b1",
        verdict="diverged",
        severity=Severity.ERROR,
        status="FAILED",
        summary="Training loss blew up from step 1,800 and is NaN from step 2,700.",
        findings=(
            Finding(
                "LC108",
                "diverged",
                Severity.ERROR,
                1.0,
                "Training loss is NaN from step 2,700, after rising 10,000-fold from step 1,800.",
                "Lower the learning rate tenfold; clip gradients once it trains.",
                {"last_step": 2600},
                (1800.0, 3900.0),
            ),
        ),
        causes=(
            Cause(
                "learning-rate-too-high",
                0.91,
                "SGD with learning rate 0.3 and momentum 0.9.",
                Prescription("Lower the learning rate by two orders of magnitude.", (Change("lr", 0.3, 0.003),)),
                ("LC108",),
            ),
        ),
        curves=(
            DrawnCurve("train/loss", "train_loss", steps, train, 40),
            DrawnCurve("eval/loss", "val_loss", steps, val, 40),
        ),
        roles={"train_loss": "train/loss", "val_loss": "eval/loss"},
        cost={"wasted_share": 0.54},
        version="0.1.0",
    )


def healthy() -> Report:
    steps = tuple(float(s) for s in range(1, 31))
    train = tuple(0.12 + 1.9 * math.exp(-s / 4) for s in steps)
    val = tuple(0.16 + 1.8 * math.exp(-s / 4) for s in steps)
    return Report(
        run_id="ok1",
        run_name="baseline",
        verdict="good-fit",
        severity=Severity.OK,
        summary="Both losses settle by step 20, 0.04 apart.",
        findings=(
            Finding(
                "LC101", "good-fit", Severity.OK, 0.93, "Both losses settle by step 20, 0.04 apart.", "Nothing to do."
            ),
        ),
        curves=(DrawnCurve("loss", "train_loss", steps, train, 30), DrawnCurve("val_loss", "val_loss", steps, val, 30)),
        roles={"train_loss": "loss", "val_loss": "val_loss"},
        version="0.1.0",
    )


def empty() -> Report:
    return Report(
        run_id="none",
        verdict="insufficient-evidence",
        severity=Severity.INFO,
        summary="No metric was logged.",
        skipped=(Skip("LC101", "no training loss", "log a training loss at every epoch"),),
        version="0.1.0",
    )


def hostile() -> Report:
    """Every text that a run supplies is a payload, or made to break a layout."""
    long = "metric_" + "x" * 600
    rtl = "دقة‮abc‬ التحقق"
    return Report(
        run_id=PAYLOAD,
        run_name=f"{rtl} {PAYLOAD}",
        status=PAYLOAD,
        verdict="unstable",
        severity=Severity.WARNING,
        summary=f"{PAYLOAD}\r\n\x07\x9b2J\ud800",
        findings=(
            Finding(
                "LC109",
                PAYLOAD,
                Severity.WARNING,
                0.5,
                PAYLOAD * 3,
                PAYLOAD,
                {PAYLOAD: PAYLOAD, long: math.nan},
                (1.0, 3.0),
            ),
        ),
        causes=(
            Cause(
                PAYLOAD, 0.5, PAYLOAD, Prescription(PAYLOAD, (Change(PAYLOAD, PAYLOAD, long), Change(long, None, rtl)))
            ),
        ),
        skipped=(Skip(PAYLOAD, PAYLOAD, PAYLOAD), Skip("A", long, long)),
        roles={"train_loss": PAYLOAD, "val_loss": long, PAYLOAD: rtl},
        curves=(
            DrawnCurve(PAYLOAD, "train_loss", (0.0, 1.0, 2.0, 3.0), (1.0, math.nan, 3.0, 2.0), 4),
            DrawnCurve(long, "val_loss", (0.0, 1.0, 2.0, 3.0), (1.0, 1.5, math.inf, 2.5), 4),
            DrawnCurve(rtl, f"{PAYLOAD}_{long}", (0.0, 3.0), (0.0, 1.0), 2),
        ),
        next_evidence=PAYLOAD,
        notes=(PAYLOAD, long, rtl),
        version=PAYLOAD,
    )


SAMPLES: dict[str, Callable[[], Report]] = {f.__name__: f for f in (overfitting, diverged, healthy, empty, hostile)}


@pytest.fixture(scope="session")
def samples() -> dict[str, Report]:
    """All the reports, by name."""
    return {name: make() for name, make in SAMPLES.items()}


@pytest.fixture(scope="session", params=sorted(SAMPLES))
def report(request: pytest.FixtureRequest) -> Report:
    """Each of the reports in turn."""
    return SAMPLES[request.param]()
