"""What is said of loaders that are sound, of loaders with one fault each, and of what is hardly a loader."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker_diag import profile_data
from tracker_diag.core.finding import Severity
from tracker_diag.probes import watch_batches as module
from tracker_diag.probes.watch_batches import BatchesReport, main, watch_batches

ROOT = Path(__file__).parents[2]
N = 3200


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


X = rng().normal(size=(N, 8)).astype(np.float32)
Y = rng(1).integers(0, 10, N)


def cut(inputs: np.ndarray, targets: np.ndarray, size: int = 32) -> list[Any]:
    return [(inputs[i : i + size], targets[i : i + size]) for i in range(0, len(targets), size)]


def alarms(report: BatchesReport) -> set[str]:
    return {p.code for p in report.problems if p.severity.rank >= Severity.WARNING.rank}


# -- sound loaders raise no alarm ----------------------------------------------------------------------------------


def shuffled(r: np.random.Generator, b: int, n: int, k: int) -> Any:
    return cut(r.normal(size=(b * n, 8)), r.integers(0, k, b * n), b)


def as_many_of_each(r: np.random.Generator, b: int, n: int, k: int) -> Any:
    """Each batch holds the same of each class, in their order."""
    return cut(r.normal(size=(b * n, 8)), np.tile(np.sort(np.arange(b) % min(b, k)), n), b)


def alternating(r: np.random.Generator, b: int, n: int, k: int) -> Any:
    return cut(r.normal(size=(b * n, 8)), np.arange(b * n) % k, b)


def four_of_some(r: np.random.Generator, b: int, n: int, k: int) -> Any:
    """A few classes a batch, four examples of each, as metric learning has them."""
    some = max(2, b // 4)
    labels = [np.repeat(r.choice(max(k, some), some, replace=False), -(-b // some))[:b] for _ in range(n)]
    return cut(r.normal(size=(b * n, 8)), np.concatenate(labels), b)


def rare(share: float) -> Callable[..., Any]:
    def loader(r: np.random.Generator, b: int, n: int, k: int) -> Any:
        return cut(r.normal(size=(b * n, 8)), (r.random(b * n) < share).astype(np.float32), b)

    return loader


def drawn_again(r: np.random.Generator, b: int, n: int, k: int) -> Any:
    """Few examples, drawn with replacement."""
    few = int(r.integers(30, 400))
    picked, labels = r.integers(0, few, b * n), r.integers(0, k, few)
    return cut(r.normal(size=(few, 8))[picked], labels[picked], b)


def one_by_one(r: np.random.Generator, b: int, n: int, k: int) -> Any:
    return cut(*(a[r.integers(0, 20, n)] for a in (r.normal(size=(20, 8)), r.integers(0, 2, 20))), 1)


def two_of_six(r: np.random.Generator, b: int, n: int, k: int) -> Any:
    """Batches of two that come again by chance."""
    picked = r.integers(0, 6, 2 * n)
    return cut(r.normal(size=(6, 8))[picked], picked % 2, 2)


def tokens(r: np.random.Generator, b: int, n: int, k: int) -> Any:
    ids = r.integers(0, 3000, (min(n, 40), b, 24))
    return [{"input_ids": i, "attention_mask": np.ones_like(i), "labels": np.roll(i, -1, axis=1)} for i in ids]


def sequences(r: np.random.Generator, b: int, n: int, k: int) -> Any:
    """Windows of a walk in a shuffled order; what is to be told is what comes next."""
    walk = np.cumsum(r.normal(size=b * n + 40))
    walk = (walk - walk.mean()) / walk.std()
    at = r.permutation(b * n)
    return cut(np.stack([walk[i : i + 20] for i in at])[..., None], walk[at + 21], b)


def one_big(r: np.random.Generator, b: int, n: int, k: int) -> Any:
    return [(r.normal(size=(b * n * 4, 8)), np.sort(r.integers(0, k, b * n * 4)))]


def regression(r: np.random.Generator, b: int, n: int, k: int) -> Any:
    return cut(r.normal(size=(b * n, 8)), r.standard_t(4, (b * n, 1)), b)


def one_hot(r: np.random.Generator, b: int, n: int, k: int) -> Any:
    return cut(r.normal(size=(b * n, 8)), np.eye(k)[r.integers(0, k, b * n)], b)


def words(r: np.random.Generator, b: int, n: int, k: int) -> Any:
    """Weighted counts, of words from five a text down to one in a thousand texts."""
    counts = r.poisson(10 ** r.uniform(-3, 0.7, (1, 200)), (b * n, 200))
    return cut(counts * 0.7, r.integers(0, k, b * n), b)


def indicators(r: np.random.Generator, b: int, n: int, k: int) -> Any:
    return cut((r.random((b * n, 6)) < r.uniform(0.02, 0.98, 6)).astype(float), r.integers(0, 2, b * n), b)


def endless(r: np.random.Generator, b: int, n: int, k: int) -> Any:
    inputs, labels = r.normal(size=(b * n, 8)), r.integers(0, k, b * n)
    while True:
        order = r.permutation(b * n)
        yield from cut(inputs[order], labels[order], b)


def batches_shuffled(r: np.random.Generator, b: int, n: int, k: int) -> Any:
    batches = shuffled(r, b, 30, k)
    for _ in range(9):
        yield from (batches[i] for i in r.permutation(30))


def alone(r: np.random.Generator, b: int, n: int, k: int) -> Any:
    return list(r.random((min(n, 40), b, 3, 9, 9)))


SOUND = [
    shuffled, as_many_of_each, alternating, four_of_some, rare(0.05), rare(0.01), drawn_again, one_by_one, two_of_six,
    tokens, sequences, one_big, regression, one_hot, words, indicators, endless, batches_shuffled, alone,
]  # fmt: skip


@pytest.mark.parametrize("kind", range(len(SOUND)), ids=lambda kind: SOUND[kind].__name__)
def test_no_sound_loader_raises_an_alarm(kind: int) -> None:
    said = []
    for seed in range(12):
        r = np.random.default_rng([kind, seed])
        size, count, classes = (int(r.choice(c)) for c in ((4, 8, 16, 32, 64), range(20, 200), (2, 3, 10, 100)))
        report = watch_batches(SOUND[kind](r, size, count, classes))
        said += [(seed, p) for p in report.problems if p.severity.rank >= Severity.WARNING.rank]
        assert not report.failed
    assert said == []


# -- faults --------------------------------------------------------------------------------------------------------


def with_one(value: float) -> np.ndarray:
    inputs = X.copy()
    inputs[1777, 3] = value
    return inputs


PRICES = rng(2).normal(200_000, 50_000, N)
FAULTS = {
    "zeros": (cut(np.zeros_like(X), Y), "DS201"),
    "one picture": (cut(np.repeat(X[::32], 32, axis=0), Y), "DS201"),
    "the same batch": (itertools.repeat((X[:32], Y[:32])), "DS202"),
    "the same example": (itertools.repeat((X[:1], Y[:1])), "DS202"),
    "workers that read the same": ([b for b in cut(X, Y) for _ in "ab"], "DS202"),
    "two alike in a row, one by one": ([b for b in cut(X, Y, 1) for _ in "ab"], "DS202"),
    "sorted": (cut(X, np.sort(Y)), "DS204"),
    "sorted, five examples a batch": (cut(X[:900], np.sort(Y[:900]), 5), "DS204"),
    "sorted, one by one": (cut(X[:200], np.sort(Y[:200]), 1), "DS204"),
    "by time": (cut(X, (np.sin(np.arange(N) / 300) + rng(3).normal(size=N) / 2)), "DS204"),
    "blocks": (cut(X, np.repeat(rng(4).integers(0, 10, N // 32), 32)), "DS205"),
    "one class": (cut(X, np.zeros(N, int)), "DS205"),
    "pairs of a class": (cut(X, np.repeat(rng(5).integers(0, 2, N // 4), 4), 4), "DS205"),
    "far too rare": (cut(X, (np.arange(N) % 1600 == 0).astype(int)), "DS206"),
    "from one": (cut(X, Y + 1), "DS214"),
    "negative": (cut(X, Y - 2), "DS214"),
    "pictures to 255": (cut(X.clip(-2, 2) * 60 + 130, Y), "PP301"),
    "divided twice": (cut(abs(X) / 255 / 4, Y), "PP301"),
    "mixed": (cut(X * np.logspace(0, 3, 8), Y), "PP302"),
    "NaN": (cut(with_one(np.nan), Y), "PP304"),
    "infinite": (cut(with_one(np.inf), Y), "PP304"),
    "NaN among the labels": (cut(X, np.where(np.arange(N) == 99, np.nan, X[:, 0])), "PP304"),
    "prices": (cut(X, PRICES), "PP309"),
    "tiny targets": (cut(X, X[:, 0] * 1e-4), "PP309"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault: str) -> None:
    loader, code = FAULTS[fault]
    report = watch_batches(loader, classes=10 if code == "DS214" else None)
    assert code in alarms(report)
    assert report.exit_code == 1
    assert alarms(report) <= {code, "DS204", "DS205", "PP301"}


def test_an_order_and_batches_of_one_label_are_found_every_time() -> None:
    found = [alarms(watch_batches(cut(X, np.sort(rng(seed).integers(0, 3, N))))) for seed in range(20)]
    assert all({"DS204", "DS205"} <= codes for codes in found)


def test_a_value_that_is_not_finite_is_found_wherever_it_is() -> None:
    inputs = rng().normal(size=(2, 200, 300))
    inputs[1, 123, 217] = np.nan
    (problem,) = watch_batches([(inputs, np.array([0, 1]))]).problems
    assert (problem.code, problem.message) == ("PP304", "NaN or infinite inputs in 1 of 1 batch")


def test_bytes_may_be_scaled_by_the_network() -> None:
    pictures = rng().integers(0, 256, (20, 8, 3, 9, 9)).astype(np.uint8)
    report = watch_batches(list(pictures))
    assert [(p.code, p.severity) for p in report.problems] == [("PP301", Severity.INFO)]
    assert report.exit_code == 0


def test_a_round_that_comes_again_is_an_epoch() -> None:
    (problem,) = watch_batches(itertools.cycle(cut(X, Y, 64))).problems
    assert (problem.code, problem.severity) == ("DS202", Severity.INFO)
    assert "the same 50 batches come again" in problem.message


@pytest.mark.parametrize(("n", "severity"), [(99, None), (640, Severity.INFO), (3200, Severity.WARNING)])
def test_one_label_says_the_more_the_more_there_are(n: int, severity: Severity | None) -> None:
    said = [p.severity for p in watch_batches(cut(X[:n], np.zeros(n, int))).problems]
    assert said == ([] if severity is None else [severity])


@pytest.mark.parametrize(
    ("labels", "classes", "said"),
    [
        (Y + 1, 10, "labels go from 1 to 10, but 10 classes are declared (counted from 1?)"),
        (Y, 5, "labels go from 0 to 9, but 5 classes are declared"),
        (Y - 1, 10, "labels go from -1 to 8, but 10 classes are declared"),
        (Y - 1, None, "lowest label is -1"),
        (Y % 2 * 2 - 1, None, None),
        (np.where(Y == 3, -100, Y), 10, None),
        (Y, 10, None),
    ],
)
def test_the_range_of_labels(labels: np.ndarray, classes: int | None, said: str | None) -> None:
    found = [p.message for p in watch_batches(cut(X, labels), classes=classes).problems]
    assert found == ([] if said is None else [said])


# -- beside a profile ----------------------------------------------------------------------------------------------


def beside(loader: Any, inputs: Any = X, labels: Any = Y) -> list[str]:
    report = watch_batches(loader, profile=profile_data(inputs, labels))
    return [p.message for p in report.problems if p.code == "DS203"]


@pytest.mark.parametrize("labels", [Y, X[:, 0], Y.astype(str)])
def test_batches_of_the_profiled_data_do_not_contradict_it(labels: np.ndarray) -> None:
    assert beside(cut(X, labels), labels=labels) == []


def test_inputs_that_are_not_those_of_the_profile() -> None:
    (said,) = beside(cut(X * 60 + 130, Y))
    assert said.startswith("inputs have mean 130 and standard deviation")
    assert said.endswith("in the profile")


def test_targets_that_are_not_those_of_the_profile() -> None:
    (said,) = beside(cut(X, PRICES), labels=X[:, 0])
    assert said.startswith("targets have mean 199,000 and standard deviation 50,100")


def test_labels_that_the_profile_does_not_have() -> None:
    assert beside(cut(X, Y + 1)) == ["labels go from 1 to 10 in the batches, from 0 to 9 in the profile"]


def test_classes_of_another_frequency() -> None:
    other = np.where(rng(6).random(N) < 0.5, 3, Y)
    assert beside(cut(X, other)) == ["class shares differ by 45% between batches and profile"]


def test_classes_that_are_sampled_evenly_are_no_alarm() -> None:
    report = watch_batches(cut(X, Y % 2), profile=profile_data(X, (np.arange(N) % 10 == 0).astype(int)))
    assert [(p.code, p.severity) for p in report.problems] == [("DS203", Severity.INFO)]


def test_sorted_labels_do_not_contradict_the_profile_of_the_same() -> None:
    report = watch_batches(cut(X, np.sort(Y)), batches=40, profile=profile_data(X, Y))
    assert alarms(report) == {"DS204", "DS205"}


@pytest.mark.parametrize(
    "profile",
    [
        {},
        {"target": 5},
        {"train": {"features": [{"mean": "x"}]}},
        {"train": {"features": [{"mean": 0.1, "std": 0.0}] * 3 + [{"mean": 1e300, "std": 1e300}]}},
        {"target": {"kind": "classification", "class_counts": {"--3": 1, "²": 2, "٣": 4}}},
    ],
)
def test_a_profile_that_says_nothing_sound_is_no_trouble(profile: dict[str, Any]) -> None:
    assert {p.code for p in watch_batches(cut(X, Y), profile=profile).problems} <= {"DS203"}


# -- what is hardly a loader ---------------------------------------------------------------------------------------


def raising(error: BaseException, after: int = 1) -> Iterator[Any]:
    yield from cut(X, Y)[:after]
    raise error


@pytest.mark.parametrize(
    ("loader", "said"),
    [
        (raising(KeyError("colour\nrow 17")), "loader raised KeyError: 'colour\\nrow 17' after 1 batch"),
        (raising(ValueError("first\nsecond"), 3), "loader raised ValueError: first after 3 batches"),
        (
            raising(
                ValueError("Caught ValueError in worker 0.\nOriginal Traceback (…):\n  File x\nValueError: bad file")
            ),
            "loader raised ValueError: Caught ValueError in worker 0. ValueError: bad file after 1 batch",
        ),
        (raising(ValueError()), "loader raised ValueError: no message after 1 batch"),
        (raising(SystemExit(4), 0), "loader raised SystemExit: 4 after 0 batches"),
        (3, "loader raised TypeError: 'int' object is not iterable after 0 batches"),
        ([], "no batch came from the loader"),
        ([(["a", "b"], ["c", "d"])], "no array of numbers in 1 batch"),
        ([None, object()], "no array of numbers in 2 batches"),
    ],
)
def test_a_loader_that_fails_is_reported(loader: Any, said: str) -> None:
    report = watch_batches(loader)
    assert report.problems[0].message == said
    assert (report.problems[0].code, report.exit_code, report.failed) == ("DS214", 3, True)


def test_what_came_before_the_failure_is_judged() -> None:
    report = watch_batches(itertools.chain(cut(X, np.sort(Y)), raising(OSError("gone"))))
    assert {"DS214", "DS205"} <= alarms(report)
    assert report.exit_code == 3


def test_a_user_who_stops_it_stops_it() -> None:
    with pytest.raises(KeyboardInterrupt):
        watch_batches(raising(KeyboardInterrupt()))


def test_no_more_is_drawn_than_was_asked_for_and_the_iterator_is_closed() -> None:
    drawn: list[str] = []

    def loader() -> Iterator[Any]:
        try:
            for batch in itertools.cycle(cut(X, Y)):
                drawn.append("a batch")
                yield batch
        finally:
            drawn.append("closed")

    assert watch_batches(loader(), batches=7).batches == 7
    assert drawn == ["a batch"] * 7 + ["closed"]


@pytest.mark.parametrize("given", [{"batches": 0}, {"classes": 0}])
def test_less_than_one_is_no_number_of_batches_or_classes(given: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="give 1 or more"):
        watch_batches([], **given)


ARRAYS = st.sampled_from([X[:4], Y[:4], np.zeros((0, 2)), np.full(3, np.nan), np.full((2, 2), 1e300), "a", None, 2.5])
BATCHES = st.one_of(ARRAYS, st.tuples(ARRAYS, ARRAYS), st.dictionaries(st.sampled_from("xy"), ARRAYS))


@settings(max_examples=60)
@given(loader=st.lists(BATCHES, max_size=5), classes=st.sampled_from([None, 2]))
def test_whatever_the_batches_are_there_is_a_report(loader: list[Any], classes: int | None) -> None:
    report = watch_batches(loader, classes=classes, profile=profile_data(X[:50], Y[:50]))
    assert report.batches == len(loader)
    assert report.exit_code in {0, 1, 3}
    assert str(report)


# -- how it is shown -----------------------------------------------------------------------------------------------


def test_the_report_is_a_table_for_80_columns_with_the_problems_below() -> None:
    report = watch_batches(cut(X * 1e6, np.sort(Y)))
    lines = str(report).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "100 batches: 3 problems"
    assert lines[3].split() == ["batches", "drawn", "100", "1", "or", "more", "ok"]
    assert sum(line.endswith("problem") for line in lines) == 3
    assert [p.code for p in report.problems] == [line.split()[0] for line in lines if line[:2] in ("DS", "PP")]


def test_no_value_of_an_example_is_in_the_report() -> None:
    secret = 41.4142135
    inputs = X.copy()
    inputs[5, 5] = secret
    assert "41.41" not in str(watch_batches(cut(inputs, Y)))


def test_progress_is_shown_once_it_has_taken_a_while(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    watch_batches(cut(X, Y))
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(module, "SHOWN_AFTER", -1.0)
    watch_batches(cut(X, Y))
    out, err = capsys.readouterr()
    assert "batches" in err
    assert out == ""


# -- the command ---------------------------------------------------------------------------------------------------

MODULE = """
import numpy as np
loader = [(np.random.default_rng(i).normal(size=(32, 4)), np.arange(32) % 4) for i in range(20)]
def make_loader():
    return [(x * 1000, y) for x, y in loader]
def broken():
    raise OSError("no such folder")
number = 3
"""


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["made:loader"], 0, "20 batches: no problem found"),
        (["made:loader", "--batches", "5"], 0, "5 batches: no problem found"),
        (["made:loader", "--classes", "3"], 1, "labels go from 0 to 3, but 3 classes are declared"),
        (["made:make_loader"], 1, "PP301 unscaled-inputs"),
        (["made:broken"], 3, "OSError: no such folder"),
        (["made:number"], 3, "TypeError"),
    ],
)
def test_the_command_prints_the_table_and_gives_its_exit_code(
    arguments: list[str],
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "made.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.delitem(sys.modules, "made", raising=False)
    assert main(arguments) == code
    assert said in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["made"], "write package.module:name"),
        (["no_such_module_at_all:x"], "ModuleNotFoundError"),
        (["json:nothing"], "AttributeError"),
        (["json:loads", "--batches", "0"], "give 1 or more"),
        (["json:loads", "--classes", "0"], "give 1 or more"),
    ],
)
def test_wrong_usage_is_one_line_and_the_code_2(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "path", sys.path[:])
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert said in capsys.readouterr().err.splitlines()[-1]


def test_it_runs_as_a_module(tmp_path: Path) -> None:
    (tmp_path / "made.py").write_text(MODULE, encoding="utf-8")
    command = [sys.executable, "-W", "error", "-m", "tracker_diag.probes.watch_batches", "made:make_loader"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "PP301" in done.stdout
