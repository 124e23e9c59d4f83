"""The report: the answer for one run, and the curves drawn in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from tracker_diag.core.fields import from_plain, to_plain
from tracker_diag.core.finding import Cause, Finding, Severity, Skip
from tracker_diag.core.outgoing import clean

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SCHEMA_VERSION = 1
LONGEST_LINE = 300
"""Letters of a report on one line."""


@dataclass(frozen=True, slots=True)
class DrawnCurve:
    """A metric, thinned for drawing without losing extremes."""

    name: str = field(metadata={"description": "the metric's name in the tracker"})
    role: str = field(metadata={"description": "train_loss, val_loss, …"})
    steps: tuple[float, ...] = field(metadata={"description": "at most a few hundred points"})
    values: tuple[float, ...]
    n: int = field(metadata={"description": "number of points logged", "ge": 0})


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """The diagnosis of one run."""

    # The order is that of the keys of ``to_dict``.
    version: str = field(default="", kw_only=True, metadata={"description": "version of tracker_diag"})
    run_id: str
    run_name: str | None = field(default=None, kw_only=True)
    status: str = field(
        default="FINISHED", kw_only=True, metadata={"description": "status of the run when it was read"}
    )
    verdict: str = field(metadata={"description": "a verdict of the catalogue"})
    severity: Severity = field(metadata={"description": "highest severity of the findings"})
    summary: str = field(metadata={"description": "the answer in one line"})
    _: KW_ONLY
    findings: tuple[Finding, ...] = field(default=(), metadata={"description": "worst first; folded findings last"})
    causes: tuple[Cause, ...] = field(default=(), metadata={"description": "most likely first"})
    skipped: tuple[Skip, ...] = ()
    roles: Mapping[str, str] = field(
        default_factory=dict, metadata={"description": "role, and the metric or parameter name taken for it"}
    )
    curves: tuple[DrawnCurve, ...] = ()
    next_evidence: str = field(
        default="",
        metadata={"description": "what to log or run to tell the first two causes apart"},
    )
    cost: Mapping[str, float] = field(
        default_factory=dict,
        metadata={
            "description": "steps after the best checkpoint or after divergence: wasted_share and, where wall time "
            "is logged, wasted_seconds"
        },
    )
    notes: tuple[str, ...] = field(
        default=(),
        metadata={"description": "what was read of the model; what was corrected or ignored when the run was read"},
    )

    @property
    def seen(self) -> tuple[Finding, ...]:
        """The findings that stand on their own: neither folded under another nor told among the causes anyway."""
        causes = {c.name for c in self.causes}
        return tuple(
            f for f in self.findings if f.folded is None and (f.severity is not Severity.INFO or f.name not in causes)
        )

    def __repr__(self) -> str:
        # The summary begins with the verdict, in letters or in words.
        said = self.summary.removeprefix(f"{self.verdict}: ").removeprefix(f"{self.verdict.replace('-', ' ')}: ")
        return f"<Report {clean(self.verdict, 80)} ({self.severity}): {clean(said, LONGEST_LINE)}>"

    def _repr_html_(self) -> str:
        """Show the report in a cell of a notebook."""
        from tracker_diag.report.notebook import cell

        return cell(self)

    def to_html(self) -> str:
        """Write the report as one self-contained HTML page.

        Returns
        -------
        str
            The format ``html``: no script, no request, every text of the run escaped.

        Examples
        --------
        >>> from tracker_diag import diagnose
        >>> diagnose({"loss": [0.9, 0.7]}).to_html()[:15]
        '<!doctype html>'
        """
        from tracker_diag.report.registry import find_format

        return find_format("html")(self)

    def to_markdown(self) -> str:
        """Write the report as Markdown.

        Returns
        -------
        str
            The format ``markdown``: for a note, an issue or a chat; every text of the run escaped.

        Examples
        --------
        >>> from tracker_diag import diagnose
        >>> broken = [0.9, 0.8] + [float("nan")] * 28
        >>> print(diagnose({"loss": broken}).to_markdown().splitlines()[0])
        # ERROR: diverged
        """
        from tracker_diag.report.registry import find_format

        return find_format("markdown")(self)

    def plot(self) -> tuple[Axes, ...]:
        """Draw the curves with matplotlib (the extra ``plot``): losses, scores, the learning rate below each other.

        Marked are the span of the worst finding, the best step, where the validation curve turns, and where a curve
        stops being a number.

        Returns
        -------
        tuple of matplotlib.axes.Axes
            One for each panel, of one figure of pyplot's; ``report.plot()[0].figure.savefig("run.png")`` keeps it.

        Raises
        ------
        ImportError
            If matplotlib is not installed; says how to.
        ValueError
            If the run has no curve.

        Examples
        --------
        >>> from tracker_diag import diagnose
        >>> report = diagnose({"loss": [1 / epoch for epoch in range(1, 30)]})
        >>> axes = report.plot()  # doctest: +SKIP
        """
        from tracker_diag.report.figure import draw

        return draw(self)

    def to_dict(self) -> dict[str, Any]:
        """Write the report as plain JSON data.

        Returns
        -------
        dict
            Strict, by the schema ``docs/reference/report.schema.json``: numbers that are not finite become the strings
            NaN, Infinity, -Infinity.

        Examples
        --------
        >>> from tracker_diag import Run, diagnose
        >>> data = diagnose(Run.from_dict({"id": "r1"})).to_dict()
        >>> data["schema_version"], data["run_id"], data["verdict"]
        (1, 'r1', 'insufficient-evidence')
        """
        return {"schema_version": SCHEMA_VERSION, **to_plain(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what ``to_dict`` wrote.

        Parameters
        ----------
        data : mapping
            As JSON holds it.

        Returns
        -------
        Report
            Equal to the one that was written.

        Raises
        ------
        ValueError
            If the schema version is not one that this version reads.
        KeyError
            If a field is missing.

        Examples
        --------
        >>> import json
        >>> from tracker_diag import Report, Run, diagnose
        >>> report = diagnose(Run.from_dict({"id": "r1"}))
        >>> Report.from_dict(json.loads(json.dumps(report.to_dict()))) == report
        True
        """
        if data.get("schema_version") != SCHEMA_VERSION:
            raise ValueError(f"report schema version {data.get('schema_version')!r}: give version {SCHEMA_VERSION}")
        return from_plain(cls, data)
