"""The description of a network: what is read, what is refused, and what a run carries."""

from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag import Run, diagnose
from tracker_diag.core.model import Layer, Model, described_in, plain_model, read_model
from tracker_diag.core.run import InvalidRunError

DENSE = {"type": "Dense", "units": 1, "activation": "softmax", "strides": [2, 2]}
WHOLE = {
    "framework": "keras",
    "layers": [{"type": "Dense", "units": 64}, DENSE],
    "loss": "binary_crossentropy",
    "optimizer": "Adam",
    "output_shape": [None, 1],
    "trainable_parameters": 65,
}


def test_a_description_is_read() -> None:
    model = read_model(WHOLE)
    assert model.layers == (Layer("Dense", {"units": 64}), Layer("Dense", {k: DENSE[k] for k in DENSE if k != "type"}))
    assert (model.framework, model.loss, model.optimizer) == ("keras", "binary_crossentropy", "Adam")
    assert (model.output_shape, model.trainable_parameters) == ((None, 1), 65)


def test_all_of_it_is_optional_and_what_is_not_known_is_left_out() -> None:
    assert read_model({}) == Model()
    assert read_model({"colour": "blue"}) == Model()


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("keras", "model: a mapping is needed, not str"),
        ({"layers": {"type": "Dense"}}, "model['layers']: a list of mappings is needed"),
        ({"layers": [{"units": 1}]}, "model['layers'][0]['type']: a text is needed"),
        ({"layers": [{"type": "Dense"}, 7]}, "model['layers'][1]: a mapping is needed, not int"),
        ({"loss": 3}, "model['loss']: a text is needed, not int"),
        ({"output_shape": "2x3"}, "model['output_shape']: a list of sizes is needed"),
        ({"output_shape": [None, -1]}, "model['output_shape'][1]: a whole number is needed"),
        ({"trainable_parameters": True}, "model['trainable_parameters']: a whole number is needed"),
        ({"trainable_parameters": 1.5}, "model['trainable_parameters']: a whole number is needed"),
    ],
)
def test_what_cannot_be_read_is_named(model: Any, said: str) -> None:
    with pytest.raises(InvalidRunError) as error:
        Run.from_dict({"id": "r", "model": model})
    assert str(error.value) == said


def test_a_run_carries_its_model_to_other_processes_and_is_judged() -> None:
    run = Run.from_dict({"id": "r", "model": WHOLE})
    assert run.model == read_model(WHOLE)
    assert pickle.loads(pickle.dumps(run)).model == run.model
    assert diagnose(run).verdict == diagnose(Run.from_dict({"id": "r"})).verdict
    assert Run.from_dict({"id": "r"}).model is None


def test_hostile_settings_are_bounded() -> None:
    deep: list[Any] = []
    deep.append(deep)
    model = read_model({"layers": [{"type": "X", "loop": deep, 3: 4, **{f"s{i}": i for i in range(500)}}] * 20_000})
    assert 500 < len(model.layers) < 10_000
    assert 90 < len(model.layers[0].settings) <= 100
    assert len(read_model({"layers": [{"type": "X"}] * 20_000}).layers) == 10_000


@pytest.mark.timeout(20)
def test_values_are_bounded_over_all_layers() -> None:
    large = {"type": "X", **{f"s{i}": list(range(2000)) for i in range(100)}}
    model = read_model({"layers": [large] * 10_000})
    assert 0 < len(model.layers) < 10


def test_counts_of_numpy_are_counts_and_what_is_beyond_any_is_none() -> None:
    assert read_model({"trainable_parameters": np.int64(5), "output_shape": [None, np.int32(3)]}) == Model(
        output_shape=(None, 3), trainable_parameters=5
    )
    with pytest.raises(InvalidRunError, match="a whole number is needed"):
        Run.from_dict({"id": "r", "model": {"trainable_parameters": 10**5000}})


words = st.text(max_size=8)
settings_of_layers = st.dictionaries(
    words.filter(lambda key: key != "type"),
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | words,
    max_size=4,
)
models = st.builds(
    Model,
    framework=st.none() | words,
    layers=st.lists(st.builds(Layer, words, settings_of_layers), max_size=4).map(tuple),
    loss=st.none() | words,
    optimizer=st.none() | words,
    output_shape=st.none() | st.lists(st.none() | st.integers(0, 10**18), min_size=1, max_size=4).map(tuple),
    trainable_parameters=st.none() | st.integers(0, 10**18),
    loss_settings=settings_of_layers,
    outputs=st.integers(1, 9),
)


@given(models)
def test_a_description_that_was_written_is_read_as_it_was(model: Model) -> None:
    assert described_in(json.loads(json.dumps(plain_model(model))), "model.json") == model


def test_what_is_not_known_is_left_out_of_what_is_written() -> None:
    assert plain_model(Model()) == {"outputs": 1}
    assert plain_model(read_model(WHOLE)) == {**WHOLE, "outputs": 1}


def test_a_file_that_is_not_there_describes_nothing() -> None:
    assert described_in(None, "model.json") is None


@pytest.mark.parametrize("data", [{"layers": 3}, {"loss": 3}, {"outputs": -1}])
def test_what_is_wrong_with_a_file_is_said_in_a_note(data: dict[str, Any]) -> None:
    found = described_in(data, "diagnosis/model.json")
    assert found is not None
    (note,) = found.notes
    assert note.startswith("diagnosis/model.json was ignored: model[")
    assert found == Model(notes=(note,))
