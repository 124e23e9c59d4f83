"""What a folder copied from somebody else may hold: the good runs beside it are done, and nobody else is touched."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.adapters.contract import Logged
from tests.adapters.mlflow.tracker import MlflowTracker
from tests.adapters.poisons.conftest import Sweep
from tests.adapters.poisons.tree import canary, changed, tree
from tests.runs import curves
from tracker_diag.core.own import REPORTS, TAGS

GOOD = 3
DEEP = 100_000
START = 1_700_000_000.0


@dataclass(frozen=True)
class Store:
    """A store with good runs and one more, which is to be poisoned.

    Attributes
    ----------
    root, experiment, run : Path
        Its folder, and those of the run and its experiment; the good runs lie in another experiment.
    outside : Path
        A folder that nobody may touch, with files named as ours.
    """

    root: Path
    experiment: Path
    run: Path
    outside: Path

    def meta(self, line: str, *, of: Path | None = None) -> None:
        """Put a line into a ``meta.yaml``, in place of the one that gives the same field."""
        path = (of or self.run) / "meta.yaml"
        field = line.partition(":")[0] + ":"
        kept = [old for old in path.read_text().splitlines() if not old.startswith(field)]
        path.write_text("\n".join([*kept, line, ""]))

    def replace(self, name: str, text: str | bytes) -> None:
        """Put a file of the run in place of whatever is there."""
        path = self.run / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)

    def link(self, name: str, target: str | Path) -> None:
        """Put a link in place of a file or a folder of the run."""
        path = self.run / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove(path)
        path.symlink_to(target)

    def pipe(self, name: str) -> None:
        """Put a pipe, from which reading would wait for ever, in place of a file of the run."""
        path = self.run / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove(path)
        os.mkfifo(path)

    def socket(self, name: str) -> None:
        """Put a socket in place of a file of the run."""
        path = self.run / name
        _remove(path)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(os.path.relpath(path))

    def folder(self, name: str) -> None:
        """Put a folder in place of a file of the run."""
        _remove(self.run / name)
        (self.run / name).mkdir()

    def dataset(self, meta: str, described: str = "name: wine\ndigest: abc\n") -> None:
        """Give the run an input."""
        self.replace("inputs/one/meta.yaml", meta)
        place = self.experiment / "datasets" / "d1"
        place.mkdir(parents=True, exist_ok=True)
        (place / "meta.yaml").write_text(described)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def _filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("poisons") / "mlruns"
    root.mkdir()
    tracker = MlflowTracker(str(root))
    for number in range(GOOD + 1):
        metrics = {
            name: [(step, value, START + step) for step, value in points]
            for name, points in curves("overfitting", seed=number).items()
        }
        tracker.log("good" if number < GOOD else "poisoned", Logged(f"run {number}", metrics=metrics))
    return root


@pytest.fixture
def store(_filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    root = tmp_path / "mlruns"
    shutil.copytree(_filled, root, symlinks=True)
    # The address that MLflow wrote leads to the store that was copied.
    for meta in root.glob("*/*/meta.yaml"):
        meta.write_text(meta.read_text().replace(str(_filled), str(root)))
    (run,) = (path.parent.parent for path in root.glob("*/*/tags/mlflow.runName") if path.read_text() == "run 3")
    canary(tmp_path / "outside")
    monkeypatch.chdir(root)
    return Store(root, run.parent, run, tmp_path / "outside")


INPUT = "source_type: DATASET\nsource_id: d1\ntags:\n  mlflow.data.context: train\n"
BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))


@dataclass(frozen=True)
class Poison:
    """Something that should not be in a run.

    Attributes
    ----------
    put : callable
        Puts it into a store.
    says : str
        Part of the reason with which the run fails; empty where the run is diagnosed all the same.
    fails : str
        What the failure is named by: the run's id, the name of its experiment's folder, or another name.
    done : bool
        Whether the fourth run is diagnosed though something fails.
    """

    put: Callable[[Store], object]
    says: str = ""
    fails: str = "run"
    done: bool = False


POISONS = {
    # The run's own file
    "a meta.yaml cut off in the middle": Poison(lambda s: s.replace("meta.yaml", "{unclosed"), "meta.yaml"),
    "an empty meta.yaml": Poison(lambda s: s.replace("meta.yaml", ""), "not a file of MLflow"),
    "a meta.yaml that is a list": Poison(lambda s: s.replace("meta.yaml", "[1, 2]"), "not a file of MLflow"),
    "bytes that are no text": Poison(lambda s: s.replace("meta.yaml", b"\xff\xfe\xfa: \x00"), "meta.yaml"),
    "a pipe named meta.yaml": Poison(lambda s: s.pipe("meta.yaml"), "not a regular file"),
    "a folder named meta.yaml": Poison(lambda s: s.folder("meta.yaml"), "directory"),
    "a socket named meta.yaml": Poison(lambda s: s.socket("meta.yaml"), "meta.yaml"),
    "a meta.yaml that leads nowhere": Poison(lambda s: s.link("meta.yaml", "nowhere"), "a link"),
    "a meta.yaml without end": Poison(lambda s: s.link("meta.yaml", "/dev/zero"), "a link"),
    "a meta.yaml of 2 MiB": Poison(lambda s: s.meta(f"note: {'x' * 2**21}"), "bytes, more than the limit of"),
    "aliases of aliases": Poison(lambda s: s.replace("meta.yaml", f"run_id: a\n{BOMB}"), "alias"),
    "lists in lists": Poison(lambda s: s.meta(f"note: {'[' * DEEP}"), "nest"),
    "mappings in mappings": Poison(lambda s: s.meta(f"note: {'{a: ' * DEEP}"), "nest"),
    "entries in entries": Poison(lambda s: s.meta(f"note:\n  {'- ' * DEEP}x"), "nest"),
    "a number to the base of 60": Poison(lambda s: s.meta(f"note: {'59:' * 200_000}59")),
    "end_time: soon": Poison(lambda s: s.meta("end_time: soon"), "end_time must be a number"),
    "an end of 400 digits": Poison(lambda s: s.meta(f"end_time: {'9' * 400}"), "end_time must be a number"),
    "a start beyond all calendars": Poison(lambda s: s.meta(f"start_time: {'9' * 17}"), "start_time"),
    "a start that is a list": Poison(lambda s: s.meta("start_time: [1]"), "start_time must be a number"),
    "a name that is a mapping": Poison(lambda s: s.meta("run_name: {a: b}"), "run_name must be a text"),
    "a name that is a date": Poison(lambda s: s.meta("run_name: 2024-13-77")),
    "a status that is none": Poison(lambda s: s.meta("status: 99"), "status"),
    "a stage that is none": Poison(lambda s: s.meta("lifecycle_stage: [deleted]"), "lifecycle_stage"),
    "an id that leads elsewhere": Poison(lambda s: s.meta("run_id: ../../../../outside")),
    "an id that is not the folder's": Poison(lambda s: s.meta("run_id: '0'")),
    "no id": Poison(lambda s: s.replace("meta.yaml", "status: 3\n"), "does not describe a run"),
    # Tags, params, metrics
    "a metric that leads nowhere": Poison(lambda s: s.link("metrics/extra", "nowhere"), "a link"),
    "a metric that is a pipe": Poison(lambda s: s.pipe("metrics/extra"), "not a regular file"),
    "a metric without end": Poison(lambda s: s.link("metrics/extra", "/dev/zero"), "not a regular file"),
    "a metric that is prose": Poison(lambda s: s.replace("metrics/extra", "lorem ipsum\n"), "milliseconds value step"),
    "a metric that is no text": Poison(lambda s: s.replace("metrics/extra", b"\xff \xfe \xfd\n"), "milliseconds value"),
    "a metric on one long line": Poison(lambda s: s.replace("metrics/extra", "1 " * 9000 + "\n"), "milliseconds value"),
    "a tag that leads nowhere": Poison(lambda s: s.link("tags/extra", "nowhere"), "a link"),
    "a tag that is a pipe": Poison(lambda s: s.pipe("tags/extra"), "not a regular file"),
    "a tag of 2 MiB": Poison(lambda s: s.replace("tags/extra", "x" * 2**21), "bytes, more than the limit of"),
    "a tag that is a folder": Poison(lambda s: s.folder("tags/extra")),
    "a tag that is no text": Poison(lambda s: s.replace("tags/extra", b"\xff\xfe")),
    "a param of 2 MiB": Poison(lambda s: s.replace("params/extra", "x" * 2**21), "bytes, more than the limit of"),
    "params that are a file": Poison(
        lambda s: (shutil.rmtree(s.run / "params"), s.replace("params", "x")), "Not a directory"
    ),
    "tags that are a link": Poison(lambda s: s.link("tags", s.outside), "is a link"),
    "tags of the whole machine": Poison(lambda s: s.link("tags", "/"), "is a link"),
    "a metric of bytes without a line": Poison(
        lambda s: s.replace("metrics/val_loss", bytes(range(11, 256))), "milliseconds value"
    ),
    "a metric of letters without a line": Poison(
        lambda s: s.replace("metrics/val_loss", "x" * 3000), "milliseconds value"
    ),
    "a metric whose last line is still being written": Poison(
        lambda s: s.replace("metrics/extra", "1700000000000 0.5 1\n170000")
    ),
    "metrics that are a link": Poison(lambda s: s.link("metrics", "/"), "is a link"),
    "a loop of links among metrics": Poison(lambda s: s.link("metrics/loop", "..")),
    "our verdict as a link": Poison(lambda s: s.link("tags/diag.verdict", s.outside / "diag.verdict"), "a link"),
    # Inputs
    "tags of an input that are a list": Poison(
        lambda s: s.dataset("source_type: DATASET\nsource_id: d1\ntags: [a, b]\n"), "tags must be a mapping"
    ),
    "an input without a description": Poison(
        lambda s: (s.dataset(INPUT), (s.run / "inputs/one/meta.yaml").unlink()), "No such file"
    ),
    "an input that is a pipe": Poison(
        lambda s: (s.dataset(INPUT), s.pipe("inputs/one/meta.yaml")), "not a regular file"
    ),
    "an input that leads elsewhere": Poison(
        lambda s: s.dataset("source_type: DATASET\nsource_id: ../../../outside\n"), "not a folder's name"
    ),
    "a digest that is a mapping": Poison(lambda s: s.dataset(INPUT, "name: wine\ndigest: {a: b}\n"), "digest must be"),
    "a dataset's profile that is a mapping": Poison(
        lambda s: s.dataset(INPUT, "name: wine\ndigest: abc\nprofile: {num_rows: 3}\n"), "profile must be a text"
    ),
    "a dataset's profile nested deeply": Poison(
        lambda s: s.dataset(INPUT, f"name: wine\ndigest: abc\nprofile: '{'[' * DEEP}'\nschema: '{'[' * DEEP}'\n")
    ),
    # Artifacts
    "a model summary that is a pipe": Poison(lambda s: s.pipe("artifacts/model_summary.txt")),
    "a model summary of 5 MiB": Poison(lambda s: s.replace("artifacts/model_summary.txt", "x" * 5 * 2**20)),
    "a model summary that leads nowhere": Poison(lambda s: s.link("artifacts/model_summary.txt", "nowhere")),
    "a profile nested deeply": Poison(lambda s: s.replace("artifacts/diagnosis/profile.json", '{"a":' * DEEP)),
    "a profile that is a pipe": Poison(lambda s: s.pipe("artifacts/diagnosis/profile.json")),
    "artifacts that are a link": Poison(lambda s: s.link("artifacts", s.outside), "is a link"),
    "our folder as a link": Poison(lambda s: s.link("artifacts/diagnosis", s.outside), "is a link"),
    "our report as a link": Poison(lambda s: s.link("artifacts/diagnosis/report.json", s.outside / "report.json")),
    "our report as a folder": Poison(
        lambda s: s.replace("artifacts/diagnosis/report.json/file", "theirs"), "directory"
    ),
    "our folder as a file": Poison(lambda s: s.replace("artifacts/diagnosis", "x"), "File exists"),
    "an address elsewhere": Poison(lambda s: s.meta(f"artifact_uri: {s.outside.as_uri()}")),
    "an address that climbs": Poison(lambda s: s.meta(f"artifact_uri: ../../../outside/../{s.run.name}/artifacts")),
    "an address that is none": Poison(lambda s: s.meta("artifact_uri: 'file://[x'")),
    "an address that is a list": Poison(lambda s: s.meta("artifact_uri: [a]"), "artifact_uri must be a text"),
    # Names of folders
    "a folder of runs that leads back to itself": Poison(
        lambda s: (s.experiment / "loop").symlink_to("."), "is a link", "loop", done=True
    ),
    "a run that is told twice": Poison(
        lambda s: (
            shutil.copytree(s.run, s.root / "zz" / s.run.name)
            and shutil.copy(s.experiment / "meta.yaml", s.root / "zz")
        ),
        "a run with that ID in",
        "zz/",
        done=True,
    ),
    # The experiment
    "an experiment's meta.yaml cut off": Poison(
        lambda s: (s.experiment / "meta.yaml").write_text("{unclosed"), "meta.yaml", "experiment"
    ),
    "an experiment's meta.yaml without an id": Poison(
        lambda s: (s.experiment / "meta.yaml").write_text("name: x\n"), "does not describe an experiment", "experiment"
    ),
    "an experiment named by a list": Poison(
        lambda s: s.meta("name: [a]", of=s.experiment), "name must be a text", "experiment"
    ),
    "an experiment's meta.yaml that leads nowhere": Poison(
        lambda s: (_remove(s.experiment / "meta.yaml"), (s.experiment / "meta.yaml").symlink_to("nowhere")),
        "a link",
        "experiment",
    ),
}


def _is_ours(path: str) -> bool:
    """Whether a path below a run is one that a diagnosis writes."""
    folder, _, name = path.rpartition("/")
    tags = folder == "tags" and name.removeprefix("diag.") in TAGS
    return tags or path == "artifacts/diagnosis" or (folder == "artifacts/diagnosis" and name in REPORTS)


def _foreign(store: Store, before: dict[str, str]) -> set[str]:
    """Paths of the store that changed, but for what is ours in a run."""
    return {path for path in changed(before, tree(store.root)) if not _is_ours("/".join(path.split("/")[2:]))}


@pytest.mark.parametrize("name", POISONS)
def test_a_poisoned_run_fails_alone_and_nothing_else_is_touched(store: Store, sweep: Sweep, name: str) -> None:
    poison = POISONS[name]
    poison.put(store)
    before, outside = tree(store.root), tree(store.outside)
    swept = sweep(str(store.root))
    assert tree(store.outside) == outside
    assert _foreign(store, before) == set()
    done = [path.parent.parent.name for path in store.root.glob("*/*/tags/diag.fingerprint")]
    if poison.says:
        (failed,) = swept.failures
        names = {"run": store.run.name, "experiment": store.experiment.name, "zz/": f"zz/{store.run.name}"}
        assert failed == names.get(poison.fails, poison.fails)
        assert poison.says in swept.failures[failed]
        assert "\n" not in swept.failures[failed]
    else:
        assert swept.failures == {}
    expected = GOOD if poison.says and not poison.done else GOOD + 1
    assert (swept.code, swept.diagnosed, len(done)) == (4 if poison.says else 0, expected, expected)
    assert len(list(store.root.glob("*/*/artifacts/diagnosis/report.json"))) >= len(done)
    again = sweep(str(store.root))
    assert (again.code, again.failures, again.diagnosed) == (swept.code, swept.failures, 0)


@pytest.mark.parametrize("broken", [False, True])
def test_names_that_move_a_cursor_or_are_no_text_are_shown_and_not_obeyed(
    store: Store, sweep: Sweep, broken: bool
) -> None:
    for name in ("\x1b[2J\nok  green", os.fsdecode(b"\xff\xfe")):
        shutil.copytree(store.run, store.experiment / name)
        if broken:
            (store.experiment / name / "meta.yaml").write_text("{unclosed")
    swept = sweep(str(store.root))
    assert swept.diagnosed + len(swept.failures) == GOOD + 3
    assert swept.code == (4 if swept.failures else 0)
    assert len(swept.failures) == (2 if broken else 0)
    assert "\x1b" not in swept.output
    assert "\nok" not in swept.output


def test_all_poisons_at_once(store: Store, sweep: Sweep) -> None:
    clean = store.root.parent / "clean"
    shutil.copytree(store.experiment, clean)
    expected = 0
    for number, poison in enumerate(POISONS.values()):
        experiment = store.root / f"poison{number:03d}"
        shutil.copytree(clean, experiment)
        run = experiment / f"{number:032x}"
        (experiment / store.run.name).rename(run)
        poison.put(Store(store.root, experiment, run, store.outside))
        expected += bool(poison.says)
    before, outside = tree(store.root), tree(store.outside)
    swept = sweep(str(store.root))
    assert swept.code == 4
    assert len(swept.failures) == expected
    assert tree(store.outside) == outside
    assert _foreign(store, before) == set()
