"""The network and the datasets of a run, as the real client leaves them, from a folder and from a server."""

from __future__ import annotations

import copy
import json
import logging
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from wandb.proto import wandb_internal_pb2 as pb

from tests.adapters.wandb.conftest import account
from tests.adapters.wandb.server import Fault, Server, StoredRun
from tests.adapters.wandb.server.store import Store
from tests.adapters.wandb.test_online import HEALTHY
from tests.adapters.wandb.training import environment, train
from tracker_diag.adapters.base import AwayError, Failure, Query
from tracker_diag.adapters.wandb import open_folder
from tracker_diag.adapters.wandb.config_file import read_config
from tracker_diag.adapters.wandb.graphs import LARGEST, watched_model
from tracker_diag.adapters.wandb.log import read_records, write_log
from tracker_diag.adapters.wandb.online import OnlineAdapter
from tracker_diag.adapters.wandb.used import Used, datasets
from tracker_diag.core.foreign_files import NotAFileError
from tracker_diag.core.model import Model
from tracker_diag.core.run import Run
from tracker_diag.models.watched import read_graph

NETWORK = read_graph((Path(__file__).parents[2] / "data" / "models" / "convolutions.graph.json").read_bytes())
DESCRIBED = "acme/vision/described1"
SIDES = {"train-set:v0": "train", "words:v0": None, "validation-set:v0": "validation"}
DEEP = b"[" * 100_000


@dataclass(frozen=True)
class Logged:
    """What the client left: on disk without a server, on disk beside a server, and on the server."""

    offline: Path
    beside: Path
    store: Store


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Logged:
    home = tmp_path_factory.mktemp("described")
    offline, beside = home / "offline", home / "beside"
    train("described", home=offline.parent, env=environment(offline, WANDB_MODE="offline"))
    with Server() as server:
        train("described", home=beside.parent, env=environment(beside, **account(server)))
        return Logged(offline, beside, server.store)


@pytest.fixture
def served(server: Server, described: Logged) -> StoredRun:
    """The run on the server of the test."""
    server.store.artifacts |= copy.deepcopy(described.store.artifacts)
    server.store.blobs |= described.store.blobs
    return server.store.add(copy.deepcopy(described.store.runs[("acme", "vision", "described1")]))


@pytest.fixture
def home(described: Logged, tmp_path: Path) -> Path:
    """A copy of the run on disk, to change."""
    return Path(shutil.copytree(described.offline, tmp_path / "copy", symlinks=True))


def graph_file(home: Path) -> Path:
    (file,) = home.glob("wandb/offline-run-*/files/media/graph/*.graph.json")
    return file


def load(where: Path | OnlineAdapter, run_id: str = DESCRIBED) -> Run:
    adapter = open_folder(where) if isinstance(where, Path) else where
    (run,) = adapter.load_runs(["described1" if isinstance(where, Path) else run_id])
    assert isinstance(run, Run), run
    assert len(run.metrics["train_loss"]) > 5
    return run


def note(run: Run) -> str:
    """The one thing that is said of the network: why nothing is."""
    assert run.model is not None
    assert run.model == Model(notes=run.model.notes)
    (text,) = run.model.notes
    assert text.isprintable()
    return text


def test_a_watched_network_is_read_from_everywhere(described: Logged, served: StoredRun, online: OnlineAdapter) -> None:
    assert len(NETWORK.layers) == 13
    for where in (described.offline, described.beside, online):
        assert load(where).model == NETWORK


def test_used_datasets_are_read(described: Logged, served: StoredRun, online: OnlineAdapter) -> None:
    digests = {a["artifactCollectionName"] + ":v0": a["digest"] for a in described.store.artifacts.values()}
    assert len(set(digests.values())) == len(digests) - 1, "of the two that are empty"

    def expected(digest: Callable[[str], str | None]) -> tuple[dict[str, Any], ...]:
        rest = {"profile": None, "schema": None}
        return tuple({"name": name, "digest": digest(name), "context": side, **rest} for name, side in SIDES.items())

    assert load(online).datasets == expected(digests.__getitem__)
    assert load(described.beside).datasets == expected(lambda _: None)
    assert load(described.offline).datasets == ()


def test_a_run_without_a_graph_has_none(server: Server, online: OnlineAdapter) -> None:
    run = load(online, HEALTHY)
    assert (run.model, run.datasets) == (None, ())


# Requests


def test_what_there_is_to_read_is_one_request_more(server: Server, served: StoredRun, online: OnlineAdapter) -> None:
    server.run("healthy1").exported = len(server.run("healthy1").history)
    served.exported = len(served.history)
    counts = []
    for run_id in (HEALTHY, DESCRIBED):
        server.requests.clear()
        load(online, run_id)
        counts.append(Counter(request.name.partition("/graph_")[0] for request in server.requests))
    plain, watched = counts
    assert set(plain) == {"Runs", "RunParquetHistory", "GET /parquet/acme/vision/healthy1"}
    assert set(plain.values()) == {1}
    assert watched.total() == plain.total() + 1
    assert watched["GET /run-file/acme/vision/described1/media/graph"] == 1


@pytest.mark.parametrize("status", [200, 400, 422])
def test_a_server_that_does_not_tell_is_asked_without_and_that_is_remembered(
    server: Server, served: StoredRun, online: OnlineAdapter, status: int
) -> None:
    refusal = json.dumps({"errors": [{"message": 'Cannot query field "inputArtifacts" on type "Run".'}]}).encode()
    server.faults = [Fault("^Runs$", status=status, body=refusal)]
    run = load(online)
    assert run.datasets == ()
    assert "is not among the files of the run" in note(run)
    assert [request.name for request in server.requests].count("Runs") == 2
    server.requests.clear()
    assert load(online).datasets == ()
    assert [request.name for request in server.requests].count("Runs") == 1


def test_a_refusal_for_another_reason_is_not_remembered(
    server: Server, served: StoredRun, online: OnlineAdapter
) -> None:
    server.faults = [Fault("^Runs$", times=2, status=400)]
    with pytest.raises(Exception, match="refuses the request"):
        list(online.load_runs([DESCRIBED]))
    assert load(online).model == NETWORK
    server.faults = [Fault("^Runs$", times=99, status=401)]
    server.requests.clear()
    with pytest.raises(AwayError):
        list(online.load_runs([DESCRIBED]))
    assert len(server.requests) == 1


def test_a_list_of_runs_costs_what_it_did(server: Server, served: StoredRun, online: OnlineAdapter) -> None:
    assert len(list(online.list_runs(Query(experiments=("vision",))))) == 5
    assert [request.name for request in server.requests] == ["Runs"]


# What a file may be


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html>", "not JSON"),
        (DEEP, "not JSON: nested too deeply"),
        (b'{"format": "torch", "nodes": [3]}', "['nodes'][0]: a mapping is needed, not int"),
        (b" " * (LARGEST + 1), "16,777,216"),
        (b"", "not JSON"),
    ],
)
def test_a_graph_that_cannot_be_read_is_a_note(
    server: Server, served: StoredRun, online: OnlineAdapter, home: Path, content: bytes, said: str
) -> None:
    graph_file(home).write_bytes(content)
    assert said in note(load(home))
    (name,) = (name for name in served.files if name.startswith("media/graph"))
    served.files[name] = server.store.blobs[f"/run-file/acme/vision/described1/{name}"] = content
    assert said in note(load(online))


@pytest.mark.timeout(20)
def test_a_graph_of_a_hundred_megabytes_is_not_fetched(
    server: Server, served: StoredRun, online: OnlineAdapter, home: Path
) -> None:
    os.truncate(graph_file(home), 100 * 2**20)
    assert "104,857,600 bytes" in note(load(home))
    (name,) = (name for name in served.files if name.startswith("media/graph"))
    served.files[name] = bytes(100 * 2**20)
    server.requests.clear()
    assert "104,857,600 bytes, more than the limit of 16,777,216" in note(load(online))
    assert not [request for request in server.requests if "graph" in request.name]


@pytest.mark.parametrize("status", [403, 404])
def test_a_graph_that_is_gone_is_a_note(
    server: Server, served: StoredRun, online: OnlineAdapter, home: Path, status: int
) -> None:
    graph_file(home).unlink()
    assert "is not among the files of the run" in note(load(home))
    server.faults = [Fault("GET .*/media/graph/", times=99, status=status)]
    assert note(load(online)).startswith("the graph of the network was not read: W&B at ")
    served.files = {}
    assert "is not among the files of the run" in note(load(online))


@pytest.mark.parametrize("what", ["file", "folder", "pipe"])
def test_no_link_is_followed_and_no_pipe_is_waited_for(home: Path, what: str) -> None:
    file, elsewhere = graph_file(home), home / "elsewhere"
    if what == "folder":
        file.parent.rename(elsewhere)
        file.parent.symlink_to(elsewhere)
    else:
        file.rename(elsewhere)
        os.mkfifo(file) if what == "pipe" else file.symlink_to(elsewhere)
    assert ("not a regular file" if what == "pipe" else "a link is on the way to media/graph/") in note(load(home))


def with_summary(home: Path, **entries: Any) -> Path:
    """Say something else in the summary of the run's log."""
    (log,) = home.glob("wandb/offline-run-*/*.wandb")
    records = list(read_records(log))
    summary = pb.SummaryRecord(update=[pb.SummaryItem(key=k, value_json=json.dumps(v)) for k, v in entries.items()])
    log.unlink()
    write_log(log, [*records, pb.Record(summary=summary).SerializeToString()])
    return home


@pytest.mark.parametrize(
    "path",
    ["../../../precious.json", "media/../../x", "/etc/passwd", "", ".", "..\\x", "a\0b", None, 3, ["x"], {"a": 1}],
)
def test_a_path_leads_nowhere_else(
    server: Server, served: StoredRun, online: OnlineAdapter, home: Path, path: Any
) -> None:
    entry = {"_type": "graph-file", "path": path}
    assert "names no file of the run" in note(load(with_summary(home, graph_0=entry)))
    served.summary = json.dumps({"graph_0": entry})
    assert "names no file of the run" in note(load(online))


def test_a_summary_may_hold_anything_under_the_name(home: Path) -> None:
    for entry in ([1, {"_type": "graph-file"}], "graph-file", {"_type": ["graph-file"]}, {"_type": "image-file"}, None):
        assert load(with_summary(home, graph_0=entry)).model is None


def test_of_several_networks_none_is_taken_for_the_one_that_is_trained(home: Path) -> None:
    entry = {"_type": "graph-file", "path": "media/graph/other.graph.json"}
    assert (
        note(load(with_summary(home, graph_1=entry))) == "the graph of the network was not read: the run has 2 graphs"
    )


def test_what_reading_raises_becomes_a_note_and_a_defect_does_not() -> None:
    summary = {"graph": {"_type": "graph-file", "path": "media/graph/\u202egraph.json"}}

    def failing(error: Exception) -> Callable[[str], bytes]:
        def read(_: str) -> bytes:
            raise error

        return read

    for error in (NotAFileError("x\n\x1b[2J"), OSError(13, "Permission denied", "f")):
        model = watched_model(summary, failing(error))
        assert model is not None
        assert model.notes[0].isprintable()
    with pytest.raises(ZeroDivisionError):
        watched_model(summary, failing(ZeroDivisionError()))


# What a server may say


@pytest.mark.parametrize(
    ("fields", "fails"),
    [
        ({"inputArtifacts": None}, False),
        ({"inputArtifacts": {"edges": [None, {"node": None}]}}, False),
        ({"inputArtifacts": {"edges": [{"node": {"artifactType": {"name": "dataset"}}}]}}, False),
        ({"inputArtifacts": {"edges": [{"node": {"artifactType": None}}]}}, False),
        ({"inputArtifacts": 3}, True),
        ({"inputArtifacts": {"edges": [{"node": 3}]}}, True),
        ({"inputArtifacts": {"edges": [{"node": {"artifactType": {"name": 3}}}]}}, True),
        ({"graphs": None}, False),
        ({"graphs": 3}, False),
        ({"graphs": {"edges": [{"node": {"name": 3}}]}}, False),
        ({"graphs": {"edges": [{"node": 3}]}}, False),
    ],
)
def test_what_a_server_says_of_them_may_be_wrong(
    served: StoredRun, online: OnlineAdapter, monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], fails: bool
) -> None:
    honest = online._server.core.ask

    def ask(query: str, variables: Any) -> Any:
        answer = honest(query, variables)
        for edge in answer["project"]["runs"]["edges"] if "$graphs" in query else ():
            edge["node"].update(fields)
        return answer

    monkeypatch.setattr(online._server.core, "ask", ask)
    (run,) = online.load_runs([DESCRIBED])
    assert isinstance(run, Failure) is fails
    if isinstance(run, Failure):
        assert "check WANDB_BASE_URL" in run.reason
    elif "graphs" in fields:
        assert note(run).startswith("the graph of the network was not read: ")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "gs://bucket/x", "", "http://[x"])
def test_a_graph_is_fetched_from_the_web_alone(
    server: Server, served: StoredRun, online: OnlineAdapter, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setattr(server.fields, "_blob", lambda *_: url)
    assert "is not http(s)" in note(load(online))


@pytest.mark.parametrize(
    ("used", "context"),
    [
        (Used("mnist-train:v3"), "train"),
        (Used("Training_Data:v0"), "train"),
        (Used("mnist:v3", aliases=("latest", "val")), "validation"),
        (Used("dev:v0"), "validation"),
        (Used("test-set:v0"), "test"),
        (Used("mnist:v3"), None),
        (Used("train-val-split:v3"), None),
        (Used("mnist-train:v0", aliases=("test",)), None),
        (Used("trained-on-values:v0"), None),
    ],
)
def test_the_side_is_what_the_names_say_and_nothing_else(used: Used, context: str | None) -> None:
    (dataset,) = datasets([used, used])
    assert dataset["context"] == context


# The configuration beside the log


def without_config(home: Path) -> Path:
    """Take the configuration out of the log; gives the folder of the run's files."""
    (log,) = home.glob("wandb/offline-run-*/*.wandb")
    records = []
    for data in read_records(log):
        record = pb.Record.FromString(data)
        if record.HasField("run"):
            record.run.ClearField("config")
        if not record.HasField("config"):
            records.append(record.SerializeToString())
    log.unlink()
    write_log(log, records)
    return log.parent / "files"


def test_a_configuration_that_the_log_lacks_is_read_from_its_file(home: Path, described: Logged) -> None:
    files = without_config(home)
    assert load(home).params == {}
    # As the client writes it beside the log of a run on a server.
    (written,) = described.beside.glob("wandb/run-*/files/config.yaml")
    shutil.copy(written, files / "config.yaml")
    assert load(home).params == {"lr": 0.1}
    assert open_folder(home).find_run("described1").params == {"lr": 0.1}


def test_the_log_is_believed_before_the_file(home: Path) -> None:
    (graph_file(home).parents[2] / "config.yaml").write_text("lr: {value: 7}")
    assert load(home).params == {"lr": 0.1}


BOMB = "a: &a {value: [x, x]}\n" + "".join(f"b{i}: {{value: [*a, *a]}}\n" for i in range(10))


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "refers to itself"),
        ("a: {value: " + "[" * 10_000, "50 levels"),
        ("a: {value: [" + "1, " * 40_000 + "]}", "more than 20,000 parts"),
        ("a: {value: '" + "x" * 20_000 + "'}", "a text of more than 10,000 characters"),
        ("a: {value: !!python/object/apply:os.system [ls]}", "ConstructorError"),
        ("a: {value: 2026-13-45}", "ValueError"),
        ("- 1", "not a mapping"),
        ("", "not a mapping"),
        ("{", "ParserError"),
        ("\0", "ReaderError"),
    ],
)
def test_a_configuration_that_cannot_be_read_is_done_without(
    home: Path, caplog: pytest.LogCaptureFixture, text: str, said: str
) -> None:
    (without_config(home) / "config.yaml").write_text(text)
    with caplog.at_level(logging.WARNING):
        assert load(home).params == {}
    assert re.search(f"diagnosed without its config.yaml: .*{said}", caplog.text)


def test_of_a_configuration_the_values_are_taken() -> None:
    text = yaml.safe_dump({"wandb_version": 1, "_wandb": {"value": {}}, "a": {"desc": None, "value": {"b": 1}}, "c": 3})
    assert read_config(f"{text}7: {{value: 1}}\n") == {"a": {"b": 1}}
