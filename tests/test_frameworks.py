"""What scripts/frameworks takes for equal, for a leak and for a request."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from scripts.autologged import __main__ as script
from scripts.autologged.comparing import compare, told
from scripts.autologged.costs import Left, local
from scripts.autologged.training import GROUPS
from scripts.autologged.wire import counting
from tests.adapters.mlflow.faulty import Answer, answering
from tests.adapters.mlflow.model_files import keras_file, keras_model, keras_summary
from tracker_diag.adapters.base import Query
from tracker_diag.adapters.mlflow import connect
from tracker_diag.core.model import Layer, Model
from tracker_diag.core.run import Run

TRAINED: dict[str, Any] = {
    "framework": "keras",
    "layers": [
        {"type": "Dense", "units": 8, "kernel_regularizer_config": {"l2": 0.01}, "kernel_size": (3, 3)},
        {"type": "Dropout", "rate": 0.3, "trainable": None},
    ],
    "loss": "mse",
    "loss_settings": {"from_logits": True},
    "optimizer": "Adam",
    "output_shape": (None, 8),
    "outputs": 1,
    "trainable_parameters": 80,
    "params": {"epochs": "3"},
    "notes": 0,
}
READ = Model(
    framework="keras",
    layers=(
        Layer(
            "Dense", {"units": 8, "kernel_regularizer_config": {"l2": 0.01}, "kernel_size": [3, 3], "use_bias": True}
        ),
        Layer("Dropout", {"rate": 0.3}),
    ),
    loss="mse",
    optimizer="Adam",
    output_shape=(None, 8),
    trainable_parameters=80,
    loss_settings={"from_logits": True},
)


def test_a_network_that_was_read_as_it_is_has_no_differences() -> None:
    assert compare(TRAINED, READ, {"epochs": "3", "lr": "0.1"}).differences == ()


def _changed(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    def change(part: Any, path: tuple[Any, ...]) -> Any:
        if not path:
            return value
        copied: Any = dict(part) if isinstance(part, Mapping) else list(part)
        copied[path[0]] = change(copied[path[0]] if path[1:] else None, path[1:])
        return copied

    changed: dict[str, Any] = change(TRAINED, path)
    return changed


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("framework",), "torch", "framework: 'torch' was trained, 'keras' is read"),
        (("layers", 0, "units"), 9, "layers[0].units: 9 was trained, 8 is read"),
        (("layers", 0, "units"), 8.5, "layers[0].units: 8.5 was trained, 8 is read"),
        (("layers", 0, "use_bias"), 1, "layers[0].use_bias: 1 was trained, True is read"),
        (("layers", 0, "activation"), "relu", "layers[0].activation: 'relu' was trained, None is read"),
        (("layers", 0, "use_bias"), None, "layers[0].use_bias: None was trained, True is read"),
        (
            ("layers", 0, "kernel_regularizer_config", "l2"),
            0.02,
            "layers[0].kernel_regularizer_config.l2: 0.02 was trained, 0.01 is read",
        ),
        (("layers", 0, "kernel_size"), (3, 5), "layers[0].kernel_size[1]: 5 was trained, 3 is read"),
        (("layers", 1, "type"), "Dense", "layers[1].type: 'Dense' was trained, 'Dropout' is read"),
        (("layers", 1, "trainable"), False, "layers[1].trainable: False was trained, None is read"),
        (("layers",), TRAINED["layers"][:1], "length of layers: 1 was trained, 2 is read"),
        (("loss",), None, "loss: None was trained, 'mse' is read"),
        (("loss_settings", "from_logits"), False, "loss_settings.from_logits: False was trained, True is read"),
        (("output_shape",), (None, 3), "output_shape[1]: 3 was trained, 8 is read"),
        (("output_shape",), None, "output_shape: None was trained, (None, 8) is read"),
        (("trainable_parameters",), 81, "trainable_parameters: 81 was trained, 80 is read"),
        (("params", "epochs"), "4", "params.epochs: '4' was trained, '3' is read"),
        (("notes",), 1, "notes: 1 was trained, 0 is read"),
    ],
)
def test_what_is_read_otherwise_is_named(path: tuple[Any, ...], value: Any, said: str) -> None:
    assert compare(_changed(path, value), READ, {"epochs": "3"}).differences == (said,)


def test_of_a_network_that_is_not_described_every_part_differs() -> None:
    assert len(compare(TRAINED, None, {}).differences) >= len(TRAINED) - 2  # outputs and notes are as by default


def test_facts_are_counted_one_by_one() -> None:
    trained = {"layers": [{"type": "Dense", "units": 8}], "output_shape": (None, 8)}
    assert compare(trained, READ, {}).facts == 1 + 2 + 1 + 2


def test_a_description_is_given_in_the_form_that_runs_are_made_of() -> None:
    given = told(keras_model())
    assert given.pop("notes") == 0
    assert Run.from_dict({"id": "1", "metrics": {}, "model": given}).model == keras_model()


# Leaks


@pytest.mark.parametrize("leaks", [True, False])
def test_a_leak_has_to_be_said_where_there_is_one_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, leaks: bool
) -> None:
    digests = ("a", "a") if leaks else ("a", "b")
    run = Run.from_dict(
        {
            "id": "1",
            "metrics": {
                "loss": [(i, 1 / (i + 1)) for i in range(20)],
                "val_loss": [(i, 1 / (i + 1)) for i in range(20)],
            },
            "datasets": [
                {"name": context, "digest": digest, "context": context}
                for context, digest in zip(("train", "eval"), digests, strict=True)
            ],
        }
    )
    monkeypatch.setattr(script, "_read", lambda line, uri: run)
    line = {"group": "leakage", "store": "database", "name": "x"}
    text, right = script.judged({**line, "trained": {"leaks": leaks}}, "")
    assert right, text
    text, right = script.judged({**line, "trained": {"leaks": not leaks}}, "")
    assert not right
    assert text.endswith("WRONG")


# Frameworks


def test_a_framework_that_is_missing_is_named_with_what_installs_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["scripts/frameworks", "--group", "boosting", "sklearn"])
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "xgboost" else object())
    assert script.absent(GROUPS) == ["xgboost"]
    assert script.main() == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("xgboost: not installed")
    assert "--group frameworks" in line


def test_a_training_that_ends_with_an_error_is_said(tmp_path: Path) -> None:
    (line,) = script.trained("sklearn", {"database": "nonsense://"}, tmp_path)
    text, equal = script.compared(line, "")
    assert not equal
    assert "the training ended" in text
    assert "nonsense" in text


# Requests


@contextlib.contextmanager
def _server() -> Iterator[str]:
    def answer(method: str, path: str, number: int, body: bytes) -> Answer:
        return 200, {}, b"x" * 100_000

    with answering(answer) as (uri, _):
        yield uri


def test_what_passes_on_the_way_to_a_server_is_counted() -> None:
    with _server() as upstream, counting(upstream) as (uri, traffic):
        with requests.Session() as session:
            for _ in range(3):
                assert len(session.get(f"{uri}/a").content) == 100_000
            assert session.post(f"{uri}/a", data=b"y" * 5_000).ok
        assert traffic.requests == 4
        assert 400_000 < traffic.received < 402_000
        assert 5_000 < traffic.sent < 7_000


def test_a_client_that_stops_reading_is_not_sent_all() -> None:
    with _server() as upstream, counting(upstream) as (uri, traffic):
        with requests.get(f"{uri}/a", stream=True) as answer:
            assert answer.raw.read(10) == b"x" * 10
        assert traffic.requests == 1


# Runs whose cost is measured


def test_runs_with_a_model_have_one_that_is_read(tmp_path: Path) -> None:
    summary, model = tmp_path / "left" / "model_summary.txt", tmp_path / "left" / "model"
    (model / "data").mkdir(parents=True)
    summary.write_bytes(keras_summary())
    (model / "data" / "model.keras").write_bytes(keras_file())
    with local(tmp_path, 3, Left(summary, model)) as place, contextlib.closing(connect(place.uri)) as adapter:
        ids = [listing.id for listing in adapter.list_runs(Query(everything=True))]
        runs = list(adapter.load_runs(ids))
    assert [run.model for run in runs if isinstance(run, Run)] == [keras_model()] * 3
