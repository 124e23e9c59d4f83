from __future__ import annotations

import io

import pytest
from rich.console import Console

from tracker_diag.calls import showing
from tracker_diag.cli import progress


@pytest.mark.parametrize(("after", "shown"), [(1000.0, False), (-1.0, True)])
def test_progress_is_shown_once_it_takes_a_while(monkeypatch: pytest.MonkeyPatch, after: float, shown: bool) -> None:
    file = io.StringIO()
    monkeypatch.setattr(progress, "stderr", lambda: Console(file=file, force_terminal=True))
    monkeypatch.setattr(showing, "SHOWN_AFTER", after)
    with progress.bar("cleaning") as advance:
        advance(1, None)
        advance(2, 2)
    assert ("cleaning" in file.getvalue()) is shown
