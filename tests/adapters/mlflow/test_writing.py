"""The order of writing, step by step, with a fault at each step."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import pytest

from tests.adapters.contract import FIRST, SECOND
from tracker_diag.adapters.base import (
    AwayError,
    DeniedError,
    Diagnosis,
    TrackerError,
    UnusableStoreError,
    without_files,
)
from tracker_diag.adapters.mlflow import writing
from tracker_diag.core import own, section


class Recording:
    """A run whose every change is written down, and whose n-th change fails."""

    def __init__(self, tags: Mapping[str, str], files: Mapping[str, bytes], fails_at: int | None = None) -> None:
        self.now = dict(tags)
        self.stored = dict(files)
        self.done: list[str] = []
        self._tried = 0
        self._fails_at = fails_at

    def _step(self, what: str) -> None:
        self._tried += 1
        if self._tried - 1 == self._fails_at:
            raise TrackerError(f"refused: {what}")
        self.done.append(what)

    def tags(self) -> Mapping[str, str]:
        return dict(self.now)

    def description(self) -> str:
        return self.now.get(own.DESCRIPTION, "")

    def change_tags(self, delete: Collection[str], put: Mapping[str, str]) -> None:
        for key in delete:
            self._step(f"delete {key}")
            self.now.pop(key, None)
        for key, value in put.items():
            self._step(f"set {key}")
            self.now[key] = value

    def artifacts(self) -> Recording:
        return self

    def store(self) -> str:
        return "s3://bucket/a/artifacts"

    def names(self, folder: str) -> set[str]:
        return {path.removeprefix(f"{folder}/") for path in self.stored}

    def read(self, path: str) -> bytes | None:
        return self.stored.get(path)

    def put(self, files: Mapping[str, bytes]) -> None:
        for path, content in files.items():
            self._step(f"put {path}")
            self.stored[path] = content

    def delete(self, paths: Collection[str], folder: str) -> None:
        for path in paths:
            self._step(f"drop {path}")
            del self.stored[path]


def diagnosed() -> Recording:
    run = Recording({"owner": "me", "diag.ignore": "LC104"}, {"diagnosis/profile.json": b"{}"})
    writing.write(run, FIRST, "diag.")
    return Recording(run.now, run.stored)


def test_the_fingerprint_goes_first_and_comes_last() -> None:
    run = diagnosed()
    writing.write(run, replace(SECOND, note="**healthy**"), "diag.")
    assert run.done == [
        "delete diag.fingerprint",
        "put diagnosis/report.json",
        "drop diagnosis/report.html",
        "drop diagnosis/suggested_config.yaml",
        "delete diag.cause",
        "delete diag.summary",
        "set diag.verdict",
        "set diag.severity",
        "set mlflow.note.content",
        "set diag.fingerprint",
    ]
    assert (run.now["owner"], run.now["diag.ignore"]) == ("me", "LC104")


@pytest.mark.parametrize("fails_at", range(9))
def test_wherever_it_breaks_no_fingerprint_tells_of_a_whole_diagnosis(fails_at: int) -> None:
    whole = diagnosed()
    run = Recording(whole.now, whole.stored, fails_at)
    if fails_at in (2, 3):  # an old artifact that cannot be deleted does not stop a new diagnosis
        writing.write(run, SECOND, "diag.")
        assert run.now["diag.fingerprint"] == "f2"
        return
    with pytest.raises(TrackerError, match="refused"):
        writing.write(run, SECOND, "diag.")
    # The very first step failing leaves the earlier diagnosis whole.
    assert run.now.get("diag.fingerprint") == ("f1" if fails_at == 0 else None)
    assert run.now["owner"] == "me"


def test_a_store_that_refuses_artifacts_gets_no_tags_and_keeps_none_of_them() -> None:
    class Full(Recording):
        def put(self, files: Mapping[str, bytes]) -> None:
            self.stored["diagnosis/report.json"] = files["diagnosis/report.json"]
            raise TrackerError("disk full")

    run = Full({"owner": "me"}, {"diagnosis/profile.json": b"{}"})
    with pytest.raises(TrackerError, match="disk full"):
        writing.write(run, FIRST, "diag.")
    assert run.now == {"owner": "me"}
    assert run.stored == {"diagnosis/profile.json": b"{}"}


def test_a_diagnosis_cannot_set_what_is_the_users() -> None:
    run = Recording({"diag.ignore": "LC104"}, {})
    writing.write(run, Diagnosis({"ignore": "all", "control": "x", "fingerprint": "forged"}, {}, "true"), "diag.")
    assert run.now == {"diag.ignore": "LC104", "diag.fingerprint": "true"}


def test_what_cannot_be_deleted_is_said() -> None:
    run = diagnosed()

    class Keeping(Recording):
        def delete(self, paths: Collection[str], folder: str) -> None:
            raise TrackerError("this store keeps everything")

    removal = writing.remove(Keeping(run.now, run.stored), "diag.")
    assert (removal.tags, removal.artifacts) == (len(FIRST.tags) + 1, 0)
    assert removal.left == ("reports under diagnosis/: this store keeps everything",)


class Nowhere(Recording):
    """A run whose artifacts can never be stored, or looked for."""

    def names(self, folder: str) -> set[str]:
        raise UnusableStoreError("no such host")

    put = delete = None  # type: ignore[assignment]  nobody may even try


def test_a_store_that_cannot_be_costs_the_files_alone_and_is_tried_again_at_another_address() -> None:
    run = Nowhere({"owner": "me"}, {})
    assert writing.write(run, FIRST, "diag.") == "no such host; use --artifacts none to write only tags"
    marked = without_files("f1", run.store())
    assert run.now == {"owner": "me", **{f"diag.{k}": v for k, v in FIRST.tags.items()}, "diag.fingerprint": marked}
    assert run.done[-1] == "set diag.fingerprint"
    assert marked not in (without_files("f1", "s3://other/a/artifacts"), without_files("f2", run.store()), "f1")


def test_a_diagnosis_without_files_misses_none() -> None:
    run = Nowhere({}, {})
    assert writing.write(run, Diagnosis({"verdict": "healthy"}, {}, "f"), "diag.") == ""
    assert run.now["diag.fingerprint"] == "f"


def test_of_a_store_that_cannot_be_only_what_somebody_else_may_have_stored_is_said_to_be_left() -> None:
    run = Nowhere({}, {})
    writing.write(run, FIRST, "diag.")
    assert writing.remove(run, "diag.").left == ()
    assert run.now == {}
    assert writing.remove(run, "diag.").left == ()
    elsewhere = Nowhere(diagnosed().now, {})
    (left,) = writing.remove(elsewhere, "diag.").left
    assert left == "artifacts under diagnosis/, if there are any: no such host"


@pytest.mark.parametrize(("severity", "named"), [("ok", 0), ("info", 0), ("warning", 1), ("error", 1), (None, 1)])
def test_of_a_store_that_cannot_be_green_runs_are_not_said_to_have_left_files(severity: str | None, named: int) -> None:
    tags = {"diag.verdict": "x", "diag.fingerprint": "f"} | ({} if severity is None else {"diag.severity": severity})
    assert len(writing.remove(Nowhere(tags, {}), "diag.").left) == named


class Refusing(Recording):
    """A run whose artifacts are refused for now."""

    def __init__(self, error: TrackerError) -> None:
        super().__init__({"diag.verdict": "x", "diag.severity": "error"}, {})
        self._error = error

    def names(self, folder: str) -> set[str]:
        raise self._error


@pytest.mark.parametrize("error", [TrackerError("disk full"), DeniedError("not yours"), UnusableStoreError("no host")])
def test_how_to_do_without_files_is_said_of_writing_and_not_of_removing(error: TrackerError) -> None:
    run = Refusing(error)
    advice = f"{error}; use --artifacts none to write only tags"
    if isinstance(error, UnusableStoreError):
        assert writing.write(run, FIRST, "diag.") == advice
    else:
        with pytest.raises(TrackerError) as caught:
            writing.write(run, FIRST, "diag.")
        assert (type(caught.value), str(caught.value)) == (type(error), advice)
    left = writing.remove(Refusing(error), "diag.").left
    assert left == (f"artifacts under diagnosis/, if there are any: {error}",)


def test_a_tracker_that_is_away_is_no_matter_of_files() -> None:
    with pytest.raises(AwayError, match=r"^no answer$"):
        writing.write(Refusing(AwayError("no answer")), FIRST, "diag.")


def test_who_may_not_write_tags_leaves_no_files() -> None:
    class ReadOnly(Recording):
        def change_tags(self, delete: Collection[str], put: Mapping[str, str]) -> None:
            raise DeniedError("read-only")

    run = ReadOnly({"owner": "me"}, {"diagnosis/profile.json": b"{}"})
    with pytest.raises(DeniedError, match="read-only"):
        writing.write(run, FIRST, "diag.")
    assert run.stored == {"diagnosis/profile.json": b"{}"}
    # An earlier diagnosis stays whole: the very first step is refused.
    run = ReadOnly(diagnosed().now, diagnosed().stored)
    with pytest.raises(DeniedError, match="read-only"):
        writing.write(run, SECOND, "diag.")
    assert run.stored == diagnosed().stored


def test_what_is_not_ours_is_never_changed_or_removed_whatever_the_prefix() -> None:
    mine = {"user.name": "me", "user.x1": "1", "user.verdictual": "x", "user.": "y"} | dict.fromkeys(
        own.OUTSIDE, "mine"
    )
    run = Recording(mine, {})
    writing.write(run, FIRST, "user.")
    writing.write(run, SECOND, "user.")
    assert run.now == {**mine, "user.verdict": "healthy", "user.severity": "ok", "user.fingerprint": "f2"}
    writing.remove(run, "user.")
    assert run.now == mine


def test_of_what_is_outside_the_prefix_only_the_section_that_was_asked_for_changes() -> None:
    mine = dict.fromkeys(own.OUTSIDE, "mine")
    run = Recording(mine, {})
    writing.write(run, replace(FIRST, note="**overfitting**"), "diag.")
    others = {key: value for key, value in run.now.items() if not key.startswith("diag.")}
    assert others == {**mine, own.DESCRIPTION: section.with_section("mine", "**overfitting**")}
    writing.remove(run, "diag.")
    assert run.now == mine


def test_a_description_that_is_as_it_should_be_is_not_written() -> None:
    run = Recording({}, {})
    writing.write(run, replace(FIRST, note="x"), "diag.")
    again = Recording(run.now, run.stored)
    writing.write(again, replace(FIRST, note="x"), "diag.")
    assert "set mlflow.note.content" in run.done
    assert "set mlflow.note.content" not in again.done
