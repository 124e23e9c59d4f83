"""Datasets that a run declared: what their shapes say, and which of them is no validation set."""

from __future__ import annotations

from typing import Any

import pytest

from tracker_diag.core.dataset import Dataset, read_dataset
from tracker_diag.core.declared import read_input


def declared(context: str, digest: str, rows: int = 100, **profile: Any) -> dict[str, Any]:
    return {"context": context, "digest": digest, "profile": {"features_shape": [rows, 8], **profile}}


TRAIN, SAME, OTHER = declared("train", "a"), declared("eval", "a"), declared("eval", "b", 40)


def read(*inputs: dict[str, Any], **how: Any) -> Dataset:
    made = read_dataset(None, inputs, **how)
    assert made is not None
    return made


def sides(*inputs: dict[str, Any], **how: Any) -> list[str]:
    return [i.side for i in read(*inputs, **how).inputs]


@pytest.mark.parametrize(
    ("shape", "outputs"),
    [
        ([200], 1),
        ([200, 1], 1),
        ([200, 10], 10),
        ({"y": [200, 3]}, 3),
        ([200, 28, 28], None),
        ({"y": [200, 3], "z": [200]}, None),
        ({"y": [200, 3], "z": "many"}, None),
        ([200, 0], None),
        ([], None),
        ([200, -1], None),
        ([200, True], None),
        ("[200, 2]", None),
        (None, None),
    ],
)
def test_the_shape_of_the_targets_says_how_many_outputs(shape: Any, outputs: int | None) -> None:
    assert read(declared("train", "a", targets_shape=shape)).outputs == outputs


@pytest.mark.parametrize("spec", ["text", [1], 3, None])
def test_a_schema_that_is_none_says_nothing(spec: Any) -> None:
    assert read_input({**TRAIN, "schema": {"mlflow_tensorspec": spec}}).types == {}


def test_only_training_inputs_that_agree_say_what_the_network_is_given() -> None:
    two, three = declared("train", "a", targets_shape=[100, 2]), declared("train", "c", targets_shape=[100, 3])
    assert read(two, declared("eval", "b", targets_shape=[40, 3])).outputs == 2
    assert read(two, TRAIN).outputs == 2
    assert read(two, three).outputs is None
    assert (read(two).n_features, read(two, {**three, "profile": {"features_shape": [5, 9]}}).n_features) == (8, None)


def test_outputs_alone_are_a_fact() -> None:
    assert not read({"context": "train", "profile": {"targets_shape": [9, 2]}}).silent


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 0, 2]])
def test_the_training_set_beside_another_is_no_validation_set(order: list[int]) -> None:
    inputs = [[TRAIN, SAME, OTHER][i] for i in order]
    made = read(*inputs)
    assert [i.side for i in made.inputs] == [["train", "train", "validation"][i] for i in order]
    assert (made.train.rows, made.validation.rows) == (100, 40)


def test_the_training_set_alone_is_one_where_something_was_validated() -> None:
    assert sides(TRAIN, SAME) == ["train", "validation"]
    assert sides(TRAIN, SAME, SAME) == ["train", "validation", "validation"]
    assert sides(TRAIN, SAME, validated=False) == ["train", "train"]
    assert read(TRAIN, SAME, validated=False).validation.rows is None


@pytest.mark.parametrize("validated", [True, False])
def test_who_calls_it_validation_means_it(validated: bool) -> None:
    called = {**SAME, "context": "validation"}
    assert sides(TRAIN, called, validated=validated) == ["train", "validation"]
    assert sides(TRAIN, called, OTHER, validated=validated) == ["train", "validation", "validation"]


def test_inputs_without_a_digest_are_not_taken_for_each_other() -> None:
    assert sides(declared("train", ""), declared("eval", ""), OTHER) == ["train", "validation", "validation"]
    assert read(declared("train", ""), declared("train", "")).train.rows == 200


def test_what_is_declared_twice_counts_once() -> None:
    assert (read(TRAIN, TRAIN).train.rows, read(TRAIN, OTHER, OTHER).validation.rows) == (100, 40)
    assert read(TRAIN, declared("train", "c", 7)).train.rows == 107


@pytest.mark.parametrize(
    ("share", "rows"), [(0.25, (75, 25)), (0.999, (0, 100)), (0.0, (100, None)), (1.0, (100, None))]
)
def test_a_share_that_is_held_out_is_not_trained_on(share: float, rows: tuple[int, int | None]) -> None:
    made = read(TRAIN, held_out=share)
    assert (made.train.rows, made.validation.rows) == rows


def test_nothing_is_held_out_of_what_is_declared_or_profiled_apart() -> None:
    made = read(TRAIN, OTHER, held_out=0.25)
    assert (made.train.rows, made.validation.rows) == (100, 40)
    profiled = read_dataset({"train": {"rows": 80}, "validation": {"rows": 20}}, [TRAIN], held_out=0.3)
    assert profiled is not None
    assert (profiled.train.rows, profiled.validation.rows) == (80, 20)
