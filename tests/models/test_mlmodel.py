"""MLflow's ``MLmodel`` files: as MLflow 3.17 writes them of each framework, and what is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.core.model import InvalidModelError, Model
from tracker_diag.models.mlmodel import LARGEST, read_mlmodel

#: As autologging of Keras left it.
KERAS = b"""\
artifact_path: mlflow-artifacts:/1/models/m-a27e34a9cb7f4e9b95eebe51aa1bab12/artifacts
flavors:
  keras:
    data: data
    keras_backend: torch
    keras_version: 3.15.1
    save_exported_model: false
  python_function:
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.keras
    python_version: 3.11.7
is_signature_from_type_hint: false
mlflow_version: 3.17.2
model_id: m-a27e34a9cb7f4e9b95eebe51aa1bab12
model_size_bytes: 49651
model_uuid: m-a27e34a9cb7f4e9b95eebe51aa1bab12
prompts: null
run_id: 0d78b2e06312415881dbd346cbbc066f
signature:
  inputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 8]}}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1,
    2]}}]'
  params: null
type_hint_from_example: false
utc_time_created: '2026-11-27 15:25:23.993477'
"""
PYTHON: dict[str, Any] = {"python_function": {"loader_module": "mlflow.keras"}}


def tensor(*shape: Any, **named: str) -> dict[str, Any]:
    return {**named, "type": "tensor", "tensor-spec": {"dtype": "float32", "shape": list(shape)}}


def column(name: str) -> dict[str, Any]:
    return {"type": "double", "name": name, "required": True}


def written(outputs: Any = None, flavors: Any = PYTHON, **more: Any) -> bytes:
    signature = {"inputs": "[]", "outputs": outputs if isinstance(outputs, str) else json.dumps(outputs)}
    return yaml.safe_dump({"flavors": flavors, "signature": signature, **more}).encode()


def test_what_autologging_of_keras_leaves_is_read() -> None:
    assert read_mlmodel(KERAS) == Model(framework="keras", output_shape=(None, 2))


@pytest.mark.parametrize(
    ("flavors", "framework"),
    [
        (["python_function", "sklearn"], "sklearn"),
        (["python_function", "xgboost"], "xgboost"),
        (["lightgbm", "python_function"], "lightgbm"),
        (["python_function", "pytorch"], "torch"),
        (["python_function", "tensorflow"], "tensorflow"),
        (["python_function", "transformers"], "transformers"),
        (["python_function"], "python_function"),
        ([], None),
    ],
)
def test_the_framework_is_the_flavour_that_is_not_for_everything(flavors: list[str], framework: str | None) -> None:
    assert read_mlmodel(written(flavors={name: {} for name in flavors})).framework == framework


@pytest.mark.parametrize(
    ("outputs", "shape", "count"),
    [
        ([tensor(-1, 10)], (None, 10), 1),
        ([tensor(-1)], (None,), 1),
        ([tensor(-1, -1, 3)], (None, None, 3), 1),
        ([tensor(-1, 1, name="a"), tensor(-1, 2, name="b")], None, 2),
        ([column("no"), column("yes")], None, 1),
        ([{"type": "string", "required": True}], None, 1),
        ([{"type": "array", "items": {"type": "double"}, "required": True}], None, 1),
        ([], None, 1),
        (None, None, 1),
    ],
)
def test_the_output_is_as_the_signature_says(outputs: Any, shape: Any, count: int) -> None:
    model = read_mlmodel(written(outputs))
    assert (model.output_shape, model.outputs, model.notes) == (shape, count, ())


@pytest.mark.parametrize("outputs", ["[{", "predictions", "{}", "[" * 100_000, "7"])
def test_of_a_signature_that_is_not_json_the_rest_is_read(outputs: str) -> None:
    found = read_mlmodel(written(outputs, {"keras": {}} | PYTHON))
    assert found == Model(framework="keras", notes=("MLmodel: its signature is not JSON",))


def test_what_old_and_other_versions_leave_out_is_not_asked_for() -> None:
    for text in (b"flavors:\n  keras: {}\n", b"flavors:\n  keras: {}\nsignature: null\nmodel_size_bytes: large\n"):
        assert read_mlmodel(text) == Model(framework="keras")


BOMB = b"a: &a [x, x]\n" + b"".join(b"%c: &%c [*%c, *%c]\n" % (c, c, c - 1, c - 1) for c in range(98, 122))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "model: not a mapping"),
        (b"<html>Sign in</html>", "model: not a mapping"),
        (b"\x80\x04\x95", "model: it is not YAML"),
        (b"flavors: {", "model: it is not YAML"),
        (b"flavors: {}\nflavors: \x00", "model: it is not YAML"),
        (b"? [a]\n: b\n", "model: it is not YAML"),
        (b"run_id: x\n", "model['flavors']: a mapping is needed"),
        (b"flavors: [keras]\n", "model['flavors']: a mapping is needed"),
        (b"flavors: {}\n" + BOMB, "model: holds an alias"),
        (b"flavors: " + b"[" * 30, "model: nested more than 20 levels deep"),
        (b"? " * 10_000, "model: nested more than 20 levels deep"),
        (b"flavors: " + b"[" * 100_000, "model: it is n"),
        (b"flavors: [" + b"a, " * 30_000, "model: holds too many values"),
        (b"flavors: {}\n" + b"#" * LARGEST, "model: larger than 1 MiB"),
        (written([tensor(-1, 2.5)]), "model['output_shape'][1]: a whole number is needed"),
        (written([tensor(-2)]), "model['output_shape'][0]: a whole number is needed"),
        (written([{"type": "tensor", "tensor-spec": {"shape": "2x3"}}]), "model['output_shape']: a list of sizes"),
    ],
    ids=range(17),
)
def test_what_cannot_be_read_is_named(text: bytes, said: str) -> None:
    with pytest.raises(InvalidModelError) as error:
        read_mlmodel(text)
    assert str(error.value).startswith(said)


def test_nothing_is_constructed_from_a_tag(tmp_path: Any) -> None:
    there = tmp_path / "there"
    found = read_mlmodel(b"flavors:\n  keras: !!python/object/apply:os.mkdir ['%s']\n" % str(there).encode())
    assert found.framework == "keras"
    assert not there.exists()


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", [b"{", b"a, ", b"- ", b"a: b\n", b"'a' ", b"!a ", b"&a ", b"a:\n "])
def test_the_time_is_bounded_whatever_the_file_holds(piece: bytes) -> None:
    for begin in (b"", b"flavors: {}\n", b"flavors: [", b"flavors: {"):
        try:
            read_mlmodel((begin + piece * LARGEST)[:LARGEST])
        except InvalidModelError:
            continue


@given(st.binary(max_size=200) | st.text("abflvors:[]{}&*!|>?-\"'# \n,1", max_size=60).map(lambda t: t.encode()))
def test_whatever_is_written_is_read_or_refused(text: bytes) -> None:
    for whole in (text, b"flavors:\n  keras: {}\n" + text):
        try:
            found = read_mlmodel(whole)
        except InvalidModelError:
            continue
        assert isinstance(found, Model)
