"""What logged models cost a server, and what it may answer in place of one."""

from __future__ import annotations

import io
import re
import threading
import uuid
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from mlflow import MlflowClient

from tests.adapters.contract import Logged
from tests.adapters.mlflow.gateway import PAGE, always, guarding
from tests.adapters.mlflow.lying import GOOD, Handler, Lie, Truth, as_is, changes, hold, lying, repeat, says, send
from tests.adapters.mlflow.model_files import (
    KERAS,
    KERAS_PARAMS,
    LIGHTNING_SUMMARY,
    MLMODEL,
    SUMMARY,
    keras_file,
    keras_model,
    keras_summary,
    mlmodel_file,
)
from tests.adapters.mlflow.tracker import MlflowTracker
from tracker_diag.adapters.mlflow import answer, connect
from tracker_diag.adapters.mlflow.logged_models import LARGEST_HEAD
from tracker_diag.core.model import Model
from tracker_diag.core.run import Run

MODEL = "m-" + "0123456789abcdef" * 2
ASKED = f"GET .*/models/{MODEL}/artifacts/data/model.keras"
needs_outputs = pytest.mark.skipif(
    not hasattr(MlflowClient, "log_outputs"), reason="models are no part of runs before MLflow 3"
)


def _load(uri: str, *ids: str) -> dict[str, Model | None]:
    loaded = list(connect(uri).load_runs(ids))
    assert all(isinstance(run, Run) for run in loaded), loaded
    return {run.id: run.model for run in loaded if isinstance(run, Run)}


# Requests, of a real server


@pytest.fixture
def tracker(mlflow_server: str) -> Iterator[MlflowTracker]:
    tracker = MlflowTracker(mlflow_server)
    yield tracker
    tracker.adapter.close()


@pytest.fixture
def experiment() -> str:
    return f"served-{uuid.uuid4().hex[:12]}"


def _requests(uri: str, run_id: str) -> list[str]:
    with guarding(uri, {}) as (through, passed):
        _load(through, run_id)
    return [request for request, _ in passed.requests]


@needs_outputs
@pytest.mark.parametrize(
    ("logged", "left", "files", "further"),
    [
        (Logged(params=KERAS_PARAMS), keras_summary(), {KERAS: keras_file(), MLMODEL: mlmodel_file()}, [KERAS]),
        (Logged(), None, {MLMODEL: mlmodel_file("sklearn")}, [KERAS]),
        (Logged(), LIGHTNING_SUMMARY, {MLMODEL: mlmodel_file("pytorch")}, [MLMODEL]),
        (Logged(params={"num_boost_round": "10"}), None, {MLMODEL: mlmodel_file("xgboost")}, []),
        (Logged(tags={"estimator_class": "sklearn.svm.SVC"}), None, {MLMODEL: mlmodel_file("sklearn")}, []),
        (Logged(), keras_summary(1_300_000_000), {KERAS: keras_file()}, []),
    ],
    ids=["keras", "unknown", "lightning", "boosting", "scikit-learn", "more than a gigabyte"],
)
def test_a_logged_model_costs_one_request_at_most_and_none_is_asked_for_without_one(
    tracker: MlflowTracker,
    experiment: str,
    logged: Logged,
    left: bytes | None,
    files: dict[str, bytes],
    further: list[str],
) -> None:
    without, having = tracker.log(experiment, logged), tracker.log(experiment, logged)
    for run_id in (without, having):
        if left is not None:
            tracker.add_file(run_id, SUMMARY, left)
    for step in range(3):
        tracker.log_model(having, files, step)
    before, after = _requests(tracker.uri, without), _requests(tracker.uri, having)
    assert len(before) == len(["experiments", "run", *logged.metrics, "files", *([] if left is None else ["summary"])])
    assert len(after) == len(before) + len(further)
    assert [path for path in further if any(request.endswith(f"/{path}") for request in after)] == further


@needs_outputs
def test_a_network_that_a_server_might_have_to_copy_is_left_with_a_note(
    tracker: MlflowTracker, experiment: str
) -> None:
    run_id = tracker.log(experiment, Logged())
    tracker.add_file(run_id, SUMMARY, keras_summary(1_300_000_000))
    tracker.log_model(run_id, {KERAS: keras_file()})
    assert _load(tracker.uri, run_id)[run_id] == Model(
        notes=(f"{KERAS} was not read: its network is too large to have the server copy it",)
    )


# What a server answers


class Served(Truth):
    """A server whose runs have logged a model, which lies in a file of some size."""

    def __init__(self, file: bytes = b"") -> None:
        super().__init__()
        self.file = file or keras_file()
        self.params = KERAS_PARAMS

    def run(self, run: str) -> dict[str, Any]:
        told = super().run(run)
        told["data"]["params"] = [{"key": key, "value": value} for key, value in self.params.items()]
        told["outputs"] = {"model_outputs": [{"model_id": MODEL, "step": 0}]}
        return told


def _from(tell: Callable[[Handler, Any], None], *ids: str, on: str = ASKED, truth: Truth | None = None) -> list[Any]:
    with lying(Lie(on, tell, 0, "")) as serving:
        serving.truth = truth or Served()
        return list(_load(serving.uri, *(ids or GOOD[:1])).values())


def _file(content: bytes, status: int = 200, **headers: str) -> Callable[[Handler, Any], None]:
    return says(content, status, **headers)


@pytest.mark.parametrize("ranges", [True, False])
def test_a_part_of_the_file_is_asked_for_and_all_of_it_taken_as_well(ranges: bool) -> None:
    seen: list[dict[str, str]] = []

    def tell(handler: Handler, truth: Any) -> None:
        seen.append(dict(handler.headers))
        content = keras_file()
        headers = {"Content-Range": f"bytes 0-{len(content) - 1}/{len(content)}"} if ranges else {}
        send(handler, content, 206 if ranges else 200, headers)

    assert _from(tell) == [keras_model()]
    (headers,) = seen
    assert (headers["Range"], headers["Accept-Encoding"]) == (f"bytes=0-{LARGEST_HEAD - 1}", "identity")


@pytest.mark.parametrize("size", [5 * 2**30, None])
def test_of_a_model_of_5_gigabytes_only_the_head_is_taken(size: int | None) -> None:
    sent, gone = [0], threading.Event()

    def tell(handler: Handler, truth: Any) -> None:
        length = f"Content-Length: {size}\r\n".encode() if size else b""
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + length + b"\r\n" + keras_file()[:-1000])
        try:
            while True:
                handler.wfile.write(b"w" * 2**16)
                sent[0] += 2**16
        finally:
            gone.set()

    assert _from(tell) == [keras_model()]
    assert gone.wait(10)
    # What the two systems hold between them, and nothing like the file.
    assert sent[0] < 64 * 2**20


def test_a_description_behind_the_first_megabytes_is_not_looked_for() -> None:
    big = keras_file(b" " * (LARGEST_HEAD + 2**20))
    (model,) = _from(_file(big))
    (note,) = model.notes
    assert note.startswith(KERAS)


def _begun() -> bytes:
    """The beginning of an archive whose first member is long, so that whatever follows may belong to it."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("metadata.json", bytes(2**20))
    return whole.getvalue()[:100]


WHY = f"{KERAS} was not read: http://"
BAD = {
    "404": (_file(b"{}", 404), f"{KERAS} was not read: the model has no such file"),
    "500": (_file(b"{}", 500), f"{KERAS} was not read: the model has no such file"),
    "403": (_file(b"{}", 403), f"{WHY}.* denies access"),
    "401": (_file(b"{}", 401), f"{WHY}.* refused the credentials"),
    "429": (_file(b"{}", 429, Retry_After="86400"), f"{WHY}.* answered 429"),
    "503": (_file(b"{}", 503), f"{WHY}.* answered 503"),
    "another part": (_file(keras_file(), 206, Content_Range="bytes 5-9/99"), f"{WHY}.* another part of the file"),
    "compressed": (_file(keras_file(), Content_Encoding="gzip"), f"{WHY}.* not asked for"),
    "elsewhere": (_file(b"", 307, Location="https://login.corp/"), f"{WHY}.* redirects to https://login"),
    "a page": (_file(PAGE, Content_Type="text/html"), f"{KERAS} is "),
    "broken off": (lambda h, _: send(h, keras_file()[:400], length=9999), f"{KERAS} is incomplete|{WHY}.* ended early"),
    "no answer": (as_is(b""), f"{WHY}.* closed the connection"),
    "silence": (as_is(b"", hold), f"{WHY}.* did not answer within"),
    "byte by byte": (as_is(b"HTTP/1.1 200 OK\r\n\r\n" + _begun(), repeat(b"K", 1)), f"{WHY}.* bytes per second"),
}  # fmt: skip


@pytest.mark.parametrize(("tell", "note"), BAD.values(), ids=BAD)
def test_what_a_server_does_in_place_of_a_model_is_a_note(
    monkeypatch: pytest.MonkeyPatch, tell: Callable[[Handler, Any], None], note: str
) -> None:
    monkeypatch.setattr(answer, "WINDOW", 1.0)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "3")
    asked: list[str] = []

    def counted(handler: Handler, truth: Any) -> None:
        asked.append(handler.path)
        tell(handler, truth)

    (model,) = _from(counted)
    assert len(model.notes) == 1
    assert re.match(note, model.notes[0]), model.notes
    assert len(asked) == 1


@pytest.mark.parametrize("status", [404, 500])
def test_a_file_that_need_not_be_there_is_not_missed(status: int) -> None:
    truth = Served()
    truth.params = {}
    assert _from(_file(b"{}", status), truth=truth) == [None]


def test_models_of_a_store_that_is_away_are_not_asked_for_again_and_summaries_are() -> None:
    asked: list[str] = []

    def away(handler: Handler, truth: Any) -> None:
        asked.append(handler.path)
        says({}, 503)(handler, truth)

    models = _from(away, *GOOD)
    assert len(asked) == 1
    assert len(models) == 3
    assert all("answered 503" in model.notes[0] for model in models)


@pytest.mark.parametrize(
    "outputs",
    ["x", [1], {"model_outputs": "m-a"}, {"model_outputs": [{"model_id": "../../../etc/passwd", "step": 0}]}],
)
def test_outputs_that_lie_lead_nowhere(outputs: Any) -> None:
    def change(told: Any) -> None:
        for run in told["runs"]:
            run["outputs"] = outputs

    assert _from(changes(change), on="POST .*/runs/search", truth=Served()) == [None]


def test_an_artifact_store_that_is_refused_is_said_where_a_network_is_known_to_be_there(
    tracker: MlflowTracker, experiment: str
) -> None:
    run_id = tracker.log(experiment, Logged(params=KERAS_PARAMS, tags={"mlflow.log-model.history": _HISTORY}))
    with guarding(tracker.uri, {"/mlflow-artifacts/": always(403)}) as (uri, _):
        model = _load(uri, run_id)[run_id]
    assert model is not None
    assert "denies access" in model.notes[0]


_HISTORY = '[{"artifact_path": "model", "flavors": {"keras": {}}}]'
