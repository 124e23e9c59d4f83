"""Data of many forms: noise keeps form, type, columns and labels; a few examples keep form and belong together."""

from __future__ import annotations

import pickle
from collections import namedtuple
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tracker_diag.controls.examples import Examples, labels, size, taken, with_noise
from tracker_diag.controls.noise_inputs import noise
from tracker_diag.controls.splits import split
from tracker_diag.controls.trial import curves, with_value

N = 200
RNG = np.random.default_rng(0)
X, Y = RNG.normal(5, [1, 2, 3], size=(N, 3)).astype(np.float32), np.arange(N) % 4
TOKENS = RNG.integers(0, 50, size=(N, 7))
Pair = namedtuple("Pair", "x y")


class DataSet:
    """As PyTorch's: a length and an index, nothing else."""

    def __init__(self, examples: list[Any]) -> None:
        self.examples = examples

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, i: int) -> Any:
        return self.examples[i]


class Tensor(np.ndarray):
    """What is asked of a tensor of PyTorch."""

    def detach(self) -> Any:
        return self

    def cpu(self) -> Any:
        return self.view(np.ndarray)

    def new_tensor(self, values: Any) -> Any:
        return np.asarray(values, dtype=self.dtype).view(Tensor)


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


FORMS = {
    "tuple": (X, Y),
    "tensors": (X.view(Tensor), Y),
    "named tuple": Pair(X, Y),
    "several inputs": ({"numbers": X, "tokens": TOKENS}, Y),
    "mapping": {"x": X, "tokens": TOKENS, "label": Y},
    "lists": (X.tolist(), Y.tolist()),
    "frame": pd.DataFrame({"a": X[:, 0], "b": TOKENS[:, 0], "c": list("abcd") * 50, "label": Y}),
    "frame and series": (pd.DataFrame(X, columns=list("abc")), pd.Series(Y)),
    "examples": [(x, int(y)) for x, y in zip(X, Y, strict=True)],
    "data set": DataSet([(x, int(y)) for x, y in zip(X, Y, strict=True)]),
    "data set of mappings": DataSet([{"ids": t, "labels": int(y)} for t, y in zip(TOKENS, Y, strict=True)]),
    "data set of texts": DataSet([(f"text {i}", int(y)) for i, y in enumerate(Y)]),
    "data set of pairs": DataSet([Pair(x, int(y)) for x, y in zip(X, Y, strict=True)]),
    "data set of sequences": DataSet(
        [(t[: 2 + i % 5], int(y)) for i, (t, y) in enumerate(zip(TOKENS, Y, strict=True))]
    ),
    "data set of several inputs": DataSet([((x, t), int(y)) for x, t, y in zip(X, TOKENS, Y, strict=True)]),
}


def parts(data: Any) -> tuple[Any, Any]:
    """Inputs and labels, as text, in the order of examples."""
    if isinstance(data, DataSet | Examples | list):
        rows = [data[i] for i in range(len(data))]
        if isinstance(rows[0], dict):
            return [str(row["ids"]) for row in rows], [row["labels"] for row in rows]
        return [str(row[0]) for row in rows], [row[1] for row in rows]
    if isinstance(data, pd.DataFrame):
        return data[["a", "b", "c"]].astype(str).agg(" ".join, axis=1).tolist(), data["label"].tolist()
    if isinstance(data, dict):
        return [str(row) for row in zip(data["x"], data["tokens"], strict=True)], list(data["label"])
    x, y = data
    if isinstance(x, dict):
        return [str(row) for row in zip(x["numbers"], x["tokens"], strict=True)], list(y)
    return ([str(row) for row in np.asarray(x)], list(y))


@pytest.mark.parametrize("form", FORMS)
def test_noise_replaces_inputs_and_keeps_labels_and_form(form: str) -> None:
    data = FORMS[form]
    made = with_noise(data, rng(), ())
    inputs, kept = parts(made)
    before, wanted = parts(data)
    assert kept == wanted
    assert len(inputs) == len(before)
    assert np.mean([a == b for a, b in zip(inputs, before, strict=True)]) < 0.1
    assert type(made) is (Examples if isinstance(data, DataSet) else type(data))
    assert parts(made) == parts(with_noise(data, rng(), ())), "the same seed gives other noise"


@pytest.mark.parametrize("form", FORMS)
def test_a_few_examples_belong_together_and_keep_the_form(form: str) -> None:
    data, index = FORMS[form], np.array([3, 10, 150])
    few = taken(data, index, ())
    before, labelled = parts(data)
    assert parts(few) == ([before[i] for i in index], [labelled[i] for i in index])
    assert size(few) == 3
    assert type(few) is (Examples if isinstance(data, DataSet) else type(data))


@pytest.mark.parametrize("form", FORMS)
def test_labels_are_found(form: str) -> None:
    found = labels(FORMS[form], ())
    assert found is not None
    np.testing.assert_array_equal(found[0], np.arange(N))
    np.testing.assert_array_equal(found[1], Y)


def test_noise_keeps_mean_and_spread_of_each_column_and_the_type() -> None:
    x = np.random.default_rng(0).normal([5, -3], [1, 100], size=(20_000, 2)).astype(np.float32)
    made = noise(x, rng())
    assert made.dtype == np.float32
    np.testing.assert_allclose(made.mean(axis=0), x.mean(axis=0), atol=5 * x.std(axis=0).max() / np.sqrt(20_000))
    np.testing.assert_allclose(made.std(axis=0), x.std(axis=0), rtol=0.05)
    assert abs(np.corrcoef(made[:, 0], x[:, 0])[0, 1]) < 0.05


def test_a_data_set_gives_the_same_noise_each_time_and_travels_to_other_processes() -> None:
    made = with_noise(FORMS["data set"], rng(), ())
    again = pickle.loads(pickle.dumps(made))
    for i in (0, 7, -1):
        np.testing.assert_array_equal(made[i][0], again[i][0])
        assert made[i][0].dtype == np.float32
    drawn = np.stack([made[i][0] for i in range(N)])
    np.testing.assert_allclose(drawn.mean(axis=0), X.mean(axis=0), atol=1.0)
    np.testing.assert_allclose(drawn.std(axis=0), X.std(axis=0), rtol=0.3)
    with pytest.raises(IndexError):
        made[N]
    assert len(made[10:20]) == 10


@given(
    st.one_of(
        npst.arrays(
            np.float64, npst.array_shapes(max_dims=4, max_side=6), elements=st.floats(-1e6, 1e6) | st.just(np.nan)
        ),
        npst.arrays(np.int64, npst.array_shapes(max_dims=4, max_side=6)),
        npst.arrays(np.bool_, npst.array_shapes(max_dims=3, max_side=6)),
        npst.arrays("U3", npst.array_shapes(max_dims=2, max_side=6)),
    )
)
def test_whatever_the_array_noise_has_its_shape_and_type_and_values_that_fit(values: Any) -> None:
    made = noise(values, rng())
    assert (made.shape, made.dtype) == (values.shape, values.dtype)
    flat, drawn = values.reshape(len(values), -1), made.reshape(len(values), -1)
    for j in range(flat.shape[1]):
        if values.dtype.kind != "f" or (np.isnan(flat[:, j]) | (flat[:, j] == np.round(flat[:, j]))).all():
            assert sorted(map(str, flat[:, j])) == sorted(map(str, drawn[:, j]))
        else:
            assert np.isfinite(drawn[:, j]).all()


A, B = (X, Y), (X[:50], Y[:50])


@pytest.mark.parametrize(
    ("data", "sizes"),
    [
        (A, [200]),
        ((A, B), [200, 50]),
        ((A, B, B), [200, 50, 50]),
        ({"train": A, "val": B}, [200, 50]),
        ({"validation": FORMS["data set"], "train": FORMS["examples"]}, [200, 200]),
        ((*A, *B), [200, 50]),
        ((X, X[:50], Y, Y[:50]), [200, 50]),
        ({"X_train": X, "y_train": Y, "X_val": X[:50], "y_val": Y[:50]}, [200, 50]),
        ({"train_x": X, "train_y": Y, "test_x": X[:50], "test_y": Y[:50]}, [200, 50]),
        ({"X": X, "y": Y, "X_test": X[:50], "y_test": Y[:50]}, [200, 50]),
        ((FORMS["frame"], FORMS["frame"][:30]), [200, 30]),
        ((FORMS["data set"], FORMS["data set"]), [200, 200]),
        ((pd.DataFrame(X), pd.DataFrame({"p": Y, "q": Y})), [200]),
    ],
)
def test_sets_are_told_and_put_together_again(data: Any, sizes: list[int]) -> None:
    found = split(data, ())
    assert [size(each) for each in found.sets] == sizes
    again = found.rebuild(found.sets)
    assert type(again) is type(data)
    if isinstance(data, dict):
        assert list(again) == list(data) or set(again) == set(data)
        assert all(again[key] is data[key] or again[key] == data[key] for key in data)
    elif isinstance(data, tuple):
        assert all(a is b for a, b in zip(again, data, strict=True) if not isinstance(b, tuple))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (X, "transform="),
        (iter([A]), "transform="),
        (None, "transform="),
        ("text", "transform="),
        ((Y, Y, Y, Y), "cannot tell which belong together"),
    ],
)
def test_what_cannot_be_taken_apart_is_refused(data: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        split(data, ())


@pytest.mark.parametrize(
    "data",
    [pd.DataFrame(X, columns=list("abc")), {"a": X, "b": Y}, DataSet(["a", "b"]), DataSet([{"a": 1, "b": 2}])],
    ids=["frame", "mapping", "examples without label", "examples without the name of one"],
)
def test_labels_are_asked_for_where_no_name_says_so(data: Any) -> None:
    with pytest.raises(TypeError, match=r"target=|transform="):
        with_noise(data, rng(), ())
    assert labels(data, ()) is None


def test_labels_may_be_named() -> None:
    made = with_noise({"a": X, "b": Y}, rng(), ("b",))
    np.testing.assert_array_equal(made["b"], Y)
    assert not np.array_equal(made["a"], X)


@pytest.mark.parametrize(
    ("returned", "points"),
    [
        ({"loss": 1}, {"loss": [[0, 1]]}),
        ({"loss": [2, 1], "note": "text", "ok": True}, {"loss": [[0, 2], [1, 1]]}),
        ({"loss": [[10, 2], [20, 1]]}, {"loss": [[10, 2], [20, 1]]}),
        ({"loss": np.array([2.0, 1.0]), "acc": np.float32(0.5)}, {"loss": [[0, 2], [1, 1]], "acc": [[0, 0.5]]}),
        ([{"loss": 2}, {"loss": 1, "val": 3}], {"loss": [[0, 2], [1, 1]], "val": [[1, 3]]}),
        ([{"epoch": 5, "loss": 2}, {"epoch": 6, "loss": 1}], {"loss": [[5, 2], [6, 1]]}),
        (({"loss": x} for x in (2, 1)), {"loss": [[0, 2], [1, 1]]}),
        (type("History", (), {"history": {"loss": [2.0]}})(), {"loss": [[0, 2]]}),
    ],
)
def test_metrics_are_read_in_many_forms(returned: Any, points: Any) -> None:
    assert curves(returned) == points


@pytest.mark.parametrize("returned", [None, {}, 3.0, "loss", [1, 2], {"loss": "low"}])
def test_what_holds_no_metrics_is_refused(returned: Any) -> None:
    with pytest.raises(TypeError, match="without metrics"):
        curves(returned)


def test_an_entry_is_changed_wherever_it_lies() -> None:
    config = {"a.b": 1, "opt": {"lr": 2, "x.y": {"z": 3}}}
    assert with_value(config, "a.b", 9) == {"a.b": 9, "opt": config["opt"]}
    assert with_value(config, "opt.lr", 9)["opt"] == {"lr": 9, "x.y": {"z": 3}}
    assert with_value(config, "opt.x.y.z", 9)["opt"] == {"lr": 2, "x.y": {"z": 9}}
    assert config == {"a.b": 1, "opt": {"lr": 2, "x.y": {"z": 3}}}
