"""What real names are taken for, judged by labels made without sight of the resolver; and the judge itself."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from scripts import names as judging
from scripts.documentation.names import names as page
from scripts.name_sets import FILES, Label, NameSet, run_of
from scripts.names import (
    KNOWN_WRONG,
    Judged,
    all_judged,
    errors,
    judge,
    judged,
    main,
    totals,
    unknown_wrong,
)
from tracker_diag.roles.resolve import resolve
from tracker_diag.roles.role_names import metric_roles
from tracker_diag.settings.settings import Settings

#: As measured: expected roles that are not found, parameters taken for something else, parameters with a role unread.
MOST = {
    "deep_learning": (21, 19, 22),
    "boosting_rl_and_hand_written": (14, 20, 37),
    # One of the unread is a depth in Polish, which counts since a tree's depth is a role.
    "left_out": (8, 5, 8),
}
KINDS = {
    *("loss", "part", "score", "gan", "reward", "learning_rate", "gradient_norm", "weight_norm", "loss_scale", "epoch"),
    *("other", "unknown"),
}


def everything() -> list[Judged]:
    return [j for sets in all_judged().values() for j in sets]


# -- the resolver --------------------------------------------------------------------------------------------------


def test_no_role_is_wrong_but_the_known_ones() -> None:
    surprises = unknown_wrong(everything())
    assert surprises == {}, "\n".join(errors(j for j in everything() if j.names.source in surprises))


@pytest.mark.parametrize("source", KNOWN_WRONG)
def test_a_role_known_to_be_wrong_is_still_wrong(source: str) -> None:
    of = next(j for j in everything() if j.names.source == source)
    assert of.wrong >= KNOWN_WRONG[source], "mended: take it off KNOWN_WRONG in scripts/names.py"


@pytest.mark.parametrize("file", FILES)
def test_what_is_not_found_does_not_grow(file: str) -> None:
    t = totals(all_judged()[file])
    missing, wrong_params, unread_params = MOST[file]
    said = "\n".join(errors(all_judged()[file]))
    assert t.missing <= missing, said
    assert t.wrong_params <= wrong_params, said
    assert t.unread_params <= unread_params, said


# -- the labels ----------------------------------------------------------------------------------------------------


def test_there_are_sets_enough_and_no_two_alike() -> None:
    assert len(everything()) >= 200
    assert [s for s, n in Counter(j.names.source for j in everything()).items() if n > 1] == []


def test_labels_speak_of_known_things() -> None:
    roles = {*metric_roles(), "held_out_loss", "held_out_score"}
    for names in (j.names for j in everything()):
        for name, label in names.metrics.items():
            assert label.kinds <= KINDS, name
            assert label.split in ("train", "val", "test", "none"), name
            assert label.better is not None or label.main != "score", name
        assert names.expect.keys() <= roles, names.source
        assert {name for several in names.expect.values() for name in several} <= names.metrics.keys(), names.source


def test_no_two_curves_of_a_set_are_alike() -> None:
    for names in (j.names for j in everything()):
        curves = Counter(tuple(series.values) for series in run_of(names).metrics.values())
        assert max(curves.values()) == 1, names.source


# -- the judge -----------------------------------------------------------------------------------------------------

LOSS, VAL_LOSS = {"is": "loss", "split": "train"}, {"is": "loss", "split": "val"}
PART, VAL_PART = {"is": "part", "split": "train"}, {"is": "part", "split": "val"}
TEST_LOSS = {"is": "loss", "split": "test"}
SCORE, VAL_SCORE = ({"is": "score", "split": split, "better": "max"} for split in ("train", "val"))
ERROR = {"is": "score", "split": "train", "better": "min"}
LOOSE = {"is": "score", "better": "max"}
OTHER, TRAIN_OTHER = {"is": "other"}, {"is": "other", "split": "train"}


def name_set(metrics: dict[str, dict[str, Any]], **rest: Any) -> NameSet:
    labels = {name: Label.of(label) for name, label in metrics.items()}
    return NameSet("a set", labels, rest.get("params", {}), rest.get("expect", {}))


@pytest.mark.parametrize(
    ("metrics", "role", "mark"),
    [
        ({"loss": LOSS, "val_loss": VAL_LOSS}, "train_loss", "right"),
        ({"loss": VAL_LOSS}, "train_loss", "wrong"),
        ({"loss": OTHER}, "train_loss", "wrong"),
        ({"loss": {"is": "gan", "split": "train"}}, "train_loss", "wrong"),
        ({"loss": {"is": "gan", "split": "train", "also": ["loss"]}}, "train_loss", "right"),
        ({"loss": {"is": "loss"}}, "train_loss", "arguable"),
        ({"val_loss": {"is": "loss"}}, "val_loss", "wrong"),
        ({"loss": PART}, "train_loss", "arguable"),
        ({"loss": PART, "val_loss": VAL_PART}, "train_loss", "arguable"),
        ({"loss": PART, "val_loss": VAL_LOSS}, "train_loss", "wrong"),
        ({"loss": PART, "cost of all": LOSS}, "train_loss", "wrong"),
        ({"train_mse": ERROR}, "train_loss", "right"),
        ({"train_mse": ERROR, "total": LOSS}, "train_loss", "wrong"),
        ({"train_mse": SCORE}, "train_loss", "wrong"),
        ({"train_log_likelihood": SCORE}, "train_loss", "right"),
        ({"loss": LOSS, "test_loss": TEST_LOSS}, "val_loss", "right"),
        ({"loss": LOSS, "val_loss": TEST_LOSS, "val_acc": VAL_SCORE}, "val_loss", "wrong"),
        ({"loss": LOSS, "test_loss": TEST_LOSS, "val_acc": VAL_SCORE | {"once": True}}, "val_loss", "right"),
        ({"train/box_loss": PART, "train/cls_loss": PART, "train/dfl_loss": PART}, "train_loss", "right"),
        ({"train/box_loss": PART, "train/cls_loss": VAL_PART, "train/dfl_loss": PART}, "train_loss", "wrong"),
        (
            {"train/box_loss": PART, "train/cls_loss": TRAIN_OTHER, "train/dfl_loss": PART},
            "train_loss",
            "wrong",
        ),
        ({"train/box_loss": PART, "train/cls_loss": LOSS, "train/dfl_loss": PART}, "train_loss", "wrong"),
        ({"train_acc": SCORE}, "train_score", "right"),
        ({"train_acc": VAL_SCORE}, "train_score", "wrong"),
        ({"train_acc": OTHER}, "train_score", "wrong"),
        ({"train_acc": LOOSE}, "train_score", "wrong"),
        ({"val_acc": LOOSE}, "val_score", "arguable"),
        ({"train_acc": ERROR}, "train_score", "wrong"),
        ({"train_acc": PART}, "train_score", "wrong"),
        ({"loss": LOSS, "train_mae": PART, "val_mae": VAL_PART, "val_loss": VAL_LOSS}, "train_score", "arguable"),
        ({"loss": LOSS, "train_mae": LOSS, "val_mae": VAL_LOSS, "val_loss": VAL_LOSS}, "train_score", "right"),
        ({"train/reward": {"is": "other", "also": ["reward"]}}, "train_score", "arguable"),
        ({"lr": {"is": "learning_rate"}}, "learning_rate", "right"),
        ({"lr": OTHER}, "learning_rate", "wrong"),
        ({"grad_norm": {"is": "weight_norm"}}, "gradient_norm", "wrong"),
    ],
)
def test_a_role_is_judged_by_the_labels(metrics: dict[str, dict[str, Any]], role: str, mark: str) -> None:
    found = judge(name_set(metrics))
    taken = found.by_role(role)
    assert taken is not None
    assert (taken.mark, bool(taken.why)) == (mark, mark != "right")
    assert (role in found.wrong) == (mark == "wrong")


@pytest.mark.parametrize(
    ("expect", "missing"),
    [
        ({"train_loss": ("loss",)}, {}),
        ({"train_loss": ("cost", "loss")}, {}),
        ({"train_loss": ("cost",)}, {"train_loss": ("loss",)}),
        ({"val_score": ("cost",)}, {"val_score": ()}),
        ({"held_out_loss": ("test_loss",)}, {}),
        ({"test_loss": ("test_loss",)}, {}),
        ({"val_loss": ("cost",)}, {"val_loss": ("test_loss",)}),
    ],
)
def test_a_role_is_missing_where_none_of_its_names_fills_it(
    expect: dict[str, tuple[str, ...]], missing: dict[str, tuple[str, ...]]
) -> None:
    assert judge(name_set({"loss": LOSS, "test_loss": TEST_LOSS}, expect=expect)).missing == missing


def test_what_is_left_unread_is_said() -> None:
    found = judge(name_set({"loss": LOSS, "lr": {"is": "learning_rate"}, "grad_norm": OTHER, "wibble": OTHER}))
    assert found.unread == ("grad_norm", "wibble")


def test_every_part_that_was_added_up_is_read() -> None:
    found = judge(name_set({"train/box_loss": PART, "train/cls_loss": PART, "train/dfl_loss": PART, "x": OTHER}))
    assert found.unread == ("x",)


def test_a_run_whose_metrics_are_logged_once_has_one_point_each() -> None:
    run = run_of(name_set({"loss": LOSS, "test_loss": TEST_LOSS | {"once": True}}))
    assert {name: len(series) for name, series in run.metrics.items()} == {"loss": 12, "test_loss": 1}


@pytest.mark.parametrize(
    ("params", "marks", "unread"),
    [
        ({"lr": (0.1, "learning_rate")}, {"learning_rate": "right"}, ()),
        ({"lr": (0.1, "other")}, {"learning_rate": "wrong"}, ()),
        ({"patience": (5, "patience")}, {"patience": "right", "early_stopping": "right"}, ()),
        ({"wibble": (5, "patience")}, {}, ("wibble",)),
        ({"wibble": (5, "other")}, {}, ()),
    ],
)
def test_parameters_are_judged(
    params: dict[str, tuple[Any, str]], marks: dict[str, str], unread: tuple[str, ...]
) -> None:
    found = judge(name_set({"loss": LOSS}, params=params))
    assert {t.role: t.mark for t in found.params} == marks
    assert found.unread_params == unread


def test_the_totals_count_what_the_judge_says() -> None:
    names = name_set(
        {"loss": PART, "val_acc": SCORE, "lr": {"is": "learning_rate"}},
        params={"lr": (0.1, "other"), "wibble": (5, "patience")},
        expect={"val_loss": (), "train_loss": ("loss",)},
    )
    t = totals([judge(names)] * 2)
    assert vars(t) == {
        "sets": 2,
        "roles": 6,
        "wrong": 2,
        "arguable": 2,
        "expected": 4,
        "missing": 2,
        "params": 4,
        "wrong_params": 2,
        "unread_params": 2,
    }


def test_the_judge_hears_what_the_resolver_says_and_nothing_else() -> None:
    names = name_set({"wibble": LOSS, "wobble": VAL_LOSS})
    assert judge(names).taken == ()
    run = run_of(names)
    told = resolve(run, Settings(roles={"train_loss": "wobble", "val_loss": "wibble"}))
    assert judged(names, run, told).wrong == {"train_loss", "val_loss"}


# -- what is printed and written -----------------------------------------------------------------------------------


def test_the_command_prints_totals_and_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()[1:]] == [*FILES, "all"]
    assert err == ""


def test_the_command_fails_where_a_role_is_wrong_that_is_not_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = "Barlow Twins, evaluation by a linear layer (stats.txt)"
    monkeypatch.setattr(judging, "KNOWN_WRONG", {s: roles for s, roles in KNOWN_WRONG.items() if s != source})
    assert main(["--errors"]) == 1
    out, err = capsys.readouterr()
    assert f"{source}\n  wrong     train_score: acc1 is " in out
    assert err == f"wrong, and not known to be: {source}: train_score\n"


def test_the_page_marks_what_is_wrong() -> None:
    text = page()
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert sum(line.count("**") // 2 for line in rows) == totals(everything()).wrong
    assert len(rows) == len(everything()) + len(FILES) * 2 + len(FILES) + 1 + 2
    assert max(len(name.strip("`")) for line in rows for name in line.split("|")[2].split(" + ")) < 200
