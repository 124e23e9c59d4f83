"""Whether verdicts hang on names, and whether the measure of it measures that: habits, reading back, reference."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scripts import habits, naming
from scripts.accuracy import load
from scripts.habits import METRICS, PER_CLASS, QUANTITIES, WHOLE_RUN, Habit, Habits, read_habits, styled
from scripts.naming import (
    ALLOWED,
    PRACTICE,
    Comparison,
    Content,
    Said,
    compared,
    content,
    figures,
    lines,
    main,
    measure,
    rendered,
    say,
    spread,
    written,
)
from tracker_diag import Run

LEFT_OUT = habits.HABITS.with_name("naming_habits_left_out.yaml")
HABITS, OTHERS = read_habits(), read_habits(LEFT_OUT)
ALL_HABITS = {
    f"{file}: {name}": h for file, of in (("first", HABITS), ("left out", OTHERS)) for name, h in of.tried.items()
}
RUNS = 12
ROLES = [*dict.fromkeys(HABITS.practice.roles.values()), "loss"]


@pytest.fixture(scope="module")
def contents() -> list[Content]:
    if not PRACTICE.is_file():
        pytest.skip(f"the labelled runs of practice are not there: tests/data/{PRACTICE.name}")
    return [c for record in load(PRACTICE) if (c := content(record, HABITS.practice)) is not None]


def test_verdicts_do_not_hang_on_names(contents: list[Content]) -> None:
    comparisons = measure(spread(contents, RUNS), HABITS)
    assert len(comparisons) == RUNS * len(HABITS.tried)
    assert figures(comparisons)["verdict"] <= ALLOWED, "\n".join(lines(comparisons))


def test_there_are_runs_enough_of_many_tasks_and_faults(contents: list[Content]) -> None:
    chosen = spread(contents, naming.ENOUGH_RUNS)
    assert len({each.id for each in chosen}) == naming.ENOUGH_RUNS
    assert len({each.group for each in chosen}) >= 20
    assert len({each.fault for each in chosen}) >= 35
    assert sum(each.fault.startswith("healthy") for each in chosen) == naming.ENOUGH_RUNS / 2


# -- the habits ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("habits", [HABITS, OTHERS], ids=["first", "left out"])
def test_there_are_habits_enough_and_no_two_alike(habits: Habits) -> None:
    assert len(habits.tried) >= 45
    assert len({names_of_metrics(h) for h in habits.tried.values()}) >= 45


def names_of_metrics(habit: Habit) -> tuple[str | None, ...]:
    return tuple(habit.metric(what, kind) for kind in (None, *habit.kinds) for what in METRICS)


def test_what_is_left_out_is_not_a_copy_of_the_first_file() -> None:
    assert OTHERS.tried.keys() & HABITS.tried.keys() == set()
    known = {names_of_metrics(h): name for name, h in HABITS.tried.items()}
    assert {name: known[names] for name, h in OTHERS.tried.items() if (names := names_of_metrics(h)) in known} == {}


def test_plain_names_and_the_reading_are_the_same_for_both_files() -> None:
    assert (OTHERS.reference, OTHERS.practice) == (HABITS.reference, HABITS.practice)


@pytest.mark.parametrize("name", ALL_HABITS)
def test_a_habit_has_a_name_for_what_matters(name: str) -> None:
    habit = ALL_HABITS[name]
    needed = {"train/loss", *WHOLE_RUN, *(f"val/{q}" for q in QUANTITIES)}
    assert {what for what in needed if not habit.metric(what)} == set()


@pytest.mark.parametrize("name", ALL_HABITS)
def test_no_two_things_have_the_same_name(name: str) -> None:
    habit = ALL_HABITS[name]
    for kind in (None, *habit.kinds):
        names = [n for what in (*METRICS, *WHOLE_RUN) if (n := habit.metric(what, kind))]
        assert [n for n, count in Counter([*names, *habit.besides]).items() if count > 1] == []
    params = Counter([*(habit.param(role) for role in ROLES), *habit.besides_params])
    assert [n for n, count in params.items() if count > 1] == []


@pytest.mark.parametrize("name", ALL_HABITS)
def test_a_habit_speaks_of_known_things(name: str) -> None:
    habit = ALL_HABITS[name]
    assert habit.params.keys() <= set(ROLES)
    assert habit.names.keys() <= {*METRICS, *WHOLE_RUN}
    assert habit.words.keys() <= {*QUANTITIES, PER_CLASS}
    assert habit.percent <= {*QUANTITIES, PER_CLASS}


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("snake", "learning_rate"),
        ("camel", "learningRate"),
        ("pascal", "LearningRate"),
        ("upper", "LEARNING_RATE"),
        ("title", "Learning Rate"),
        ("hyphen", "learning-rate"),
    ],
)
def test_styles(style: str, expected: str) -> None:
    assert styled("learning_rate", style) == expected


# -- reading the labelled runs -------------------------------------------------------------------------------------


def labelled(habit: str, metrics: list[str], params: dict[str, Any] | None = None) -> dict[str, Any]:
    """A labelled run whose values are the places of its metrics."""
    curves = {name: [[0, float(i)], [1, 40.0]] for i, name in enumerate(metrics)}
    truth = {"fault": "healthy"}
    return {
        "id": "a",
        "group": "iris",
        "habit": habit,
        "practice": [],
        "truth": truth,
        "params": params or {},
        "metrics": curves,
    }


@pytest.mark.parametrize(
    ("habit", "names"),
    [
        ("keras", {"loss": "train/loss", "accuracy": "train/accuracy", "val_f1_score": "val/f1"}),
        ("fastai", {"train_loss": "train/loss", "accuracy": "val/accuracy", "train_accuracy": "train/accuracy"}),
        ("ignite", {"training/loss": "train/loss", "training/batchloss": "train/batch_loss"}),
        ("ignite", {"training/loss": "train/loss", "validation/nll": "val/loss"}),
        ("chinese", {"训练损失": "train/loss", "验证准确率": "val/accuracy", "学习率": "learning_rate"}),
        ("cost", {"cost": "train/loss", "val_cost": "val/loss", "test_loss": "test/loss", "alpha": "learning_rate"}),
        ("mse-named", {"train_mse": "train/loss", "val_mse": "val/loss"}),
        ("tr-te", {"tr_loss": "train/loss", "te_f1_class_2": "val/f1_class_2", "test_acc": "test/accuracy"}),
    ],
)  # fmt: skip
def test_labelled_runs_are_read_back(habit: str, names: dict[str, str]) -> None:
    read = content(labelled(habit, list(names)), HABITS.practice)
    assert read is not None
    assert {what: points[0][1] for what, points in read.metrics.items()} == {w: i for i, w in enumerate(names.values())}


def test_what_is_in_per_cent_is_read_as_a_share() -> None:
    read = content(labelled("timm", ["train_loss", "eval_top1", "eval_f1_class_0", "eval_err_pct"]), HABITS.practice)
    assert read is not None
    assert {what: points[1][1] for what, points in read.metrics.items()} == {
        "train/loss": 40.0,
        "val/accuracy": 0.4,
        "val/f1_class_0": 0.4,
        "val/error": 0.4,
    }


@pytest.mark.parametrize("metrics", [["loss", "val_what"], ["val_loss", "val_accuracy"]])
def test_a_run_that_cannot_be_read_wholly_is_left_out(metrics: list[str]) -> None:
    assert content(labelled("keras", metrics), HABITS.practice) is None


def test_params_are_read_by_role_and_an_unknown_one_leaves_the_run_out() -> None:
    read = content(labelled("dots", ["train.loss"], {"opt": {"lr": 0.1}, "n_train": 9}), HABITS.practice)
    assert read is not None
    assert read.params == {"learning_rate": 0.1, "n_train": 9}
    assert content(labelled("dots", ["train.loss"], {"what": 1}), HABITS.practice) is None


@pytest.mark.parametrize(
    ("metrics", "kind"),
    [
        (["train_bce", "val_accuracy"], "bce"),
        (["train_crossentropy"], "cross_entropy"),
    ],
)
def test_the_kind_of_a_loss_is_what_its_name_says(metrics: list[str], kind: str) -> None:
    read = content(labelled("mse-named", metrics), HABITS.practice)
    assert read is not None
    assert read.kind == kind


@pytest.mark.parametrize(
    ("score", "practice", "kind"),
    [
        ("val_accuracy", [], "cross_entropy"),
        ("val_r2_score", [], "mse"),
        ("val_r2_score", ["gaussian-nll"], None),
        ("val_recall@1", [], None),
    ],
)
def test_or_what_its_scores_tell(score: str, practice: list[str], kind: str | None) -> None:
    read = content(labelled("keras", ["loss", score]) | {"practice": practice}, HABITS.practice)
    assert read is not None
    assert read.kind == kind


# -- writing them under a habit ------------------------------------------------------------------------------------

CURVES = {
    "train/loss": [[0, 2.0], [7, 1.0]],
    "train/accuracy": [[0, 0.3], [7, 0.5]],
    "val/accuracy": [[0, 0.25], [7, 0.5]],
}
CONTENT = Content("a", "iris", "healthy", CURVES, {"learning_rate": 0.1, "n_train": 9}, "cross_entropy", "FINISHED")


def values(run: Run) -> dict[str, list[float]]:
    return {name: list(series.values) for name, series in run.metrics.items()}


def test_values_and_steps_are_kept_and_what_is_logged_besides_is_added() -> None:
    run = rendered(CONTENT, HABITS.tried["hugging-face"], CURVES, CONTENT.params, None)
    assert values(run).items() >= {"loss": [2, 1], "eval_accuracy": [0.25, 0.5], "epoch": [0, 1]}.items()
    assert list(run.metrics["loss"].steps) == list(run.metrics["epoch"].steps) == [0, 7]
    assert run.params.items() >= {"learning_rate": 0.1, "n_train": 9, "eval_strategy": "epoch"}.items()


def test_per_cent_is_written_where_the_habit_does() -> None:
    run = rendered(CONTENT, HABITS.tried["percent"], CURVES, CONTENT.params, None)
    assert values(run) == {"train_loss": [2, 1], "train_acc_pct": [30, 50], "val_acc_pct": [25, 50]}


def compared_runs(monkeypatch: pytest.MonkeyPatch, habit: str) -> list[Run]:
    """The runs that are diagnosed to compare a habit with its reference."""
    runs: list[Run] = []

    def say(run: Run) -> Said:
        runs.append(run)
        return Said("good-fit", frozenset(), None)

    monkeypatch.setattr(naming, "say", say)
    compared(CONTENT, naming.Habits(HABITS.reference, {habit: HABITS.tried[habit]}, HABITS.practice))
    return runs


def test_what_a_habit_cannot_say_is_not_in_its_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    reference, fastai = compared_runs(monkeypatch, "fastai")
    assert set(reference.metrics) == {"train_loss", "val_accuracy"}
    assert set(fastai.metrics) >= {"train_loss", "accuracy"}
    assert "loss" not in reference.params


def test_what_a_habit_says_of_the_loss_is_in_its_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    reference, named = compared_runs(monkeypatch, "loss-by-class")
    assert reference.params["loss"] == "cross_entropy"
    assert "loss" not in named.params
    assert set(named.metrics) == {"train/CrossEntropyLoss", "train/Accuracy", "valid/Accuracy"}


# -- the figures ---------------------------------------------------------------------------------------------------

GOOD = Said("good-fit", frozenset(), None)
COMPARISONS = [
    Comparison("a", "keras", GOOD, GOOD),
    Comparison("b", "keras", Said("good-fit", frozenset({"spikes"}), "noise"), GOOD),
    Comparison("a", "timm", GOOD, GOOD),
    Comparison("b", "timm", Said("overfitting", frozenset(), None), GOOD),
]


def test_the_figures_are_shares_of_what_differs() -> None:
    assert figures(COMPARISONS) == {"verdict": 0.25, "warned": 0.25, "cause": 0.25}
    assert figures(COMPARISONS[:2]) == {"verdict": 0, "warned": 0.5, "cause": 0.5}


def test_the_table_has_the_total_first_and_the_worst_habit_first() -> None:
    head, _, *rows = lines(COMPARISONS)
    assert head.startswith("0.250 of the verdicts change")
    assert [row.split()[0] for row in rows] == ["timm", "keras", "all"]


def test_changed_verdicts_are_written() -> None:
    said = json.loads(json.dumps(written(COMPARISONS)))
    assert said["runs"] == 2
    assert said["habits"]["keras"]["changed"] == []
    assert said["habits"]["timm"]["changed"] == [{"run": "b", "reference": "good-fit", "verdict": "overfitting"}]


def test_without_the_labelled_runs_one_line_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--practice", str(tmp_path / "none.jsonl.gz")]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "none.jsonl.gz" in err


def test_without_the_habits_one_line_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    practice = tmp_path / "practice.jsonl"
    practice.touch()
    assert main(["--practice", str(practice), "--habits", str(tmp_path / "none.yaml")]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "none.yaml" in err


def test_no_runs_are_none_too_few(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--runs", "0"])
    assert "at least one run" in capsys.readouterr().err


@pytest.mark.parametrize(("given", "habits"), [([], HABITS), (["--habits", str(LEFT_OUT)], OTHERS)])
def test_the_script_writes_what_it_prints(
    given: list[str], habits: Habits, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    curves = {"loss": [[i, 2.0 / (i + 1)] for i in range(20)], "val_loss": [[i, 2.1 / (i + 1)] for i in range(20)]}
    file, out = tmp_path / "practice.jsonl", tmp_path / "out.json"
    file.write_text(json.dumps(labelled("keras", []) | {"metrics": curves}) + "\n", encoding="utf-8")
    assert main(["--practice", str(file), "--json", str(out), *given]) in {0, 1}
    said = json.loads(out.read_text(encoding="utf-8"))
    assert said["runs"] == 1
    assert said["habits"].keys() == habits.tried.keys()
    assert capsys.readouterr().out.startswith(f"{said['all']['verdict']:.3f} of the verdicts change")


def test_a_tree_in_which_rules_fail_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    found = naming.diagnose(Run.from_dict({"id": "r"}))
    broken = replace(found, skipped=(replace(found.skipped[0], reason="the rule failed: NameError"),))
    monkeypatch.setattr(naming, "diagnose", lambda run: broken)
    with pytest.raises(RuntimeError, match="NameError"):
        say(Run.from_dict({"id": "r"}))
