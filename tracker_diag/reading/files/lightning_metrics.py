"""What Lightning's ``CSVLogger`` writes: ``metrics.csv``, with the settings beside it in ``hparams.yaml``."""

from __future__ import annotations

from tracker_diag.core.run import Run
from tracker_diag.reading.file_format import FileFormat, Found, settings_beside
from tracker_diag.reading.files.csv_table import runs_of


def read(found: Found) -> tuple[Run, ...]:
    """Read the run of a folder."""
    return runs_of(found, settings_beside(found.files[-1].parent, ["hparams.yaml"]))


FORMAT = FileFormat("Lightning's metrics.csv", ("metrics.csv",), read)
