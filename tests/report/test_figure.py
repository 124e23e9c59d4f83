"""Curves drawn with the real matplotlib."""

from __future__ import annotations

import builtins
import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tracker_diag import Report, diagnose
from tracker_diag.report.marks import panels

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")
from matplotlib import pyplot as plt  # noqa: E402


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def test_every_report_is_drawn_and_saved(report: Report) -> None:
    drawn = panels(report)
    if not drawn:
        with pytest.raises(ValueError, match="no curve to draw"):
            report.plot()
        return
    axes = report.plot()
    assert len(axes) == len(drawn)
    for ax, panel in zip(axes, drawn, strict=True):
        assert sum(len(line.get_xdata()) > 2 for line in ax.get_lines()) <= len(panel.curves)
    file = io.BytesIO()
    axes[0].figure.savefig(file, format="png")
    assert len(file.getvalue()) > 5_000


def test_the_marks_are_those_of_the_page(samples: dict[str, Report]) -> None:
    first = samples["overfitting"].plot()[0]
    labels = [text.get_text() for text in first.get_legend().get_texts()]
    assert "best: step 21" in labels
    assert "turns: step 24" in labels
    assert any(label.startswith("validation loss (") for label in labels)
    assert len(first.patches) == 1


def test_where_a_curve_ends_in_nan_it_is_said() -> None:
    losses = [1 / (i + 1) for i in range(20)] + [float("nan")] * 20
    (ax,) = diagnose({"loss": losses}).plot()
    assert "NaN from step 20" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_a_name_is_no_formula() -> None:
    report = diagnose({"loss": [1 / (i + 1) for i in range(20)]})
    curves = tuple(replace(curve, name="$x^{$") for curve in report.curves)
    axes = replace(report, run_name="$\\frac{$", curves=curves).plot()
    axes[0].figure.savefig(io.BytesIO(), format="svg")


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ModuleNotFoundError(name)
        return real(name, *rest)

    report = diagnose({"loss": [0.9, 0.7]})
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"pip install 'tracker-diag\[plot\]'"):
        report.plot()
