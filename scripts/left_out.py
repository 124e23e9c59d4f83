"""What measured ratios bring on tasks that they were not measured on: right first, among three, sound runs warned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from scripts.accuracy import Answer, summary
from scripts.heard import DRAWN, Heard
from scripts.ratios import Weights, reweighed

#: Of how many tasks the runs must be answered better, on the whole, for a cause to have gained: one may be chance.
FEWEST_TASKS = 2

Fit = Callable[[frozenset[str]], Weights]
"""Weights from all tasks but these."""


@dataclass(frozen=True, slots=True)
class Change:
    """What other ratios of one cause change, over some runs, each judged by a fit that did not see its task.

    Attributes
    ----------
    gained, lost : int
        Runs whose true cause comes first now, or no more.
    tasks : Counter of str
        Gained less lost, by task.
    macro : float
        The gain where each fault weighs the same, in faults.
    alarms : int
        Sound runs that are warned now, less those that are no more.
    """

    gained: int
    lost: int
    tasks: Counter[str]
    macro: float
    alarms: int

    @property
    def gains(self) -> bool:
        """Whether more is right, on several tasks, and no further sound run is warned of."""
        better, worse = (sum(way * n > 0 for n in self.tasks.values()) for way in (1, -1))
        return self.rises and better - worse >= FEWEST_TASKS and self.alarms <= 0

    @property
    def rises(self) -> bool:
        """Whether more runs are right, and more of a fault's."""
        return self.gained > self.lost and self.macro > 0


@dataclass(frozen=True, slots=True)
class Figures:
    """How a set is answered."""

    first: float
    three: float
    warned: int


@dataclass(frozen=True)
class Trial:
    """Labelled runs that are ranked again with ratios that did not see their tasks.

    Attributes
    ----------
    runs : sequence of Heard
    fit : callable
        Gives weights from all tasks but some; called once for each.
    codes : tuple of str
        Rules whose ratios are tried.
    """

    runs: Sequence[Heard]
    fit: Fit
    codes: tuple[str, ...]
    _fits: dict[frozenset[str], Weights] = field(default_factory=dict)

    def without(self, *tasks: str) -> Weights:
        """Weights from the other tasks."""
        left_out = frozenset(tasks)
        if left_out not in self._fits:
            self._fits[left_out] = self.fit(left_out)
        return self._fits[left_out]

    @property
    def counted(self) -> list[Heard]:
        """The runs, but for those drawn from other sets."""
        return [run for run in self.runs if run.held_in != DRAWN]

    @property
    def tasks(self) -> list[str]:
        return sorted({run.task for run in self.runs})

    @cached_property
    def of_set(self) -> dict[str, set[str]]:
        """The tasks of each set."""
        found: dict[str, set[str]] = {}
        for run in self.runs:
            found.setdefault(run.held_in, set()).add(run.task)
        return found

    def judged(self) -> list[Answer]:
        return [run.as_judged for run in self.runs]

    def in_sample(self) -> list[Answer]:
        return [run.ranked(reweighed(run.judged, self.without(), self.codes)) for run in self.runs]

    def task_left_out(self) -> list[Answer]:
        return [run.ranked(reweighed(run.judged, self.without(run.task), self.codes)) for run in self.runs]

    def set_left_out(self) -> list[Answer]:
        """Each set by what the tasks say that none of its runs is of."""
        return [
            run.ranked(reweighed(run.judged, self.without(*self.of_set[run.held_in]), self.codes)) for run in self.runs
        ]

    def chosen_left_out(self) -> list[Answer]:
        """Each task by the causes that gain on the others, and by weights of these: the choice has not seen it."""
        chosen = {task: self.chosen(without=task) for task in self.tasks}
        return [run.ranked(reweighed(run.judged, self.without(run.task), chosen[run.task])) for run in self.runs]

    def chosen(self, without: str | None = None) -> frozenset[str]:
        """The rules whose ratios gain on tasks left out, and on sets left out too; a further task aside.

        Tasks of one set have their faults from one hand, so that what holds for all of them may hold for that hand.
        """
        by_task = {code for code, change in self.changes(without=without).items() if change.gains}
        by_set = self.changes(by_task, sets=True, without=without)
        return frozenset(code for code in by_task if by_set[code].rises)

    def changes(
        self, codes: Iterable[str] | None = None, *, sets: bool = False, without: str | None = None
    ) -> dict[str, Change]:
        """What each rule's ratios change where it speaks, with the run's task left out, or its set."""
        runs = [run for run in self.counted if run.task != without]
        of_fault = Counter(run.record["truth"].get("fault", "?") for run in runs if run.causes)
        aside = set() if without is None else {without}

        def unseen(run: Heard) -> Weights:
            return self.without(*aside, *(self.of_set[run.held_in] if sets else (run.task,)))

        return {code: _change(code, runs, of_fault, unseen) for code in (self.codes if codes is None else codes)}


def _change(
    code: str, runs: Iterable[Heard], of_fault: Mapping[str, int], unseen: Callable[[Heard], Weights]
) -> Change:
    gained = lost = alarms = 0
    macro, tasks = 0.0, Counter[str]()
    for run in runs:
        if not (run.causes or run.sound) or all(h.code != code for h in run.judged):
            continue
        old, new = run.as_judged, run.ranked(reweighed(run.judged, unseen(run), (code,)))
        if run.sound:
            alarms += new.severe - old.severe
        if run.causes:
            better = right_first(new) - right_first(old)
            gained, lost = gained + (better > 0), lost + (better < 0)
            tasks[run.task] += better
            macro += better / of_fault[run.record["truth"].get("fault", "?")]
    return Change(gained, lost, tasks, macro, alarms)


def right_first(answer: Answer) -> int:
    """1 where the first cause is a true one."""
    return int(bool(set(answer.causes[:1]) & set(answer.truth["causes"])))


def figures(runs: Sequence[Heard], answers: Sequence[Answer], sets: Container[str]) -> Figures:
    """Right first and among three, averaged over faults, and sound runs that a cause warns of, of some sets."""
    here = [answer for run, answer in zip(runs, answers, strict=True) if run.held_in in sets]
    found = summary(here)
    warned = sum(a.severe for a in here if a.truth.get("faulty") is False)
    return Figures(found["cause@1"], found["cause@3"], warned)
