"""A run as a listing has it: what is compared of it, and what tells its data from other data."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.siblings import last, member, rows
from tracker_diag import Run
from tracker_diag.comparison.sibling import Measure, Sibling
from tracker_diag.core import controlled
from tracker_diag.roles.metric import LOSS, SCORE


def of(metrics: dict[str, Any], params: dict[str, Any] | None = None, prefix: str = "diag.", **fields: Any) -> Sibling:
    data = {"id": "r", "params": params or {}, "metrics": {k: [[3, v]] for k, v in metrics.items()}, **fields}
    return rows([Run.from_dict(data)], prefix)[0]


def test_only_the_last_values_count() -> None:
    run = member(0.1, 4, 1)
    whole, listed = rows([run])[0], rows([last(run)])[0]
    assert repr(whole) == repr(listed)
    assert (whole.value, whole.train) == tuple(run.metrics[k].values[-1] for k in ("val_loss", "train_loss"))
    assert whole.last == (("train_loss", whole.train), ("val_loss", whole.value))


def test_the_loss_is_compared_and_a_score_where_there_is_none() -> None:
    both = of({"val_loss": 0.4, "val_accuracy": 0.9, "train_loss": 0.3})
    assert both.measure == Measure("val_loss", LOSS)
    assert (both.value, both.train, both.score) == (0.4, 0.3, -0.9)
    scored = of({"val_accuracy": 0.9, "train_accuracy": 0.95, "loss": 0.1})
    assert scored.measure is not None
    assert scored.measure.role == "val_score"
    assert (scored.value, scored.train) == (-0.9, -0.95)
    assert scored.measure.shown(scored.value) == 0.9
    assert math.isnan(scored.score)


def test_of_a_run_without_validation_nothing_is_compared() -> None:
    run = of({"train_loss": 0.3, "lr": 0.1})
    assert run.measure is None
    assert run.lost


def test_names_do_not_matter_to_what_is_compared_and_units_do() -> None:
    one, other = of({"val_loss": 0.4}).measure, of({"valid/loss": 0.4}).measure
    assert one is not None
    assert other is not None
    assert one.same_as(other)
    assert not one.same_as(Measure("val_score", SCORE))
    share, hundred = of({"val_accuracy": 0.9}).measure, of({"val_accuracy": 90.0}).measure
    assert share is not None
    assert hundred is not None
    assert not share.same_as(hundred)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_run_that_ends_without_a_finite_value_is_lost(value: float) -> None:
    assert of({"val_loss": value}).lost
    assert not of({"val_loss": 0.5}).lost


@pytest.mark.parametrize(
    ("fields", "same"),
    [
        ({}, True),
        ({"datasets": [{"digest": "a1"}]}, False),
        ({"params": {"dataset": "cifar"}}, False),
        ({"params": {"dataset": 3}}, True),
        ({"params": {"model_name": "vit"}}, False),
        ({"params": {"num_classes": 10}}, False),
        ({"params": {"lr": 0.5, "activation": "relu"}}, True),
        ({"datasets": [{"name": "train"}]}, True),
    ],
)
def test_what_is_known_of_data_and_task(fields: dict[str, Any], same: bool) -> None:
    assert (of({"val_loss": 1.0}, **fields).data == of({"val_loss": 1.0}).data) is same


def test_the_order_of_datasets_does_not_matter() -> None:
    one, other = ([{"digest": "a"}, {"digest": "b"}], [{"digest": "b"}, {"digest": "a"}])
    assert of({"val_loss": 1.0}, datasets=one).data == of({"val_loss": 1.0}, datasets=other).data


def test_a_control_is_known_by_its_tag_or_its_parameter() -> None:
    assert of({"val_loss": 1.0}, tags={"diag.control": "random-input"}).control == "random-input"
    assert of({"val_loss": 1.0}, tags={"dx.control": "random-input"}, prefix="dx.").control == "random-input"
    assert of({"val_loss": 1.0}, {"control": "tiny-subset"}).control == "tiny-subset"
    assert of({"val_loss": 1.0}, tags={"control": "random-input"}).control == ""


def test_a_control_that_we_made_is_one_whatever_the_prefix() -> None:
    tags = controlled.tags(controlled.RANDOM_INPUT)
    assert of({"val_loss": 1.0}, tags=tags, prefix="dx.").control == controlled.RANDOM_INPUT


def test_examples_an_epoch_from_what_counts_epochs() -> None:
    epochs = {"epoch": [[999, 9]], "val_loss": [[999, 0.3]]}
    run = rows([Run.from_dict({"id": "r", "metrics": epochs, "params": {"batch_size": 32}})])[0]
    assert run.examples == pytest.approx(3200)
    assert of({"val_loss": 1.0, "epoch": 3.0}).examples is None
    assert of({"val_loss": 1.0}).examples is None


@pytest.mark.parametrize("batch", ["auto", None, [32, 64], 0, -4, math.nan, 10**400])
def test_a_batch_size_that_is_none_does_no_harm(batch: Any) -> None:
    epochs = {"epoch": [[999, 9]], "val_loss": [[999, 0.3]]}
    found = rows([Run.from_dict({"id": "r", "metrics": epochs, "params": {"batch_size": batch}})])[0].examples
    assert found is not None
    assert found > 0


@given(st.permutations([(0.1, 4, 0), (0.01, 64, 1), (0.001, 4, 1), (0.0001, 64, 0)]))
def test_a_run_is_read_alike_whatever_was_read_before(order: list[tuple[float, int, int]]) -> None:
    found = {run.id: run for run in rows(member(*setting) for setting in order)}
    for setting in order:
        run = member(*setting)
        assert repr(found[run.id]) == repr(rows([run])[0])


def test_a_unit_is_that_of_the_run_whatever_was_read_before() -> None:
    share, hundred = (
        Run.from_dict({"id": f"{v}", "metrics": {"val_accuracy": [[1, v]]}, "params": {"lr": 0.1}}) for v in (0.9, 90.0)
    )
    for order in ((share, hundred), (hundred, share)):
        units = {run.id: run.measure.metric.unit for run in rows(order) if run.measure is not None}
        assert units == {"0.9": "share", "90.0": "per cent"}
