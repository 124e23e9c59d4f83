"""Where a tracker's own pages show the report of a run."""

from __future__ import annotations

from typing import Protocol, runtime_checkable
from urllib.parse import urljoin

from tracker_diag.adapters.base import Adapter


@runtime_checkable
class Pages(Protocol):
    """A tracker that shows reports on pages of its own; not every adapter is one."""

    def report_reference(self, run_id: str, experiment: str) -> str:
        """Give the address of a run's report, relative to the page of the run.

        A description is read on that page, under whatever name the tracker goes by there; the one that it is reached by
        from here may mean nothing to who reads it.

        Parameters
        ----------
        run_id, experiment : str
            As the listing of the run has them.

        Returns
        -------
        str
            Empty where it is not known.
        """


def report_reference(adapter: Adapter, run_id: str, experiment: str) -> str:
    """Give the address of a run's report, relative to the page of the run; empty where there is none."""
    return adapter.report_reference(run_id, experiment) if isinstance(adapter, Pages) else ""


def report_page(adapter: Adapter, run_id: str, experiment: str, link: str | None) -> str | None:
    """Give the whole address of a run's report, by that of the run (:meth:`Adapter.link`).

    Returns
    -------
    str or None
        The run's own address where the report has none.
    """
    reference = report_reference(adapter, run_id, experiment) if link else ""
    return urljoin(link, reference) if link and reference else link
