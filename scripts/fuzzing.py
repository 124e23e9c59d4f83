"""Hostile runs at random, each read, diagnosed and rendered in every way; whatever fails is printed.

A case follows from its seed and its number, so that a failure is repeated by ``--seed S --only N``. Its runs go through
``Run.from_dict``, ``diagnose``, every renderer, the tags, the files, the round trip of the report and the fingerprint;
its settings through ``parse_settings`` and, as text, through the reader of configuration files. A refusal in our own
words (``InvalidRunError``, ``SettingsError``) is an answer; any other exception, a part of the report that failed, a
rule that failed, and an answer that takes longer than 30 seconds are failures: exit code 1.

    scripts/fuzz                        10,000 runs
    scripts/fuzz --runs 100000 --seed 7
    scripts/fuzz --seed 7 --only 1234   one of them again, with the traceback
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console

from scripts.hostile import Case, make
from tracker_diag import InvalidRunError, Report, Run, Settings, diagnose
from tracker_diag.adapters.base import Listing
from tracker_diag.report.formats.markdown import render as render_markdown
from tracker_diag.report.formats.text import print_text
from tracker_diag.report.tags import suggested_config
from tracker_diag.settings.settings import SettingsError, load_settings, parse_settings
from tracker_diag.sweeping.fingerprint import fingerprint
from tracker_diag.sweeping.judge import Task, before, render

CHUNK = 50
"""Runs that a process is given at once."""
SLOWEST = 30
"""Seconds that one case may take on a busy machine; the slowest known takes one."""


class TooSlowError(BaseException):
    """A case that was given up; no guard of ours may take it for the failure of a part, and go on to the next."""


@dataclass(frozen=True)
class Failure:
    """What went wrong with one case.

    Attributes
    ----------
    said : str
        In one line, with the place in our code.
    details : str
        The traceback.
    """

    number: int
    category: str
    said: str
    details: str = ""

    @property
    def kind(self) -> str:
        """What went wrong and where, whichever rule met it."""
        return self.said.partition(": ")[2]


@dataclass
class Tally:
    """What was seen of several cases."""

    runs: int = 0
    refused: int = 0
    failures: list[Failure] = field(default_factory=list)


class Caught(logging.Handler):
    """The errors that the guards of the package caught; what they say stands in the report, the place only here."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.errors: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the error."""
        if record.exc_info and record.exc_info[1]:
            self.errors.append(record.exc_info[1])


def check(seed: int, number: int) -> tuple[bool, list[Failure]]:
    """Run one case.

    Returns
    -------
    refused : bool
        Whether the run itself was refused in our own words, so that there was nothing to diagnose.
    failures : list of Failure
    """
    case = make(seed, number)
    failures: list[Failure] = []

    def fail(what: str, error: BaseException) -> None:
        details = "".join(traceback.format_exception(error))
        failures.append(Failure(number, case.category, f"{what}{_place(error)}", details))

    refused = False
    try:
        with _limited(), warnings.catch_warnings():
            # A division by zero that numpy only warns of is as much a defect as one of Python's.
            warnings.simplefilter("error")
            refused = not _answered(case, fail)
    except TooSlowError as error:
        fail(f"given up: {_in_one_line(error)}", error)
    return refused, failures


def _answered(case: Case, fail: Callable[[str, BaseException], None]) -> bool:
    """Read, diagnose and render one case; False where the run is refused in our own words."""
    with _caught() as caught:
        try:
            settings = _settings(case)
            run = Run.from_dict(case.data)
        except InvalidRunError:
            return False
        except Exception as error:  # noqa: BLE001  a failure is what we are looking for
            fail(f"reading: {_in_one_line(error)}", error)
            return True
        report = _attempt(fail, "diagnose", lambda: diagnose(run, settings))
        if report is not None:
            for said in defects(report):
                unlogged = AssertionError("nothing was logged")
                fail(said, next((e for e in caught.errors if type(e).__name__ in said), unlogged))
            for what, draw in renderings(run, report, settings):
                _attempt(fail, what, draw)
    return True


def defects(report: Report) -> list[str]:
    """What a report says of parts of the diagnosis that failed."""
    rules = [f"{s.code}: {s.reason}" for s in report.skipped if s.reason.startswith("the rule failed")]
    return rules + [note for note in report.notes if " could not be " in note and "Error" in note]


def renderings(run: Run, report: Report, settings: Settings) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Whatever is made of a report, by name."""
    task = Task(run, settings.model_copy(update={"artifacts": "all"}), before(run.tags, settings.prefix))
    latest = {n: (s.steps[-1].item(), s.values[-1].item()) for n, s in run.metrics.items() if len(s)}
    listing = Listing(run.id, tags=run.tags, params=run.params, status=run.status, latest=latest)
    yield "text", lambda: print_text(report, Console(file=io.StringIO(), width=80))
    yield "markdown", lambda: render_markdown(report)
    yield "tags and files", lambda: json.loads(render(task, report).artifacts["report.json"], parse_constant=_no_json)
    yield "suggested configurations", lambda: [suggested_config(report, cause) for cause in report.causes]
    yield "round trip", lambda: _same(Report.from_dict(report.to_dict()).to_dict(), report.to_dict())
    yield "fingerprint", lambda: fingerprint(listing, settings)


def _settings(case: Case) -> Settings:
    if case.config:
        for ending in ("yaml", "toml"):
            with tempfile.NamedTemporaryFile(suffix=f".{ending}") as file:
                file.write(case.config.encode(errors="replace"))
                file.flush()
                try:
                    load_settings(Path(file.name)).for_experiment("vision")
                except SettingsError as error:
                    _same(len(str(error).splitlines()), 1)
    try:
        return parse_settings(case.settings).for_experiment("vision")
    except SettingsError:
        return Settings()


def _attempt(fail: Callable[[str, BaseException], None], what: str, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except Exception as error:  # noqa: BLE001  as above
        fail(f"{what}: {_in_one_line(error)}", error)


def _same(found: Any, expected: Any) -> None:
    if found != expected:
        raise AssertionError(f"{str(found)[:200]} is not {str(expected)[:200]}")


def _no_json(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def _in_one_line(error: BaseException) -> str:
    try:
        text = " ".join(str(error).split())[:160]
    except Exception:  # noqa: BLE001  an error about a number of thousands of digits has no text
        text = ""
    return f"{type(error).__name__}: {text}"


def _place(error: BaseException) -> str:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/tracker_diag/" in f.filename]
    return f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""


@contextmanager
def _caught() -> Iterator[Caught]:
    caught, package = Caught(), logging.getLogger("tracker_diag")
    package.addHandler(caught)
    try:
        yield caught
    finally:
        package.removeHandler(caught)


@contextmanager
def _limited() -> Iterator[None]:
    def give_up(_: int, __: FrameType | None) -> None:
        raise TooSlowError(f"more than {SLOWEST} seconds")

    before_us = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, SLOWEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before_us)


# -- many cases ------------------------------------------------------------------------------------------------------


def chunk(seed: int, numbers: range) -> Tally:
    """Run some cases, in a process of their own."""
    tally = Tally()
    for number in numbers:
        refused, failures = check(seed, number)
        tally.runs += 1
        tally.refused += refused
        tally.failures += failures
    return tally


def fuzz(seed: int, runs: int, seconds: float, workers: int) -> Iterator[Tally]:
    """Run the cases 0 to ``runs`` in several processes, until the time is over; tallies as they come."""
    end = time.monotonic() + seconds
    chunks = (range(start, min(start + CHUNK, runs)) for start in range(0, runs, CHUNK))
    with ProcessPoolExecutor(workers) as pool:
        waiting: dict[Future[Tally], range] = {}
        while True:
            while len(waiting) < 2 * workers and time.monotonic() < end and (numbers := next(chunks, None)) is not None:
                waiting[pool.submit(chunk, seed, numbers)] = numbers
            if not waiting:
                return
            for done in wait(waiting, return_when=FIRST_COMPLETED).done:
                numbers = waiting.pop(done)
                try:
                    yield done.result()
                except BrokenProcessPool:
                    said = f"the process died in one of the runs {numbers[0]} to {numbers[-1]}"
                    yield Tally(failures=[Failure(numbers[0], "any", said)])
                    return


def main() -> int:
    """Read the options, run the cases, print what failed; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10_000, help="how many (default 10,000)")
    parser.add_argument("--seed", type=int, default=0, help="of all of them (default 0)")
    parser.add_argument(
        "--seconds", type=float, default=3600, help="no further run is begun after these (default 3,600)"
    )
    parser.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--only", type=int, help="run the case of this number alone, and print the traceback")
    options = parser.parse_args()
    logging.getLogger("tracker_diag").propagate = False
    if options.only is not None:
        failures = check(options.seed, options.only)[1]
        print("\n".join(f"{f.category}: {f.said}\n{f.details}" for f in failures) or "nothing failed")
        return 1 if failures else 0
    begin, total, kinds = time.monotonic(), Tally(), Counter[str]()
    for tally in fuzz(options.seed, options.runs, options.seconds, options.workers):
        total.runs += tally.runs
        total.refused += tally.refused
        for failure in tally.failures:
            kinds[failure.kind] += 1
            if kinds[failure.kind] == 1:
                again = f"--seed {options.seed} --only {failure.number}"
                print(f"{failure.category} {again}: {failure.said}", flush=True)
        print(f"\r{total.runs:,} of {options.runs:,} runs", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    took = time.monotonic() - begin
    rate = f"{total.runs:,} runs in {took:,.0f} s, {total.runs / took:,.0f} a second"
    print(f"{rate}; {total.refused:,} refused in our own words; {kinds.total():,} failures of {len(kinds)} kinds")
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main())
