"""Poisoned runs beside good ones in a W&B folder, swept by the command line in a process of its own.

What a poison does to its run is stated with it: listed as a failure, with its reason; or nothing, since what is wrong
is left out and the rest is diagnosed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from wandb.proto import wandb_internal_pb2 as pb

from tests.adapters.poisons.tree import canary, changed, tree
from tests.adapters.wandb.training import environment, train
from tracker_diag.adapters import beside
from tracker_diag.adapters.wandb import open_folder
from tracker_diag.adapters.wandb.log import write_log
from tracker_diag.core.own import REPORTS

GOOD = {"healthy1", "diverged1", "sparse1"}
DEEP = "[" * 100_000
ROOT = Path(__file__).parents[3]


class Poison:
    """A run in a folder of its own, sound until something is put in.

    Attributes
    ----------
    folder, log, victim : Path
        The run's folder, its log, and a folder elsewhere that nobody may touch.
    """

    def __init__(self, home: Path, run_id: str, victim: Path) -> None:
        self.id = run_id
        self.folder = home / f"offline-run-20260101_000000-{run_id}"
        self.folder.mkdir()
        self.log = self.folder / f"run-{run_id}.wandb"
        self.victim = victim

    def records(self, *more: pb.Record | bytes, first: tuple[pb.Record | bytes, ...] = (), **run: Any) -> None:
        """Write a log: a run, ten rows, whatever else, and an end."""
        begin = pb.Record(run=pb.RunRecord(**{"run_id": self.id, "project": "vision", **run}))
        rows = [row(step, {"key": "train_loss", "value_json": f"{1 / (1 + step)}"}) for step in range(10)]
        end = pb.Record(exit=pb.RunExitRecord(exit_code=0, runtime=100))
        written = []
        for number, record in enumerate([*first, begin, *rows, *more, end], 1):
            if isinstance(record, pb.Record):
                record.num = number
                record = record.SerializeToString()
            written.append(record)
        write_log(self.log, written)

    def content(self, content: bytes) -> None:
        """Write a log that has been silent for long."""
        self.log.write_bytes(content)
        os.utime(self.log, (1e9, 1e9))

    def place(self, path: str) -> Path:
        """A place beside a sound log."""
        if not self.log.exists():
            self.records()
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        return place


def row(step: int | None, *items: dict[str, Any]) -> pb.Record:
    record = pb.Record()
    for item in items:
        record.history.item.add(**item)
    if step is not None:
        record.history.step.num = step
    return record


def summary(*items: dict[str, Any]) -> pb.Record:
    record = pb.Record()
    for item in items:
        record.summary.update.add(**item)
    return record


def config(*items: dict[str, Any]) -> pb.Record:
    record = pb.Record()
    for item in items:
        record.config.update.add(**item)
    return record


def histogram(values: str, bins: str) -> pb.Record:
    parts = {"_type": '"histogram"', "values": values, "bins": bins}
    return row(11, *({"nested_key": ["gradients/a", key], "value_json": text} for key, text in parts.items()))


def renamed(poison: Poison, run_id: str, **run: Any) -> None:
    poison.records(**run)
    poison.log.rename(poison.folder / f"run-{run_id}.wandb")


def late(seconds: int) -> dict[str, Any]:
    run = pb.RunRecord()
    run.start_time.seconds = seconds
    return {"start_time": run.start_time}


FOREIGN = {"tags": {}, "files": ["../../../../victim/precious.txt", "/victim/precious.txt", "../run.wandb"]}
MANY = [{"key": f"m{number}", "value_json": "1"} for number in range(100_001)]

#: By the id of the run: what is put in, and what the reason says.
FAILING: Mapping[str, tuple[Callable[[Poison], Any], str]] = {
    "foreign": (lambda p: p.content(b"SQLite format 3\0" + bytes(4000)), "not a W&B log"),
    "future": (lambda p: p.content(b":W&B\xe1\xbe\x09" + bytes(100)), "unknown log version 9"),
    "empty": (lambda p: p.content(b""), "ends before it names its run"),
    "cut": (lambda p: (p.records(), p.content(p.log.read_bytes()[:30])), "ends before it names its run"),
    "zeros": (lambda p: p.content(b":W&B\xe1\xbe\0" + bytes(100_000)), "ends before it names its run"),
    "no_message": (
        lambda p: (write_log(p.log, [b"\x12\xff\xff\xff"]), os.utime(p.log, (1e9, 1e9))),
        "ends before it names its run",
    ),
    "pipe": (lambda p: os.mkfifo(p.log), "not a regular file"),
    "folder": (lambda p: p.log.mkdir(), "Is a directory"),
    "dangling": (lambda p: p.log.symlink_to("nowhere"), "a link"),
    "circle": (lambda p: p.log.symlink_to(p.log), "a link"),
    "endless": (lambda p: p.log.symlink_to("/dev/zero"), "a link"),
    "many_metrics": (lambda p: p.records(row(11, *MANY)), "more than 100,000 metrics"),
    "many_nested": (
        lambda p: p.records(
            row(11, {"key": "a", "value_json": json.dumps(dict.fromkeys(map(str, range(100_001)), 1))})
        ),
        "more than 100,000 metrics",
    ),
    "nameless": (lambda p: p.records(run_id=""), "its log is still empty"),
    "path_inside": (lambda p: p.records(run_id="../../victim"), "is not a valid W&B run ID"),
    "..": (lambda p: renamed(p, ".."), "is not a valid W&B run ID"),
    "diagnosis_link": (lambda p: p.place("diagnosis").symlink_to(p.victim / "diagnosis"), "is a link"),
    "diagnosis_file": (lambda p: p.place("diagnosis").write_text("mine"), "File exists"),
    "diagnosis_pipe": (lambda p: os.mkfifo(p.place("diagnosis")), "File exists"),
    "tags_folder": (lambda p: p.place("diagnosis/tags.json/x").write_text("mine"), "Is a directory"),
}

#: What is left out, so that the rest of the run is diagnosed.
HARMLESS: Mapping[str, Callable[[Poison], Any]] = {
    "no_key": lambda p: p.records(row(11, {"value_json": "1"}), summary({"value_json": "1"}), config({})),
    "half_text": lambda p: p.records(row(11, {"key": "a", "value_json": '"abc'}), summary({"key": "a"})),
    "first_record": lambda p: p.records(first=(b"\x12\xff\xff\xff", b"\xff")),
    "not_utf8": lambda p: p.records(config({"key": "abc"}).SerializeToString().replace(b"abc", b"a\xffc")),
    "deep_summary": lambda p: p.records(summary({"key": "a", "value_json": DEEP}, {"key": "b", "value_json": "1"})),
    "deep_config": lambda p: p.records(config({"key": "lr", "value_json": '{"a":' * 900 + "1" + "}" * 900})),
    "deep_row": lambda p: p.records(row(11, {"nested_key": ["a", "_type"], "value_json": DEEP})),
    "deep_object": lambda p: p.records(row(11, {"key": "a", "value_json": '{"a":' * 900 + "1" + "}" * 900})),
    "deep_list_inside": lambda p: p.records(row(11, {"key": "a", "value_json": f'{{"a": {"[" * 900}{"]" * 900}}}'})),
    "endless_object": lambda p: p.records(row(11, {"key": "a", "value_json": '{"a":' * 100_000})),
    "large_object": lambda p: p.records(
        row(11, {"key": "a", "value_json": f'{{"a": [{"[]," * 10_000_000}[]], "b": 1}}'})
    ),
    "half_letter": lambda p: p.records(
        *(row(step, {"key": "train", "value_json": r'{"loss\ud800": 1, "\u001b[2J": 2}'}) for step in range(10))
    ),
    "object_squares": lambda p: p.records(
        row(11, {"key": "a", "value_json": '{"h": {"_type": "histogram", "values": [[1]], "bins": {"a": 1}}}'})
    ),
    "deep_key": lambda p: p.records(
        summary({"nested_key": ["a"] * 100_000, "value_json": "1"}),
        config({"nested_key": ["a"] * 100_000, "value_json": "1"}),
        row(11, {"nested_key": ["a"] * 100_000, "value_json": "1"}),
    ),
    "clash": lambda p: p.records(
        summary({"key": "a", "value_json": "1"}, {"nested_key": ["a", "b"], "value_json": "2"}),
        row(11, {"key": "a.b", "value_json": "1"}, {"nested_key": ["a", "b"], "value_json": "2"}),
    ),
    "large_numbers": lambda p: p.records(
        row(11, {"key": "a", "value_json": "1" * 5000}),
        summary({"key": "a", "value_json": "1" * 4000}),
        config({"key": "lr", "value_json": "1" * 4000}),
    ),
    "config_list": lambda p: p.records(config({"key": "_wandb", "value_json": "[]"}, {"key": "a", "value_json": "[1"})),
    "start_late": lambda p: p.records(**late(2**62)),
    "start_early": lambda p: p.records(**late(-(2**62))),
    "end_late": lambda p: p.records(summary({"key": "_timestamp", "value_json": "1e300"})),
    "end_none": lambda p: p.records(summary({"key": "_timestamp", "value_json": "NaN"})),
    "exit_code": lambda p: p.records(pb.Record(exit=pb.RunExitRecord(exit_code=2**31 - 1, runtime=-(2**31)))),
    "steps": lambda p: p.records(
        row(-(2**63), {"key": "a", "value_json": "1"}),
        row(None, {"key": "_step", "value_json": "NaN"}, {"key": "a", "value_json": "1"}),
        summary({"key": "_step", "value_json": "-Infinity"}, {"key": "a", "value_json": "1"}),
    ),
    "step_removed": lambda p: p.records(
        pb.Record(
            summary=pb.SummaryRecord(
                update=[pb.SummaryItem(key="_step", value_json="3")], remove=[pb.SummaryItem(key="_step")]
            )
        )
    ),
    "histogram_numbers": lambda p: p.records(histogram("[" + "9" * 400 + "]", "[0, 1]")),
    "histogram_shape": lambda p: p.records(histogram("[[1, 2]]", "[0, 1, 2]")),
    "histogram_squares": lambda p: p.records(histogram("[1, 1]", "[-1e300, 0, 1e300]")),
    "escapes": lambda p: p.records(
        summary({"key": "diag/verdict", "value_json": r'"\u001b[2Jok\nhealthy1 good-fit"'}),
        display_name="\x1b[31mgood\r\nerror: all is lost",
        tags=["diag:\x1b[2J"],
        run_group="\x1b]8;;http://evil\x07",
    ),
    "line\nbreak": lambda p: p.records(),
    "byte_\udcff": lambda p: p.records(run_id="byte"),
    "long_ignore": lambda p: p.records(summary({"key": "diag/ignore", "value_json": json.dumps("x," * 5_000_000)})),
    "ignore_list": lambda p: p.records(config({"key": "diag/ignore", "value_json": '[[["LC104"]], null, {"a": 1}]'})),
    "foreign_tags": lambda p: p.place("diagnosis/tags.json").write_text(
        json.dumps(FOREIGN).replace("/victim/", f"{p.victim}/")
    ),
    "deep_tags": lambda p: p.place("diagnosis/tags.json").write_text('{"tags":' * 100_000),
    "large_tags": lambda p: p.place("diagnosis/tags.json").write_text('{"tags": {}}' + " " * 3_000_000),
    "pipe_tags": lambda p: os.mkfifo(p.place("diagnosis/tags.json")),
    "linked_tags": lambda p: p.place("diagnosis/tags.json").symlink_to(p.victim / "precious.txt"),
    "linked_drafts": lambda p: [
        p.place(f"diagnosis/.{name}").symlink_to(p.victim / "precious.txt") for name in ("tags.json", *REPORTS)
    ],
    "linked_report": lambda p: p.place("diagnosis/report.json").symlink_to(p.victim / "report.json"),
    "pipe_report": lambda p: os.mkfifo(p.place("diagnosis/report.html")),
    "deep_profile": lambda p: p.place("diagnosis/profile.json").write_text('{"columns":' * 100_000),
    "large_profile": lambda p: p.place("files/diagnosis/profile.json").write_text("{}" + " " * 17_000_000),
    "pipe_profile": lambda p: os.mkfifo(p.place("files/diagnosis/profile.json")),
    "linked_files": lambda p: p.place("files").symlink_to(p.victim),
    "circle_files": lambda p: p.place("files").symlink_to("files"),
    "pipe_summary": lambda p: os.mkfifo(p.place("files/model_summary.txt")),
    "large_summary": lambda p: p.place("model_summary.txt").write_bytes(b"\xff" * 5_000_000),
    "marked": lambda p: p.place("annotation.json").write_text(json.dumps({"run": p.id, "fingerprint": "f"})),
    "deep_mark": lambda p: p.place("annotation.json").write_text(DEEP),
}


@dataclass(frozen=True)
class Swept:
    home: Path
    victim: Path
    before: Mapping[str, str]
    guarded: Mapping[str, str]
    code: int
    output: str
    summary: Mapping[str, Any]


def sweep(home: Path, *options: str) -> tuple[int, str, dict[str, Any]]:
    out = home.parent / "summary.json"
    command = [sys.executable, "-m", "tracker_diag", "sweep", "--tracking-uri", str(home), "--all", "--summary", out]
    done = subprocess.run(
        [*map(str, command), *options],
        cwd=home.parent,
        env={**environment(home.parent / "user"), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=300,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).decode(), json.loads(out.read_text())


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three good runs, which the real client logged, and all poisons beside them; the victim lies beside the folder."""
    place = tmp_path_factory.mktemp("poisons")
    train("healthy", "diverged", "sparse", home=place, env=environment(place, WANDB_MODE="offline"))
    canary(place / "victim")
    for run_id, (put, _) in FAILING.items():
        put(Poison(place / "wandb", run_id, place / "victim"))
    for run_id, put in HARMLESS.items():
        put(Poison(place / "wandb", run_id, place / "victim"))
    return place


@pytest.fixture(scope="module")
def swept(runs: Path) -> Swept:
    before, guarded = tree(runs / "wandb"), tree(runs / "victim")
    return Swept(runs / "wandb", runs / "victim", before, guarded, *sweep(runs / "wandb"))


def reasons(summary: Mapping[str, Any]) -> dict[str, str]:
    return {failure["run_id"]: failure["reason"] for failure in summary["failures"]}


def test_the_table_is_large_enough() -> None:
    assert len(FAILING) + len(HARMLESS) >= 25


def test_the_good_ones_are_done(swept: Swept) -> None:
    done = {run_id for run_id in GOOD if fingerprint(swept.home, run_id)}
    assert done == GOOD
    assert (swept.code, swept.summary["error"]) == (4, "")


@pytest.mark.parametrize("run_id", FAILING)
def test_a_poisoned_run_is_listed_with_its_reason_in_one_line(swept: Swept, run_id: str) -> None:
    reason = reasons(swept.summary)[run_id]
    assert FAILING[run_id][1] in reason
    assert "\n" not in reason
    assert not fingerprint(swept.home, run_id)


@pytest.mark.parametrize("run_id", HARMLESS)
def test_what_does_no_harm_is_diagnosed(swept: Swept, run_id: str) -> None:
    assert run_id not in reasons(swept.summary)
    assert fingerprint(swept.home, run_id)


def fingerprint(home: Path, run_id: str) -> str | None:
    (folder,) = (folder for folder in home.iterdir() if folder.name.endswith(f"-{run_id}") and folder.is_dir())
    return beside.read(folder, "diagnosis").get("fingerprint")


def test_nothing_else_is_listed_and_nobody_is_shown_a_traceback(swept: Swept) -> None:
    assert set(reasons(swept.summary)) == set(FAILING)
    assert swept.summary["runs"] == {
        "diagnosed": len(GOOD) + len(HARMLESS),
        "unchanged": 0,
        "failed": len(FAILING),
        "not_reached": 0,
    }
    assert "Traceback" not in swept.output
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]|^error: all is lost", swept.output, re.MULTILINE)


def untouched(swept: Swept) -> bool:
    """Whether nothing has changed but the files in ``diagnosis/`` that are ours."""
    ours = re.compile(rf"[^/]+/diagnosis(/({'|'.join(map(re.escape, (*REPORTS, 'tags.json')))}))?")
    touched = changed(swept.before, tree(swept.home))
    return tree(swept.victim) == swept.guarded and all(ours.fullmatch(path) for path in touched)


def test_nothing_is_touched_but_what_we_write(swept: Swept) -> None:
    assert untouched(swept)


def test_a_second_sweep_and_one_with_annotations_and_cleaning_do_no_harm_either(swept: Swept) -> None:
    code, _, figures = sweep(swept.home)
    assert (code, figures["runs"]["diagnosed"], set(reasons(figures))) == (4, 0, set(FAILING))
    code, output, figures = sweep(swept.home, "--annotate", "--force")
    assert (code, set(reasons(figures))) == (4, set(FAILING))
    assert "Traceback" not in output

    adapter = open_folder(swept.home)
    for run_id in (*GOOD, *HARMLESS):
        adapter.remove(run_id)
    assert untouched(swept)
