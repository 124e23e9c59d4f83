"""Whether the prescriptions work.

Trains small networks on tasks of several kinds, injects a fault, logs parameters and curves as a script would, applies
the first prescription to the parameters it names, trains again with the same seed, and compares the loss on a large
test set that nothing else has seen. Needs PyTorch, for this alone:

    .venv/bin/python -m pip install torch==2.13.0        (or: pip install --group prescriptions)

    scripts/prescriptions                                print the tables (ten to fifteen minutes on two cores)
    scripts/prescriptions --each                         and every trial
    scripts/prescriptions --task words --fault dead-relu
    scripts/prescriptions --cache FOLDER                 keep what was trained: after a change of a rule, only what is
                                                         prescribed anew is trained
    scripts/prescriptions --docs docs/how-it-works/prescriptions.md  write the tables into the page, between its markers
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

# One thread a process: networks this small are slower on several.
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

from scripts.accuracy import share, table
from scripts.between import write_between
from scripts.remedies.faults import FAULTS, sound
from scripts.remedies.tasks import TASKS
from scripts.remedies.trial import Check, Trial, check, repair

OUTCOMES = ("helps", "nothing", "harms", "by hand", "none")


def counted(trials: Iterable[Trial]) -> tuple[str, ...]:
    """How many trials came out how, and the shares of those that were applied."""
    count = Counter(t.outcome for t in trials)
    applied = sum(count[o] for o in OUTCOMES[:3])
    shares = tuple(share(count[o] / applied) if applied else "–" for o in ("helps", "harms"))
    return (*(str(count[o]) for o in OUTCOMES), *shares)


def most(values: Iterable[str]) -> str:
    """The three most frequent, with their numbers."""
    return ", ".join(f"{value or 'none'} ({n})" for value, n in Counter(values).most_common(3))


def tables(trials: list[Trial], checks: list[Check]) -> str:
    """All that goes into the page."""
    alarmed, green = [t for t in trials if t.severe], [t for t in trials if not t.severe]
    harmed = [t for t in trials if t.effective]
    groups = {
        "all": trials,
        "with a warning or an error": alarmed,
        "the same, where the fault made the test loss worse": [t for t in alarmed if t.effective],
        "green: no change is asked for": green,
    }
    parts = [
        f"{len(trials)} networks with a fault: {len({t.fault for t in trials})} kinds of fault, "
        f"{len({t.task for t in trials})} tasks, {len({t.seed for t in trials})} seeds. "
        f"The fault made the test loss worse in {len(harmed)} of them, of which "
        f"{sum(not t.severe for t in harmed)} got no warning.",
        table(
            ("prescriptions", *OUTCOMES, "help", "harm"), ((name, *counted(group)) for name, group in groups.items())
        ),
        "### By fault",
        table(
            ("fault", "what was done", "worse", "warned", "verdicts", "first causes", *OUTCOMES),
            _by_fault(trials),
        ),
        "### By cause whose prescription was applied",
        table(
            ("cause", *OUTCOMES, "help", "harm"),
            (
                (name or "none", *counted(t for t in trials if t.cause == name))
                for name in sorted({t.cause for t in trials})
            ),
        ),
        "### By task",
        table(
            ("task", "what is learned", *OUTCOMES, "help", "harm"),
            (
                (k.name, k.about, *counted(t for t in trials if t.task == k.name))
                for k in TASKS
                if k.name in {t.task for t in trials}
            ),
        ),
        "### Networks without a fault",
        _healthy(checks),
    ]
    by_hand = sorted({f"{t.cause}: {t.said}" for t in trials if t.outcome == "by hand"})
    if by_hand:
        parts += ["### Prescriptions that a table cannot apply", "\n".join(f"- {said}" for said in by_hand)]
    return "\n\n".join(parts)


def _by_fault(trials: list[Trial]) -> Iterable[tuple[str, ...]]:
    for fault in FAULTS:
        group = [t for t in trials if t.fault == fault.name]
        if group:
            yield (
                fault.name,
                fault.done,
                f"{sum(t.effective for t in group)} of {len(group)}",
                str(sum(t.severe for t in group)),
                most(t.verdict for t in group),
                most(t.first for t in group),
                *counted(group)[: len(OUTCOMES)],
            )


def _healthy(checks: list[Check]) -> str:
    good = [c for c in checks if not c.better]
    alarms = [c for c in good if c.severe]
    rows = [(c.task, c.setup, str(c.seed), c.verdict, c.first or "none") for c in alarms]
    said = (
        f"{len(checks)} networks without a fault, of which {len(good)} are sound: neither twice nor half the epochs, "
        f"three times nor a third of the learning rate make the test loss better by a tenth. "
        f"Sound networks with a warning: {len(alarms)}."
    )
    return "\n\n".join([said, table(("task", "setup", "seed", "verdict", "first cause"), rows)] if rows else [said])


def line(result: Trial | Check) -> str:
    """One result in a line."""
    if isinstance(result, Check):
        c, mark = result, f" (better: {result.better})" if result.better else ""
        return f"{'ALARM' if c.severe else 'green':8} {c.task} {c.setup} {c.seed}{mark}: {c.verdict}; {c.first}"
    t = result
    marks = ("" if t.effective else " (no effect)") + ("" if t.severe else " (green)")
    return (
        f"{t.outcome:8} {t.fault} {t.task} {t.seed}{marks}: {t.verdict}; {t.first} | {t.cause}: {t.said}; "
        f"sound {t.sound:.4g}, before {t.before:.4g}, after {t.after:.4g}"
    )


def run(jobs: list[tuple[Callable[..., Any], tuple[Any, ...]]], processes: int, show: bool) -> list[Any]:
    """Results in the order of the jobs, with progress on the error stream."""
    began = time.monotonic()
    with ProcessPoolExecutor(processes) as pool:
        futures: list[Future[Any]] = [pool.submit(function, *words) for function, words in jobs]
        for done, future in enumerate(as_completed(futures), start=1):
            if show:
                print(line(future.result()), flush=True)
            passed = time.monotonic() - began
            left = passed / done * (len(jobs) - done)
            print(
                f"\r{done}/{len(jobs)} networks, {passed:.0f} s, about {left:.0f} s left ",
                end="",
                file=sys.stderr,
                flush=True,
            )
    print(file=sys.stderr)
    return [future.result() for future in futures]


def main() -> None:
    """Read the options, train, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [task.name for task in TASKS]
    parser.add_argument("--task", action="append", choices=names, help="only this one; may be repeated")
    parser.add_argument(
        "--fault", action="append", choices=[f.name for f in FAULTS], help="only this one; may be repeated"
    )
    parser.add_argument("--seeds", type=int, default=2, help="seeds 0, 1, …; even and odd ones log differently")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--each", action="store_true", help="print every trial as it is done")
    parser.add_argument("--cache", type=Path, help="keep trained networks here, for the next time")
    parser.add_argument("--docs", type=Path, help="write the tables into this page, between its markers")
    options = parser.parse_args()
    if options.cache:
        os.environ["REMEDIES_CACHE"] = str(options.cache)
    tasks = [t for t in TASKS if t.name in (options.task or names)]
    jobs: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []
    for task in tasks:
        for seed in range(options.seeds):
            chosen = [f for f in FAULTS if f.fits(task) and f.name in (options.fault or [f.name])]
            jobs += [(repair, (task.name, fault.name, seed)) for fault in chosen]
            if not options.fault:
                jobs += [(check, (task.name, name, seed)) for name, _ in sound(task)]
    results = run(jobs, options.processes, options.each)
    trials = [r for r in results if isinstance(r, Trial)]
    checks = [r for r in results if isinstance(r, Check)]
    text = f"Made by `scripts/prescriptions`.\n\n{tables(trials, checks)}"
    print(text)
    if options.docs:
        write_between(options.docs, "prescriptions", text)


if __name__ == "__main__":
    main()
