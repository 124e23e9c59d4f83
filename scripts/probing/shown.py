"""What the diagnoses of watched runs come to, with what the callbacks logged and without."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tracker_diag import Run, Severity, diagnose
from tracker_diag.core.signals import PREFIX

#: Share of the sound twin's loss by which a faulty one is worse, and points of accuracy; where nothing is worse by as
#: much, the fault did no harm.
WORSE_LOSS, WORSE_ACCURACY = 1.15, 0.03
#: What a sound variation may lose against the sound run of its task.
MAY_LOSE_LOSS, MAY_LOSE_ACCURACY = 1.15, 0.02
#: Share of a run within which one that is lost is to be told.
A_TENTH = 0.1
#: Kinds whose harm is not in the network but in what validation says of it.
DECEIVE = ("validation holds training examples", "validation preprocessed otherwise", "dropout in evaluation")


@dataclass(frozen=True)
class Answer:
    """One run, and what was said of it."""

    task: str
    kind: str
    framework: str
    fresh: bool
    causes: tuple[str, ...]
    counts: bool
    watched: tuple[str, ...]
    bare: tuple[str, ...]
    watched_warned: bool
    bare_warned: bool
    error: bool
    lines: tuple[Any, ...]
    delay: float


#: Kinds that prepare validation as they prepare training, and not the test set: validation says what they cost.
ON_VALIDATION = ("inverted-imputation", "divided-twice", "columns-in-other-unit")


def answered(runs: Sequence[dict[str, Any]]) -> list[Answer]:
    """Diagnose every run twice, and see whether its fault hurt."""
    sound = {(r["task"], r["framework"]): r for r in runs if r["kind"] == "sound"}
    return [_answer(run, sound.get((run["task"], run["framework"]))) for run in runs]


def _answer(run: dict[str, Any], twin: dict[str, Any] | None) -> Answer:
    data = run["run"]
    data = {key: value for key, value in data.items() if value is not None}
    bare = {key: value for key, value in data.items() if key not in ("profile", "model")}
    bare["metrics"] = {name: points for name, points in data["metrics"].items() if not name.startswith(PREFIX)}
    reports = [diagnose(Run.from_dict(d)) for d in (data, bare)]
    causes = [tuple(c.name for c in report.causes) for report in reports]
    warned = [report.severity.rank >= Severity.WARNING.rank for report in reports]
    return Answer(
        run["task"],
        run["kind"],
        run["framework"],
        run["fresh"],
        tuple(run["causes"]),
        _counts(run, twin),
        causes[0] if warned[0] else (),
        causes[1] if warned[1] else (),
        warned[0],
        warned[1],
        reports[0].severity is Severity.ERROR,
        tuple(map(tuple, run["lines"])),
        _delay(run),
    )


def _delay(run: dict[str, Any]) -> float:
    """Share of the run from the first epoch at whose end the fault shows to the first line; infinite where none came.

    It shows in the first epoch, and where the loss is lost, in the first with a loss that is not finite.
    """
    if not run["lines"]:
        return math.inf
    metrics = run["run"]["metrics"]
    losses = [float(value) for _, value in metrics.get("train_loss") or metrics["loss"]]
    lost = next((i for i, loss in enumerate(losses, 1) if not math.isfinite(loss)), 1)
    return max(0, run["lines"][0][0] - lost) / run["epochs"]


def _counts(run: dict[str, Any], twin: dict[str, Any] | None) -> bool:
    """Whether the label stands: a fault that hurts, or a sound variation that does not."""
    if twin is None or run["kind"] == "sound":
        return True
    if run["kind"] in DECEIVE:
        return True
    if run["kind"] == "raw targets":
        return True
    loss, accuracy = _came_to(run, run["kind"] in ON_VALIDATION)
    best, twins = _came_to(twin, run["kind"] in ON_VALIDATION)
    both = accuracy is not None and twins is not None
    if run["causes"]:
        return not loss < WORSE_LOSS * best or (both and accuracy < twins - WORSE_ACCURACY)
    if both:
        return bool(accuracy > twins - MAY_LOSE_ACCURACY)
    return loss < MAY_LOSE_LOSS * best


def _came_to(run: dict[str, Any], on_validation: bool) -> tuple[float, Any]:
    """Loss and accuracy on independent data."""
    if not on_validation:
        return float(run["test_loss"]), run["test_accuracy"]
    metrics = run["run"]["metrics"]
    accuracy = metrics.get("val_accuracy")
    return float(metrics["val_loss"][-1][1]), None if accuracy is None else float(accuracy[-1][1])


def _share(parts: Iterable[bool]) -> str:
    known = list(parts)
    return f"{sum(known) / len(known):.3f}" if known else "–"


def figures(answers: Sequence[Answer]) -> list[tuple[str, str, str]]:
    """Name of each figure, with what the callbacks logged and without."""
    faulty = [a for a in answers if a.causes and a.counts]
    sound = [a for a in answers if not a.causes and a.counts]
    return [
        ("faulty runs", str(len(faulty)), str(len(faulty))),
        (
            "right cause first",
            _share(bool(a.watched) and a.watched[0] in a.causes for a in faulty),
            _share(bool(a.bare) and a.bare[0] in a.causes for a in faulty),
        ),
        (
            "right cause among three",
            _share(bool(set(a.watched[:3]) & set(a.causes)) for a in faulty),
            _share(bool(set(a.bare[:3]) & set(a.causes)) for a in faulty),
        ),
        ("missed", _share(not a.watched_warned for a in faulty), _share(not a.bare_warned for a in faulty)),
        ("sound runs", str(len(sound)), str(len(sound))),
        ("false alarms", _share(a.watched_warned for a in sound), _share(a.bare_warned for a in sound)),
        ("faulty runs reported while running", _share(bool(a.lines) for a in faulty), "–"),
        ("lost runs", str(sum(a.error for a in faulty)), "–"),
        ("lost runs reported within a tenth of the run", _share(a.delay <= A_TENTH for a in faulty if a.error), "–"),
        ("sound runs reported while running", _share(bool(a.lines) for a in sound), "–"),
    ]


def table(answers: Sequence[Answer], *, errors: bool = False) -> str:
    """The figures in plain text, and the wrong answers where they are asked for."""
    out = []
    for name, some in _groups(answers):
        if some:
            out += [f"\n{name}", f"{'':46}{'watched':>10}{'bare':>10}"]
            out += [f"{what:46}{with_:>10}{without:>10}" for what, with_, without in figures(some)]
    if errors:
        out.append("")
        for a in answers:
            right = bool(a.watched) and a.watched[0] in a.causes if a.causes else not a.watched_warned
            named = f"{a.task:10} {a.framework:6} {a.kind:36.36}"
            if a.counts and not right:
                said = ", ".join(a.watched[:3]) or "(no cause)" if a.watched_warned else "(no warning)"
                out.append(f"{named} {', '.join(a.causes):24} → {said}")
            if not a.counts:
                out.append(f"{named} does not count: it did not hurt, or is not sound")
    return "\n".join(out)


def _groups(answers: Sequence[Answer]) -> list[tuple[str, list[Answer]]]:
    return [
        ("all", list(answers)),
        ("kinds and task written without a look at the rules", [a for a in answers if a.fresh]),
        ("kinds and tasks of the project", [a for a in answers if not a.fresh]),
        *((f"task {task}", [a for a in answers if a.task == task]) for task in dict.fromkeys(a.task for a in answers)),
        *((framework, [a for a in answers if a.framework == framework]) for framework in ("torch", "keras")),
    ]


def page(answers: Sequence[Answer]) -> str:
    """The page of the documentation."""
    out = [
        "# What watched runs show",
        "",
        "This page says what the callbacks add. `scripts/probes` trains small networks with PyTorch by hand and with "
        "Keras, with the callbacks on. The runs are logged to a real MLflow server and diagnosed from there, once with "
        "what the callbacks logged (*watched*) and once without (*bare*). A fault counts only if the sound twin does "
        "better on independent data, and a sound variation only if it does not do worse. Figures below 1 are shares of "
        "the runs above them.",
    ]
    for name, some in _groups(answers):
        if some:
            out += ["", f"## {name[:1].upper()}{name[1:]}", "", "| | watched | bare |", "| --- | --- | --- |"]
            out += [f"| {what} | {with_} | {without} |" for what, with_, without in figures(some)]
    head = "| kind | runs | right cause first | among three | missed | bare: right cause first |"
    out += ["", "## By kind", "", head, "| --- " * 6 + "|"]
    for kind in dict.fromkeys(a.kind for a in answers if a.causes):
        some = [a for a in answers if a.kind == kind and a.counts]
        row = [
            kind + (" (fresh)" if any(a.fresh and a.kind == kind for a in answers) and _is_fresh(kind) else ""),
            str(len(some)),
            _share(bool(a.watched) and a.watched[0] in a.causes for a in some),
            _share(bool(set(a.watched[:3]) & set(a.causes)) for a in some),
            _share(not a.watched_warned for a in some),
            _share(bool(a.bare) and a.bare[0] in a.causes for a in some),
        ]
        out.append(f"| {' | '.join(row)} |")
    return "\n".join(out) + "\n"


def _is_fresh(kind: str) -> bool:
    from scripts.probing import fresh

    return any(kind == fault.name for fault in fresh.FAULTS)
