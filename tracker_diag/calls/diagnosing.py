"""``diagnose`` and ``diagnose_many``: the answer for what is held in memory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tracker_diag.calls.chosen_settings import chosen
from tracker_diag.calls.showing import shown
from tracker_diag.comparison.comparison import Comparison
from tracker_diag.comparison.experiment_table import Table
from tracker_diag.comparison.sibling import Siblings
from tracker_diag.core.report import Report
from tracker_diag.core.run import Run
from tracker_diag.engine import diagnosis
from tracker_diag.reading.in_memory import one_run, several_runs
from tracker_diag.report.wording import named_cause
from tracker_diag.settings.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

SIBLING = "sibling"


def diagnose(run: object, settings: Settings | Mapping[str, Any] | None = None, siblings: object = ()) -> Report:
    """Say what is wrong with a run, if anything.

    Pure: no input or output, no clock, no randomness that is not seeded. The same run gives the same report. It raises
    for no run that can be read: what goes wrong in a rule or in another part is said in the report, the traceback is
    in the log, and the other parts still speak.

    Parameters
    ----------
    run : Run, or data in memory
        A ``Run``, as ``tracker_diag.read`` or ``Run.from_dict`` gives it. Or a pandas DataFrame, wide (a column for
        each metric) or long (columns ``metric``, ``value`` and ``step``); a dict of lists, of which those in a dict get
        its key, ``train/loss``; what ``fit`` of Keras returns; the ``log_history`` of a Hugging Face Trainer. Values
        without a step count from 0. How empty cells are told from NaN stands in ``docs/reference/python.md``.
    settings : Settings or mapping, optional
        Defaults where absent; a mapping holds what a file of settings does. The tag ``<prefix>ignore`` of the run
        (rule names or codes, separated by commas) is honoured.
    siblings : iterable of the same, or Comparison
        The other runs of its experiment, of whose metrics only the last values count; or what they say, where many
        runs of one experiment are diagnosed (``tracker_diag.comparison.experiment_table.Table``).

    Returns
    -------
    Report
        The verdict, the findings and causes behind it, and what was skipped.

    Raises
    ------
    TypeError
        If run or a sibling is nothing of these; says what is taken.
    InvalidRunError
        If it is, and cannot be read, or holds several runs: names the column, and what to do; a ValueError.

    Examples
    --------
    >>> from tracker_diag import diagnose
    >>> epochs = range(1, 31)
    >>> history = {
    ...     "epoch": epochs,
    ...     "loss": [2 / epoch for epoch in epochs],
    ...     "val_loss": [2 / epoch + 0.002 * epoch**2 for epoch in epochs],
    ... }
    >>> report = diagnose(history)
    >>> report.verdict, report.findings[0].code
    ('overfitting', 'LC104')
    >>> report.findings[0].message
    'validation loss rose from 0.382 (step 8) to 1.752, losing 71% of the total improvement'

    What is known of the training besides goes into ``params``:

    >>> report = diagnose({"metrics": history, "params": {"epochs": 30}})
    >>> report.causes[0].prescription.text
    'stop at step 8 and keep that checkpoint: reduce epochs from 30 to 8'
    """
    found = run if isinstance(run, Run) else one_run(run)
    others = siblings if isinstance(siblings, Comparison) else several_runs(siblings, SIBLING)
    return diagnosis.diagnose(found, chosen(settings), others)


def diagnose_many(runs: object, settings: Settings | Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Diagnose several runs, and give a row for each.

    Each is compared with the others of its experiment as a tracker's sweep compares them, by what they ended with, and
    only with those of the same metric, data and much the same parameters. Which experiment a run is of, ``read_all``
    tells of a tracker's runs; runs of which nobody said it count as one experiment. A run of which no parameter is
    known is compared with none: nobody can tell in what it differs.

    Parameters
    ----------
    runs : iterable of what :func:`diagnose` takes
        Also a dict of names to runs, what ``groupby`` of a frame gives, or one frame in which a column names the run.
        Runs without an id are numbered.
    settings : Settings or mapping, optional
        As for :func:`diagnose`. What they say of experiments by name holds for these.

    Returns
    -------
    pandas.DataFrame
        In the order of the runs: ``id``, ``name``, ``verdict``, ``severity``, ``cause`` (the first, where a
        change would pay; else empty), ``summary``, ``findings`` (codes, separated by commas), ``wasted_share`` in
        [0, 1] and ``wasted_seconds``, NaN where nothing is known to be wasted.

    Raises
    ------
    TypeError, InvalidRunError
        As for :func:`diagnose`; also where two runs have one id.

    Examples
    --------
    >>> from tracker_diag import diagnose_many
    >>> epochs = range(1, 31)
    >>> falls = [2 / epoch for epoch in epochs]
    >>> rises = [2 / epoch + 0.002 * epoch**2 for epoch in epochs]
    >>> broken = [0.9, 0.8] + [float("nan")] * 28
    >>> table = diagnose_many({"a": {"loss": falls, "val_loss": rises}, "b": {"loss": broken}})
    >>> table[["id", "verdict", "severity"]].values.tolist()
    [['a', 'overfitting', 'warning'], ['b', 'diverged', 'error']]
    """
    import pandas as pd

    found = several_runs(runs)
    rows = []
    with shown("diagnosing") as advance:
        for report in reports_of(found, chosen(settings)):
            rows.append(row_of(report))
            advance(len(rows), len(found))
    return pd.DataFrame(rows, columns=COLUMNS)


COLUMNS = ["id", "name", "verdict", "severity", "cause", "summary", "findings", "wasted_share", "wasted_seconds"]


def reports_of(runs: Sequence[Run], settings: Settings) -> Iterator[Report]:
    """Diagnose runs in their order, each compared with the others of its experiment where both have parameters."""
    parts: dict[str | None, list[Run]] = {}
    for run in runs:
        parts.setdefault(run.experiment, []).append(run)
    own = {name: settings if name is None else settings.for_experiment(name) for name in parts}
    tables = {name: _compared(part, own[name]) for name, part in parts.items()}
    for run in runs:
        yield diagnosis.diagnose(run, own[run.experiment], tables[run.experiment].compare(run.id) or ())


def _compared(runs: Sequence[Run], settings: Settings) -> Table:
    reader = Siblings(settings, settings.prefix)
    return Table.of(reader.read(run) for run in runs if run.params)


def row_of(report: Report) -> dict[str, Any]:
    """What a table says of one run."""
    return {
        "id": report.run_id,
        "name": report.run_name,
        "verdict": report.verdict,
        "severity": str(report.severity),
        "cause": cause.name if (cause := named_cause(report)) else "",
        "summary": report.summary,
        "findings": ", ".join(finding.code for finding in report.findings),
        "wasted_share": report.cost.get("wasted_share", math.nan),
        "wasted_seconds": report.cost.get("wasted_seconds", math.nan),
    }
