"""The network of a run, from what it logged: the same from every kind of store, whatever lies there."""

from __future__ import annotations

import json
import os
import pickle
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from tests.adapters.contract import Logged
from tests.adapters.mlflow.model_files import (
    KERAS,
    KERAS_PARAMS,
    LIGHTNING_SUMMARY,
    MLMODEL,
    SUMMARY,
    deflated,
    keras_file,
    keras_model,
    keras_summary,
    mlmodel_file,
)
from tests.adapters.mlflow.tracker import MlflowTracker
from tracker_diag.adapters.base import UnusableStoreError
from tracker_diag.adapters.mlflow.artifacts import LocalArtifacts, UnreachableArtifacts, model_place
from tracker_diag.adapters.mlflow.extras import read_extras
from tracker_diag.adapters.mlflow.logged_models import last_logged, wanted
from tracker_diag.adapters.mlflow.record import Extras, Record, model_ids
from tracker_diag.adapters.mlflow.rest import record_of
from tracker_diag.core.model import Model
from tracker_diag.core.run import Run

RUN, MODEL = "0123456789abcdef" * 2, "m-" + "0123456789abcdef" * 2

needs_outputs = pytest.mark.skipif(
    not hasattr(MlflowClient, "log_outputs"), reason="models are no part of runs before MLflow 3"
)


@pytest.fixture(params=["server", "sqlite", "postgres", "folder"])
def tracker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MlflowTracker]:
    if request.param == "server":
        tracker = MlflowTracker(request.getfixturevalue("mlflow_server"))
    elif request.param == "folder":
        tracker = MlflowTracker(str(tmp_path))
    else:
        uri, artifacts = request.getfixturevalue(f"{request.param}_store")
        tracker = MlflowTracker(uri, artifacts.as_uri())
    yield tracker
    tracker.adapter.close()


@pytest.fixture
def experiment() -> str:
    return f"models-{uuid.uuid4().hex[:12]}"


def _model(tracker: MlflowTracker, run_id: str) -> Model | None:
    (run,) = tracker.adapter.load_runs([run_id])
    assert isinstance(run, Run), run
    return run.model


# Every store


@needs_outputs
def test_the_network_of_a_logged_model_is_described(tracker: MlflowTracker, experiment: str) -> None:
    run_id = tracker.log(experiment, Logged(params=KERAS_PARAMS))
    tracker.add_file(run_id, SUMMARY, keras_summary())
    tracker.log_model(run_id, {KERAS: keras_file(), MLMODEL: mlmodel_file()})
    assert _model(tracker, run_id) == keras_model()


@needs_outputs
def test_the_model_of_the_last_step_is_read(tracker: MlflowTracker, experiment: str) -> None:
    run_id = tracker.log(experiment, Logged())
    for step, units in ((2, 4), (10, 5), (9, 6)):
        tracker.log_model(run_id, {KERAS: keras_file(units=units)}, step)
    assert _model(tracker, run_id) == keras_model(5)


@needs_outputs
def test_what_parameters_say_is_not_read_again(tracker: MlflowTracker, experiment: str) -> None:
    run_id = tracker.log(experiment, Logged(tags={"estimator_name": "RandomForestClassifier"}))
    tracker.log_model(run_id, {MLMODEL: mlmodel_file("sklearn"), KERAS: keras_file()})
    assert _model(tracker, run_id) is None


@needs_outputs
def test_of_another_framework_the_signature_is_read(tracker: MlflowTracker, experiment: str) -> None:
    run_id = tracker.log(experiment, Logged())
    tracker.add_file(run_id, SUMMARY, LIGHTNING_SUMMARY)
    tracker.log_model(run_id, {MLMODEL: mlmodel_file("pytorch")})
    assert _model(tracker, run_id) == Model(framework="torch", output_shape=(None, 3))


@needs_outputs
def test_a_model_without_keras_s_file_is_said_only_of_keras(tracker: MlflowTracker, experiment: str) -> None:
    unknown, keras = tracker.log(experiment, Logged()), tracker.log(experiment, Logged(params=KERAS_PARAMS))
    for run_id in (unknown, keras):
        tracker.log_model(run_id, {"data/other.txt": b"x"})
    assert _model(tracker, unknown) is None
    assert _model(tracker, keras) == Model(notes=(f"{KERAS} was not read: the model has no such file",))


def test_a_run_without_a_model_has_no_description(tracker: MlflowTracker, experiment: str) -> None:
    assert _model(tracker, tracker.log(experiment, Logged(params=KERAS_PARAMS))) is None


def _history(path: str, *flavors: str) -> dict[str, str]:
    entry = {"run_id": RUN, "artifact_path": path, "flavors": {name: {"data": "data"} for name in flavors}}
    return {"mlflow.log-model.history": json.dumps([{"artifact_path": "earlier", "flavors": {"sklearn": {}}}, entry])}


def test_a_model_of_mlflow_2_lies_among_the_files_of_its_run(tracker: MlflowTracker, experiment: str) -> None:
    run_id = tracker.log(experiment, Logged(tags=_history("nets/last one", "keras", "python_function")))
    tracker.add_file(run_id, f"nets/last one/{KERAS}", keras_file())
    assert _model(tracker, run_id) == keras_model()


def test_a_model_of_mlflow_2_that_was_deleted_is_missing(tracker: MlflowTracker, experiment: str) -> None:
    run_id = tracker.log(experiment, Logged(tags=_history("model", "keras")))
    assert _model(tracker, run_id) == Model(notes=(f"{KERAS} was not read: the model has no such file",))


# What lies there


BAD = {
    "no zip": (b"<html>not found</html>", f"{KERAS} is "),
    "a pickle": (pickle.dumps({"layers": [1]}), f"{KERAS} is "),
    "nothing": (b"", f"{KERAS} is incomplete"),
    "a truncated download": (keras_file()[:300], f"{KERAS} is incomplete"),
    "no description": (deflated(b"{}").replace(b"config.json", b"cinfog.json"), f"{KERAS} holds no config.json"),
    "a bomb": (deflated(b" " * (200 * 2**20)), f"{KERAS} "),
    "nested": (keras_file(b'{"a":' * 100_000), f"{KERAS}: "),
    "no JSON": (keras_file(b"\x80\x04."), f"{KERAS}: "),
    "another JSON": (keras_file(b'{"class_name": [1], "config": 7}'), f"{KERAS}: "),
}


def _record(path: Path, **fields: Any) -> Record:
    fields = {"params": KERAS_PARAMS, "models": (MODEL,)} | fields
    return Record(RUN, "1", str(path), None, "FINISHED", None, None, **fields)


def _local(tmp_path: Path, files: Mapping[str, bytes]) -> tuple[LocalArtifacts, Record]:
    for path, content in files.items():
        place = tmp_path / "models" / MODEL / "artifacts" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    folder = tmp_path / RUN / "artifacts"
    folder.mkdir(parents=True, exist_ok=True)
    return LocalArtifacts(folder), _record(folder)


def _notes(extras: Extras) -> tuple[str, ...]:
    assert extras.model is not None
    return extras.model.notes


@pytest.mark.parametrize(("content", "says"), BAD.values(), ids=BAD)
def test_a_file_that_cannot_be_read_is_a_note_and_the_rest_is_said(tmp_path: Path, content: bytes, says: str) -> None:
    artifacts, record = _local(tmp_path, {KERAS: content, MLMODEL: mlmodel_file()})
    extras = read_extras(artifacts, record)
    (note,) = _notes(extras)
    assert note.startswith(says)
    assert len(note) < 200
    assert extras.model is not None
    assert (extras.model.framework, extras.model.output_shape) == ("keras", (None, 3))


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe", b"flavors: [", b"a: &a [*a]", b"x" * (2**20 + 1), mlmodel_file(outputs="[{"), b"- " * 50_000],
)
def test_a_file_of_mlflow_that_cannot_be_read_is_a_note_too(tmp_path: Path, content: bytes) -> None:
    artifacts, record = _local(tmp_path, {KERAS: keras_file(), MLMODEL: content})
    extras = read_extras(artifacts, record)
    assert len(_notes(extras)) == 1
    assert extras.model is not None
    assert extras.model.layers == keras_model().layers


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "loaded",)

    artifacts, record = _local(tmp_path, dict.fromkeys((KERAS, MLMODEL), pickle.dumps(Bomb())))
    assert len(_notes(read_extras(artifacts, record))) == 2
    assert not (tmp_path / "loaded").exists()


@pytest.mark.parametrize(
    "linked", ["models", f"models/{MODEL}", f"models/{MODEL}/artifacts", f"models/{MODEL}/artifacts/data"]
)
def test_a_link_on_the_way_is_not_followed(tmp_path: Path, linked: str) -> None:
    artifacts, record = _local(tmp_path / "store", {KERAS: keras_file()})
    place, outside = tmp_path / "store" / linked, tmp_path / "outside"
    place.rename(outside)
    place.symlink_to(outside)
    assert _notes(read_extras(artifacts, record))[0].startswith(f"{KERAS} was not read: it is behind a link")


def test_a_link_or_a_pipe_in_place_of_the_file_is_not_read(tmp_path: Path) -> None:
    artifacts, record = _local(tmp_path, {KERAS: keras_file()})
    file = tmp_path / "models" / MODEL / "artifacts" / KERAS
    file.rename(tmp_path / "elsewhere")
    for make in (lambda: file.symlink_to(tmp_path / "elsewhere"), lambda: os.mkfifo(file)):
        make()
        assert _notes(read_extras(artifacts, record)) == (f"{KERAS} was not read: it is not a regular file",)
        file.unlink()


def test_of_a_large_file_only_the_head_is_read(tmp_path: Path) -> None:
    artifacts, record = _local(tmp_path, {KERAS: keras_file()})
    with (tmp_path / "models" / MODEL / "artifacts" / KERAS).open("r+b") as file:
        file.truncate(5 * 2**30)
    assert read_extras(artifacts, record).model == keras_model()


def test_a_store_that_is_nowhere_here_is_said_where_a_network_is_known_to_be_there(tmp_path: Path) -> None:
    gone = UnreachableArtifacts("no folder /nowhere")
    assert _notes(read_extras(gone, _record(tmp_path))) == (f"{KERAS} was not read: no folder /nowhere",)
    assert read_extras(gone, _record(tmp_path, params={})) == Extras()
    assert read_extras(gone, _record(tmp_path, models=())) == Extras()


# What is decided without asking


@pytest.mark.parametrize(
    ("summary", "flavors", "params", "tags", "files", "is_keras"),
    [
        (None, [], [], [], (KERAS, MLMODEL), False),
        (None, [], KERAS_PARAMS, [], (KERAS, MLMODEL), True),
        (None, [], ["initial_epoch"], [], (KERAS, MLMODEL), False),
        (keras_summary().decode(), [], [], [], (KERAS, MLMODEL), True),
        # A scaler that was fitted in the run of a network does not make that a tree.
        (keras_summary().decode(), [], [], ["estimator_name", "estimator_class"], (KERAS, MLMODEL), True),
        (None, [], [], ["estimator_class"], (), False),
        (None, [], ["num_boost_round"], [], (), False),
        (LIGHTNING_SUMMARY.decode(), [], [], [], (MLMODEL,), False),
        (None, ["keras", "python_function"], [], ["estimator_name"], (KERAS, MLMODEL), True),
        (None, ["tensorflow", "python_function"], [], [], (KERAS, MLMODEL), False),
        (None, ["tensorflow"], KERAS_PARAMS, [], (KERAS, MLMODEL), True),
        (None, ["pytorch", "python_function"], KERAS_PARAMS, [], (MLMODEL,), False),
        (keras_summary().decode(), ["sklearn", "python_function"], [], [], (), False),
    ],
)
def test_what_is_read_follows_from_what_is_known(
    summary: str | None, flavors: list[str], params: list[str], tags: list[str], files: tuple[str, ...], is_keras: bool
) -> None:
    found = wanted(summary, flavors, list(params), tags)
    assert (found.files, found.is_keras) == (files, is_keras)


_PATHS = ("", "/etc", "..", "../x", "a/../b", "a//b", ".", "a\\b", "a\nb", "a/" * 500, "http://h/x")
_NO_HISTORIES = ("", "{", "7", "[]", "[7]", "{}", "[[]]", "[{}]", '[{"artifact_path": 7}]', "[" * 100_000)


@pytest.mark.parametrize("history", [*_NO_HISTORIES, *(json.dumps([{"artifact_path": path}]) for path in _PATHS)])
def test_a_tag_that_is_not_mlflow_s_leads_nowhere(tmp_path: Path, history: str) -> None:
    assert last_logged(_record(tmp_path, models=(), tags={"mlflow.log-model.history": history})) is None


@pytest.mark.parametrize("flavors", [None, 7, [], ["keras"], "keras"])
def test_flavors_that_are_none_are_not_known(tmp_path: Path, flavors: Any) -> None:
    history = json.dumps([{"artifact_path": "model", "flavors": flavors}])
    logged = last_logged(_record(tmp_path, models=(), tags={"mlflow.log-model.history": history}))
    assert logged is not None
    assert (logged.folder, logged.flavors) == ("model/", frozenset())


def test_models_are_in_the_order_of_their_steps_and_others_left_out() -> None:
    odd: list[Any] = [
        None,
        7,
        ["m-a"],
        "",
        "m-",
        "x",
        "m-../x",
        "m-a/b",
        "m-a\n",
        "m-é",
        "m-" + "a" * 65,
        b"m-a",
        "../m-a",
    ]
    given = [
        *((name, 99) for name in odd),
        ("m-c", 2),
        ("m-b", 10),
        ("m-a", 10),
        ("m-d", "soon"),
        ("m-e", float("nan")),
    ]
    assert model_ids(given) == ("m-d", "m-e", "m-c", "m-a", "m-b")
    assert model_ids((f"m-{step}", step) for step in range(5000)) == tuple(f"m-{step}" for step in range(4900, 5000))


@pytest.mark.parametrize(
    "outputs",
    [None, 7, "x", [], {"model_outputs": None}, {"model_outputs": {}}, {"model_outputs": ["m-a", None, 7]},
     {"model_outputs": [{"model_id": "../../etc", "step": 1}, {"model_id": ["m-a"]}, {}]}],
)  # fmt: skip
def test_outputs_of_another_form_are_none(outputs: Any) -> None:
    item = {"info": {"run_id": RUN}, "data": {}, "outputs": outputs}
    assert record_of(item).models == ()


def test_outputs_are_read_with_steps_as_protobuf_writes_them() -> None:
    outputs = {"model_outputs": [{"model_id": "m-a", "step": "7"}, {"model_id": "m-b"}, {"model_id": "m-c", "step": 3}]}
    assert record_of({"info": {"run_id": RUN}, "outputs": outputs}).models == ("m-b", "m-c", "m-a")


@pytest.mark.parametrize(
    ("place", "models"),
    [
        (f"s3://bucket/e/{RUN}/artifacts", f"s3://bucket/e/models/{MODEL}/artifacts"),
        (f"1/{RUN}/artifacts", f"1/models/{MODEL}/artifacts"),
        (f"{RUN}/artifacts/", f"models/{MODEL}/artifacts"),
    ],
)
def test_a_model_lies_beside_the_runs(place: str, models: str) -> None:
    assert model_place(place, MODEL) == models


@pytest.mark.parametrize(
    "place", ["", "artifacts", "/artifacts", "s3://bucket/x", "s3://b/r/artifacts?a=b", "s3://b/r/artifacts/x"]
)
def test_a_run_of_another_place_says_nothing_of_models(place: str) -> None:
    with pytest.raises(UnusableStoreError):
        model_place(place, MODEL)
