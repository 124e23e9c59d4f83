"""What all callbacks have in common: when to look, what was seen, where it goes, and what is said of it."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

from tracker_diag.core import own
from tracker_diag.core.finding import Severity
from tracker_diag.core.signals import PREFIX, key
from tracker_diag.probes.batch_facts import BatchLog
from tracker_diag.probes.live import Live, Told
from tracker_diag.probes.looks import Schedule
from tracker_diag.probes.sinks import Log, OfFunction, Sink, Warned, find_sink

T = TypeVar("T")

FIRST_STEPS, MOST_WAITING = 2, 1_000
"""Steps within which no run need be going yet, and records that wait for one."""
EVERY = 100
"""Steps from one look to the next, where nobody says otherwise."""


class Watching:
    """The state of one training that is watched.

    Parameters
    ----------
    log : callable, optional
        Takes ``(dict, step)``; where absent, the run that is going in W&B or MLflow gets the figures.
    every : int
        Steps from one look to the next, at least.
    profile : mapping, optional
        What ``tracker_diag.profile_data`` says of the data.
    live : bool
        Whether the training is diagnosed while it goes on.
    stop_on : {'error', None}
        What ends a training that is lost.

    Raises
    ------
    ValueError
        If ``every`` is less than 1, or ``stop_on`` is neither 'error' nor None.
    """

    def __init__(
        self,
        *,
        log: Log | None = None,
        every: int = EVERY,
        profile: Mapping[str, Any] | None = None,
        live: bool = True,
        stop_on: Literal["error"] | None = None,
    ) -> None:
        if not isinstance(every, int) or every < 1:
            raise ValueError(f"every={every!r}: give the number of steps between measurements, 1 or more")
        if log is not None and not callable(log):
            raise ValueError(f"log={log!r}: give a function log(values, step), or leave it out")
        if profile is not None and not isinstance(profile, Mapping):
            raise ValueError("profile: give the mapping that tracker_diag.profile_data returns")
        if stop_on not in (None, "error"):
            raise ValueError(f"stop_on={stop_on!r}: give 'error' or None")
        self.warn = Warned()
        self.schedule = Schedule(every)
        self.live = Live(profile=profile)
        self.stopped: Told | None = None
        self._batches = BatchLog()
        self._sink: Sink | None = None if log is None else OfFunction(log, self.warn)
        self._is_live, self._stop_on = live, stop_on
        self._waiting: deque[tuple[dict[str, float], int]] = deque(maxlen=MOST_WAITING)
        self._files: dict[str, Mapping[str, Any]] = {} if profile is None else {own.PROFILE: profile}
        self._asked = self._ended = False

    def guarded(self, what: str, do: Callable[[], T]) -> T | None:
        """Look at something; where it fails, warn once and give None."""
        self.schedule.begin()
        try:
            return self._beside(what, do)
        finally:
            self.schedule.end()

    def _beside(self, what: str, do: Callable[[], T]) -> T | None:
        try:
            return do()
        except Exception as error:  # noqa: BLE001 - the training must not end by being watched
            said = str(error).partition("\n")[0][:200]
            self.warn(what, f"{what} could not be measured; training continues: {type(error).__name__}: {said}")
            return None

    def into(self, sink: Sink) -> None:
        """Send figures there from now on."""
        self._sink = sink

    def describe(self, model: Mapping[str, Any]) -> None:
        """Keep the description of the network, to be left beside the run."""
        self.live.model = model
        self._files[own.MODEL] = model

    def batch(self, inputs: Any, targets: Any) -> None:
        """Look at a batch that reaches the network."""
        self.guarded("the batches", lambda: self._batches.add(inputs, targets))

    def new_epoch(self) -> None:
        """Begin an epoch: a batch that comes again is none of this one."""
        self._batches.new_epoch()

    def log(self, figures: Mapping[str, float]) -> None:
        """Log figures of the step that is done, with those of the batches before it."""
        said = {key(name): value for name, value in self._batches.figures().items()} | dict(figures)
        self.send(said, self.schedule.step)

    def send(self, figures: Mapping[str, float], step: int) -> None:
        """Log figures, and keep them for the diagnosis of the training that is going."""
        said = {name: float(value) for name, value in figures.items()}
        if not said:
            return
        self.live.saw(said, step)
        self._waiting.append((said, step))
        sink = self._found(step)
        if sink is None:
            return
        for name, data in self._files.items():
            sink.leave(name, data)
        for waiting in self._waiting:
            sink.log(*waiting)
        self._files = {}
        self._waiting.clear()

    def _found(self, step: int) -> Sink | None:
        if self._sink is None:
            self._sink = self.guarded("the tracker", lambda: find_sink(self.warn))
            # A run may be started between the call and the first steps.
            if self._sink is None and step >= FIRST_STEPS and not self._asked:
                self._asked = True
                self.warn(
                    "nowhere",
                    "no active run in MLflow or W&B, so nothing is logged: start one before training, or pass "
                    "log=, a function log(values, step)",
                )
        return self._sink

    def epoch(self, metrics: Mapping[str, Any], step: float) -> Told | None:
        """Take the metrics of an epoch, and diagnose what was seen so far, if that is due.

        Parameters
        ----------
        metrics : mapping of str to float
            As the training logs them; they are kept for the diagnosis, and not logged again.
        step : float
            The epoch, or whatever the training counts its metrics by.

        Returns
        -------
        Told or None
            The first warning, and the first error; its line has been printed.
        """
        said = {name: value for name, value in metrics.items() if not name.startswith(PREFIX)}
        lost = self.live.saw(said, step)
        if not self._is_live:
            return None
        # It has a time of its own.
        told = self._beside("the curves", lambda: self.live.epoch(lost=lost))
        if told is None:
            return None
        self._print(told)
        if self._stop_on is not None and told.finding.severity.rank >= Severity.ERROR.rank:
            self.stopped = told
        return told

    def _print(self, told: Told) -> None:
        print(told.line, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Look at the curves for a last time, and send what waits."""
        told = self._beside("the curves", self.live.last) if self._is_live and not self._ended else None
        self._ended = True
        if told is not None:
            self._print(told)
        sink = self._sink
        if sink is not None:
            self.guarded("the tracker", sink.close)
