"""``diagnose`` and ``diagnose_many`` from Python."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest

from tests.runs import make_run, make_runs
from tracker_diag import Run, Settings, diagnose, diagnose_many
from tracker_diag.core.run import InvalidRunError
from tracker_diag.engine import diagnosis
from tracker_diag.settings.settings import parse_settings

EPOCHS = range(1, 31)
FALLS = [2 / epoch for epoch in EPOCHS]
RISES = [2 / epoch + 0.002 * epoch**2 for epoch in EPOCHS]


def test_whatever_holds_the_curves_the_answer_is_the_same() -> None:
    frame = pd.DataFrame({"epoch": EPOCHS, "loss": FALLS, "val_loss": RISES})
    reports = [
        diagnose(x)
        for x in (
            frame,
            frame.set_index("epoch"),
            frame.melt("epoch", var_name="metric"),
            {"epoch": EPOCHS, "loss": FALLS, "val_loss": RISES},
            {"loss": [*zip(EPOCHS, FALLS, strict=True)], "val_loss": [*zip(EPOCHS, RISES, strict=True)]},
            frame.to_dict("records"),
        )
    ]
    assert [report.verdict for report in reports] == ["overfitting"] * 6
    assert len({report.findings[0].message for report in reports}) == 1


def test_a_run_is_diagnosed_as_the_engine_does() -> None:
    run, settings = make_run(1, "overfitting"), parse_settings({"ignore": ["overfitting"]}, where="here")
    assert diagnose(run, settings) == diagnosis.diagnose(run, settings)
    assert diagnose(run, settings).verdict != "overfitting"


def test_siblings_may_be_held_in_memory_too() -> None:
    run, *others = make_runs(6)
    plain = [{"id": x.id, "metrics": dict(x.metrics), "params": dict(x.params)} for x in others]
    assert (
        diagnose(run, siblings=plain).findings
        == diagnosis.diagnose(run, None, [Run.from_dict(x) for x in plain]).findings
    )
    with pytest.raises(TypeError, match="cannot diagnose int"):
        diagnose(run, siblings=[3])


def test_many_runs_are_a_row_each_in_their_order() -> None:
    runs = make_runs(6)
    table = diagnose_many(runs)
    assert table["id"].tolist() == [run.id for run in runs]
    assert table["verdict"].tolist() == ["good-fit", "overfitting", "diverged"] * 2
    assert table["severity"].tolist()[2] == "error"
    assert table["findings"][1].split(", ")[0] == "LC104"
    assert table["wasted_share"][2] > 0.4
    assert math.isnan(table["wasted_share"][0])
    assert diagnose_many([]).columns.tolist() == table.columns.tolist()


def test_they_are_compared_with_each_other_where_parameters_are_known() -> None:
    rates = {f"{rate:g}-{seed}": (rate, seed) for rate in (0.001, 0.1) for seed in range(4)}

    def run(name: str, *, with_params: bool) -> Run:
        rate, seed = rates[name]
        end = 0.9 if rate == 0.001 else 0.2
        losses = [[i, end + math.exp(-i / 5) + 0.002 * math.sin(i + seed)] for i in range(40)]
        params = {"lr": rate, "batch_size": 32, "seed": seed} if with_params else {}
        return Run.from_dict({"id": name, "metrics": {"loss": losses, "val_loss": losses}, "params": params})

    alone = diagnose(run("0.001-0", with_params=True))
    beside = diagnose_many([run(name, with_params=True) for name in rates]).set_index("id").loc["0.001-0"]
    assert beside["findings"] != ", ".join(f.code for f in alone.findings)
    without = diagnose_many([run(name, with_params=False) for name in rates]).set_index("id").loc["0.001-0"]
    assert without["findings"] == ", ".join(f.code for f in diagnose(run("0.001-0", with_params=False)).findings)


def test_runs_of_different_experiments_are_not_compared() -> None:
    def run(rate: float, seed: int, experiment: str | None) -> Run:
        end = 0.9 if rate == 0.001 else 0.2
        losses = [[i, end + math.exp(-i / 5) + 0.002 * math.sin(i + seed)] for i in range(40)]
        data = {"id": f"{rate:g}-{seed}", "params": {"lr": rate, "batch_size": 32, "seed": seed}}
        return Run.from_dict(data | {"metrics": {"loss": losses, "val_loss": losses}, "experiment": experiment})

    def findings(runs: list[Run]) -> list[str]:
        return diagnose_many(runs)["findings"].tolist()

    poor = [run(0.001, seed, "poor") for seed in range(4)]
    good = [run(0.1, seed, "good") for seed in range(4)]
    together = [run(rate, seed, None) for rate in (0.001, 0.1) for seed in range(4)]
    mixed = [each for pair in zip(poor, good, strict=True) for each in pair]
    assert findings(mixed)[::2] == findings(poor)
    assert findings(mixed)[1::2] == findings(good)
    assert findings(together)[:4] != findings(poor)


def test_settings_of_an_experiment_hold_for_its_runs() -> None:
    settings = parse_settings({"experiments": {"vision-*": {"ignore": ["overfitting"]}}})
    runs = {name: replace(make_run(1, "overfitting"), experiment=name) for name in ("vision-1", "text")}
    runs["neither"] = make_run(1, "overfitting")
    assert diagnose_many(runs, settings)["verdict"].eq("overfitting").tolist() == [False, True, True]


def test_two_runs_of_one_id_are_refused() -> None:
    run = make_run(1, "healthy")
    with pytest.raises(InvalidRunError, match="two runs have the id 'run-001': name them"):
        diagnose_many([run, run])
    assert diagnose_many({"a": run, "b": run}, Settings())["id"].tolist() == ["a", "b"]


def test_a_run_that_is_green_has_no_cause_in_a_table() -> None:
    run, capped = make_run(1, "overfitting"), {"rules": {"overfitting": {"severity": "info"}}}
    assert diagnose(run, capped).causes
    (row,) = diagnose_many([run], capped).to_dict("records")
    assert (row["severity"], row["cause"]) == ("info", "")
    assert diagnose_many([run])["cause"].tolist() == ["no-early-stopping"]
