"""Parameters as autologging leaves those of Keras's fit."""

from __future__ import annotations

from typing import Any

import pytest

from tracker_diag import Run, Settings
from tracker_diag.roles.resolve import Roles, resolve

FIT = {"batch_size": "None", "initial_epoch": "0", "steps_per_epoch": "None", "validation_batch_size": "None"}


def roles(params: dict[str, Any]) -> Roles:
    return resolve(Run.from_dict({"id": "r", "params": params}), Settings())


@pytest.mark.parametrize("unset", ["None", None])
@pytest.mark.parametrize("beside", [("initial_epoch", "class_weight"), ("steps_per_epoch", "validation_batch_size")])
def test_a_batch_size_that_fit_was_not_given_is_32(unset: str | None, beside: tuple[str, str]) -> None:
    found = roles({"batch_size": unset, **dict.fromkeys(beside, "None")})
    assert (found.params["batch_size"], found.names["batch_size"]) == (32, "batch_size")


@pytest.mark.parametrize(
    "params",
    [
        {**FIT, "steps_per_epoch": "100"},
        {"batch_size": "None"},
        {"batch_size": "None", "initial_epoch": "0"},
        {k: v for k, v in FIT.items() if k != "batch_size"},
        {**FIT, "batch_size": "auto"},
    ],
)
def test_no_batch_size_is_made_up(params: dict[str, str]) -> None:
    assert "batch_size" not in roles(params).params


@pytest.mark.parametrize("size", ["16", "1"])
def test_a_batch_size_that_was_given_stands(size: str) -> None:
    assert roles({**FIT, "batch_size": size}).params["batch_size"] == int(size)


def test_another_name_for_the_batch_size_comes_first() -> None:
    assert roles({**FIT, "train_batch_size": "64"}).params["batch_size"] == 64


def test_a_weight_for_each_class_is_a_class_weight():
    run = Run.from_dict({"id": "r", "params": {"class_weight": "{0: 0.1, 1: 0.4}"}})
    assert resolve(run, Settings()).params["class_weight"] is True
    assert not resolve(Run.from_dict({"id": "r", "params": {"class_weight": "None"}}), Settings()).params[
        "class_weight"
    ]
