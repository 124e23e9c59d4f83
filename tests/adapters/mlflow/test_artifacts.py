"""Where a run's artifacts may lie, and what is never followed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow.exceptions import MlflowException
from mlflow.store.artifact import artifact_repository_registry

from tests.adapters.poisons.tree import canary, tree
from tracker_diag.adapters import disk
from tracker_diag.adapters.base import DeniedError, TrackerError, UnusableStoreError
from tracker_diag.adapters.mlflow import artifacts, remote_artifacts, replacing
from tracker_diag.adapters.mlflow.artifact_address import at_address, local_root
from tracker_diag.adapters.mlflow.artifacts import LocalArtifacts, UnreachableArtifacts
from tracker_diag.adapters.mlflow.extras import read_extras
from tracker_diag.adapters.mlflow.record import Extras, Record
from tracker_diag.adapters.mlflow.remote_artifacts import RepositoryArtifacts
from tracker_diag.core.model import Layer, Model

RUN = "0123456789abcdef" * 2


@pytest.mark.parametrize("exists", ["", ".", "root", "root/exp", f"root/exp/{RUN}", f"root/exp/{RUN}/artifacts"])
def test_a_folder_that_mlflow_makes_is_accepted_once_what_holds_its_location_is_here(
    tmp_path: Path, exists: str
) -> None:
    path = tmp_path / "new" / "root" / "exp" / RUN / "artifacts"
    if exists:
        (tmp_path / "new" / exists).mkdir(parents=True)
    for uri in (path.as_uri(), str(path), f"file://localhost{path}"):
        if exists not in ("", "."):
            assert local_root(uri, RUN) == path
        else:
            with pytest.raises(UnusableStoreError, match="no folder "):
                local_root(uri, RUN)


@pytest.mark.parametrize(
    "uri",
    [
        "file:///etc",
        "/etc",
        "",
        "artifacts",
        "{here}",
        "{here}/artifacts",
        "{here}/other/artifacts",
        "{here}/x/../{run}/artifacts",
        "file://{here}/x/%2e%2e/{run}/artifacts",
        "file://host{here}/{run}/artifacts",
        "file://[x",
        "/{run}/artifacts",
        "/nowhere/{run}/artifacts",
        "nowhere/{run}/artifacts",
        "{here}/" + "x" * 5000 + "/{run}/artifacts",
        "{here}/a\0b/{run}/artifacts",
    ],
)
def test_any_other_address_of_a_folder_can_never_work(tmp_path: Path, uri: str) -> None:
    address = uri.format(here=tmp_path, run=RUN)
    if "a\0b" in uri or "x" * 5000 in uri:
        address = address.replace(str(tmp_path), "/nowhere/at/all")
    with pytest.raises(UnusableStoreError) as caught:
        local_root(address, RUN)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 6000


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("", "the run has no artifact address"),
        ("/etc", "'/etc' does not end in <run id>/artifacts, as MLflow's artifact addresses do: correct artifact_uri"),
        ("/e/{run}/artifacts/x", "'/e/<run id>/artifacts/x' does not end in <run id>/artifacts"),
        (
            "/nowhere/m/5/{run}/artifacts",
            "no folder /nowhere/m/5: create it if the artifacts belong on this machine",
        ),
        ("file:///nowhere/m/5/{run}/artifacts", "no folder /nowhere/m/5: "),
        ("/{run}/artifacts", "no folder /<run id>/artifacts: "),
        (
            "{run}/artifacts",
            "'<run id>/artifacts' is relative to an unknown folder: correct artifact_uri",
        ),
        (
            "./mlruns/0/{run}/artifacts",
            "'./mlruns/0/<run id>/artifacts' is relative to an unknown folder",
        ),
        ("runs:/{run}/artifacts", "runs:/… is not the address of an artifact store"),
        ("mlflow-artifacts:/1/{run}/artifacts", "behind an MLflow server: give the address of that server as --track"),
    ],
)
def test_all_runs_of_a_place_give_the_same_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uri: str, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    reasons = set()
    for run in (RUN, RUN[::-1]):
        with pytest.raises(UnusableStoreError) as caught:
            at_address(uri.format(run=run), run).names("")
        reasons.add(str(caught.value))
    (reason,) = reasons
    assert reason.startswith(says) or says in reason


def test_all_runs_of_a_folder_that_cannot_be_made_give_the_same_reason(tmp_path: Path) -> None:
    reasons = set()
    for run in (RUN, RUN[::-1]):
        gone = tmp_path / "gone" / "5" / run
        for root in (None, gone):
            with pytest.raises(UnusableStoreError) as caught:
                LocalArtifacts(gone / "artifacts", root).put({"diagnosis/report.json": b"{}"})
            reasons.add(str(caught.value))
    folder = tmp_path / "gone" / "5"
    assert reasons == {f"{place}: this folder cannot be created" for place in (folder, folder / "<run id>")}


def test_a_relative_address_never_starts_where_a_sweep_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mlruns" / "0" / RUN / "artifacts").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    for uri in (f"./mlruns/0/{RUN}/artifacts", f"mlruns/0/{RUN}/artifacts", f"file:mlruns/0/{RUN}/artifacts"):
        with pytest.raises(UnusableStoreError, match="is relative to an unknown folder"):
            local_root(uri, RUN)
        assert isinstance(at_address(uri, RUN), UnreachableArtifacts)


@pytest.mark.parametrize("exists", ["", "mlruns", "mlruns/0", "mlruns/0/{run}", "mlruns/0/{run}/artifacts"])
def test_a_relative_address_starts_at_its_base_where_that_holds_its_location(tmp_path: Path, exists: str) -> None:
    (tmp_path / exists.format(run=RUN)).mkdir(parents=True, exist_ok=True)
    for uri in (f"./mlruns/0/{RUN}/artifacts", f"mlruns/0/{RUN}/artifacts", f"file:mlruns/0/{RUN}/artifacts"):
        if exists:
            assert local_root(uri, RUN, tmp_path) == tmp_path / "mlruns" / "0" / RUN / "artifacts"
        else:
            with pytest.raises(UnusableStoreError, match="no folder "):
                local_root(uri, RUN, tmp_path)


def test_a_relative_address_does_not_lead_into_another_store(tmp_path: Path) -> None:
    (tmp_path / "mlruns" / "0").mkdir(parents=True)
    (tmp_path / "mlruns" / "0" / "meta.yaml").write_text("name: of somebody else")
    for experiment in ("0", "1"):
        with pytest.raises(UnusableStoreError, match="is another store, which does not hold this run"):
            local_root(f"./mlruns/{experiment}/{RUN}/artifacts", RUN, tmp_path)
    (tmp_path / "mlruns" / "0" / RUN).mkdir()
    assert local_root(f"./mlruns/0/{RUN}/artifacts", RUN, tmp_path)


@pytest.mark.parametrize(
    "uri",
    ["../other/{run}/artifacts", "mlruns/../../{run}/artifacts", "{run}/artifacts", "0/{run}/artifacts", "mlruns"],
)
def test_a_relative_address_leads_neither_out_of_its_base_nor_to_a_new_folder_in_it(tmp_path: Path, uri: str) -> None:
    base = tmp_path / "base"
    for folder in (base / "mlruns", tmp_path / "other" / RUN / "artifacts", tmp_path / RUN / "artifacts"):
        folder.mkdir(parents=True)
    with pytest.raises(UnusableStoreError):
        local_root(uri.format(run=RUN), RUN, base)


def test_a_store_that_is_no_folder_is_left_to_mlflow_unless_it_would_lead_back_to_a_server() -> None:
    assert local_root(f"s3://bucket/{RUN}/artifacts", RUN) is None
    assert isinstance(at_address(f"s3://bucket/{RUN}/artifacts", RUN), RepositoryArtifacts)
    for scheme in ("http", "https", "HTTPS", "mlflow-artifacts", "runs", "models"):
        assert isinstance(at_address(f"{scheme}://host/{RUN}/artifacts", RUN), UnreachableArtifacts)


def test_nothing_is_written_or_deleted_through_a_link(tmp_path: Path) -> None:
    outside = canary(tmp_path / "outside")
    for linked in (RUN, f"{RUN}/artifacts", f"{RUN}/artifacts/diagnosis"):
        root = tmp_path / linked.replace("/", "-")
        (root / linked).parent.mkdir(parents=True)
        (root / linked).symlink_to(tmp_path / "outside")
        store = LocalArtifacts(root / RUN / "artifacts")
        with pytest.raises(TrackerError, match="is a link"):
            replacing.replace(store, {"report.json": b"{}"})
        replacing.replace(store, {})
        _, left = replacing.clear(store)
        assert all("is a link" in line for line in left)
    assert tree(tmp_path / "outside") == outside


def test_drafts_of_killed_sweeps_go_with_the_next(tmp_path: Path) -> None:
    store = LocalArtifacts(tmp_path / "exp" / RUN / "artifacts")
    folder = tmp_path / "exp" / RUN / "artifacts" / "diagnosis"
    drafts = (disk.draft_name(), disk.draft_name())
    for files in ({"report.json": b"{}"}, {}):
        folder.mkdir(parents=True, exist_ok=True)
        for name in drafts:
            (folder / name).write_text("half")
        replacing.replace(store, files)
        assert {path.name for path in folder.glob("*")} == set(files)
    folder.mkdir(parents=True)
    for name in drafts:
        (folder / name).write_text("half")
    assert replacing.clear(store) == (0, ())
    assert tree(tmp_path / "exp").keys() == {RUN, f"{RUN}/artifacts"}


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (PermissionError(13, "Permission denied", "x"), DeniedError),
        (OSError(30, "Read-only file system", "x"), DeniedError),
        (OSError(28, "No space left on device", "x"), TrackerError),
        (NotADirectoryError(20, "Not a directory", "x"), UnusableStoreError),
        (FileNotFoundError(2, "No such file or directory", "x"), UnusableStoreError),
    ],
)
def test_what_refuses_for_now_is_told_from_what_never_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, kind: type[TrackerError]
) -> None:
    def refusing(*_: object) -> None:
        raise error

    monkeypatch.setattr(artifacts.disk, "write_files", refusing)
    with pytest.raises(TrackerError) as caught:
        LocalArtifacts(tmp_path / RUN / "artifacts").put({"diagnosis/report.json": b"{}"})
    assert type(caught.value) is kind


def test_a_folder_that_another_sweep_removes_meanwhile_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, tries = artifacts.disk.write_files, []

    def racing(root: Path, files: Any) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise FileNotFoundError(2, "No such file or directory", "x")
        write(root, files)

    monkeypatch.setattr(artifacts.disk, "write_files", racing)
    LocalArtifacts(tmp_path / RUN / "artifacts").put({"diagnosis/report.json": b"{}"})
    assert (tmp_path / RUN / "artifacts" / "diagnosis" / "report.json").read_bytes() == b"{}"


def _wrapped(inner: Exception) -> Exception:
    outer = RuntimeError("of an SDK")
    outer.__context__ = inner
    return outer


@pytest.mark.parametrize(
    ("error", "never"),
    [
        (ModuleNotFoundError("No module named 'boto3'"), True),
        (
            MlflowException("Could not find a registered artifact repository for: s9://x. Currently registered: []"),
            True,
        ),
        (_wrapped(socket.gaierror(socket.EAI_NONAME, "Name or service not known")), True),
        (_wrapped(socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")), False),
        (_wrapped(TimeoutError("timed out")), False),
        (MlflowException("503 Service Unavailable"), False),
        (RuntimeError("Unable to locate credentials"), False),
    ],
)
def test_a_remote_store_that_refuses_for_now_is_told_from_what_never_works(
    monkeypatch: pytest.MonkeyPatch, error: Exception, never: bool
) -> None:
    def repository(uri: str) -> Any:
        raise error

    monkeypatch.setattr(artifact_repository_registry, "get_artifact_repository", repository)
    store = RepositoryArtifacts(f"s3://me:s3cret@bucket/{RUN}/artifacts")
    tries: list[Callable[[], object]] = [
        lambda: store.names(""),
        lambda: store.read("model_summary.txt"),
        lambda: store.put({"diagnosis/report.json": b"{}"}),
        lambda: store.delete(["diagnosis/report.json"], "diagnosis"),
    ]
    for attempt in tries:
        with pytest.raises(TrackerError, match=r"^artifact store \(s3\) .*; check its ") as caught:
            attempt()
        assert isinstance(caught.value, UnusableStoreError) is never
        assert "s3cret" not in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_scheme_that_nobody_knows_can_never_work() -> None:
    with pytest.raises(UnusableStoreError, match="s9"):
        RepositoryArtifacts(f"s9://bucket/{RUN}/artifacts").names("")


def test_what_training_left_is_read_up_to_a_size(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    artifacts.warn_once.cache_clear()
    folder = tmp_path / RUN / "artifacts"
    (folder / "diagnosis").mkdir(parents=True)
    profile, summary = folder / "diagnosis" / "profile.json", folder / "model_summary.txt"
    store = LocalArtifacts(folder)
    profile.write_text('{"rows": 3}')
    summary.write_bytes(b"Dense \xff")
    record = Record(RUN, "1", str(folder), None, "FINISHED", None, None)
    assert read_extras(store, record) == Extras({"rows": 3}, "Dense �")
    for hostile in ("{" * 100_000, '{"a":' * 100_000, "[1]", "nonsense", "9" * 10_000):
        profile.write_text(hostile)
        assert read_extras(store, record) == Extras(None, "Dense �")
    assert "not a JSON object" in caplog.text
    profile.write_text('{"rows": 3}')
    summary.write_bytes(b"x" * (4 * 2**20 + 1))
    assert read_extras(store, record) == Extras({"rows": 3})
    assert "bytes, more than the limit of 4,194,304" in caplog.text


def test_a_description_of_the_network_that_training_left_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    artifacts.warn_once.cache_clear()
    folder = tmp_path / RUN / "artifacts"
    (folder / "diagnosis").mkdir(parents=True)
    place = folder / "diagnosis" / "model.json"
    store, record = LocalArtifacts(folder), Record(RUN, "1", str(folder), None, "FINISHED", None, None)
    place.write_text('{"framework": "torch", "layers": [{"type": "Linear", "out_features": 10}]}')
    described = Model(framework="torch", layers=(Layer("Linear", {"out_features": 10}),))
    assert read_extras(store, record) == Extras(model=described)
    place.write_text('{"layers": 3}')
    (note,) = read_extras(store, record).model.notes
    assert note == "diagnosis/model.json was ignored: model['layers']: a list of mappings is needed"
    for hostile in ("{" * 100_000, '{"a":' * 100_000, "[1]", "nonsense", " " * (4 * 2**20 + 1)):
        place.write_text(hostile)
        assert read_extras(store, record) == Extras()
    assert "diagnosis/model.json is ignored: not a JSON object" in caplog.text
    assert "bytes, more than the limit of 4,194,304" in caplog.text


@pytest.mark.parametrize("run_id", ["cron.d", "proj", RUN.upper(), f"{RUN}0", "..", ""])
def test_an_id_that_mlflow_never_gives_names_no_folder(tmp_path: Path, run_id: str) -> None:
    (tmp_path / run_id / "artifacts").mkdir(parents=True, exist_ok=True)
    before = tree(tmp_path)
    store = at_address(f"{tmp_path}/{run_id}/artifacts", run_id)
    with pytest.raises(UnusableStoreError):
        store.put({"diagnosis/report.json": b"{}"})
    assert tree(tmp_path) == before


def test_a_store_that_never_answers_is_given_up_and_not_asked_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_artifacts, "_SECONDS", 0.3)
    asked: list[str] = []
    end = threading.Event()

    class Silent:
        def list_artifacts(self, path: str | None) -> None:
            asked.append("list")
            end.wait()

    monkeypatch.setattr(artifact_repository_registry, "get_artifact_repository", lambda _: Silent())
    store = at_address("hdfs://silent.example:1/x", RUN)
    with pytest.raises(TrackerError, match=r"\(hdfs\) did not answer within 0\.3 s"):
        store.names("")
    with pytest.raises(TrackerError, match="did not answer a moment ago"):
        store.put({"diagnosis/report.json": b"{}"})
    assert asked == ["list"]
    end.set()


def test_no_object_is_deleted_whose_name_begins_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

    repository = LocalArtifactRepository(str(tmp_path))
    monkeypatch.setattr(artifact_repository_registry, "get_artifact_repository", lambda _: repository)
    folder = tmp_path / "diagnosis"
    folder.mkdir()
    for name in ("report.html", "report.json", "report.json.bak"):
        (folder / name).write_text("x")
    removed, left = replacing.clear(RepositoryArtifacts("s3://bucket/x"))
    assert (removed, len(left)) == (1, 1)
    assert "names begin with the same letters" in left[0]
    assert {path.name for path in folder.iterdir()} == {"report.json", "report.json.bak"}


def test_of_a_remote_store_the_head_of_a_small_file_is_read_and_no_large_one_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

    opened: list[str] = []

    def repository(uri: str) -> LocalArtifactRepository:
        opened.append(uri)
        return LocalArtifactRepository(str(tmp_path / uri.removeprefix("s3://bucket/")))

    monkeypatch.setattr(artifact_repository_registry, "get_artifact_repository", repository)
    folder = tmp_path / "1" / "models" / "m-a" / "artifacts" / "data"
    folder.mkdir(parents=True)
    (folder / "model.keras").write_bytes(b"x" * 100)
    store = at_address(f"s3://bucket/1/{RUN}/artifacts", RUN).of_model("m-a")
    assert not store.is_here
    assert store.head("data/model.keras", 10, b"".join) == b"x" * 10
    assert store.head("data/other", 10, b"".join) is None
    assert set(opened) == {"s3://bucket/1/models/m-a/artifacts"}
    with (folder / "model.keras").open("r+b") as file:
        file.truncate(remote_artifacts.LARGEST_COPY + 1)
    with pytest.raises(
        TrackerError, match=r"data/model\.keras: has 67,108,865 bytes, more than the limit of 67,108,864"
    ):
        store.head("data/model.keras", 10, b"".join)


def test_a_folder_in_place_of_a_file_is_not_copied_from_a_remote_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

    copied: list[Any] = []
    repository = LocalArtifactRepository(str(tmp_path))
    monkeypatch.setattr(repository, "download_artifacts", lambda *given: copied.append(given))
    monkeypatch.setattr(artifact_repository_registry, "get_artifact_repository", lambda _: repository)
    (tmp_path / "data" / "model.keras").mkdir(parents=True)
    assert RepositoryArtifacts("s3://bucket/x").head("data/model.keras", 10, b"".join) is None
    assert copied == []
