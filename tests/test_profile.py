"""What profile_data says of arrays whose facts are known, and what the reader makes of profiles that are broken."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from scipy import sparse, stats

from tracker_diag import Run, diagnose, profile_data
from tracker_diag.core.dataset import Dataset, read_dataset
from tracker_diag.core.profile_schema import Profile
from tracker_diag.profile import read_profile
from tracker_diag.profile.schema import schema

ROOT = Path(__file__).parents[1]
VALID = Draft202012Validator(schema())
RNG = np.random.default_rng(7)
X = RNG.normal(size=(500, 3))
Y = (X[:, 0] > 0.3).astype(int)


def feature(profile, name):
    return next(f for f in profile["train"]["features"] if f["name"] == name)


# -- what it measures ------------------------------------------------------------------------------------------------


def test_moments_and_quantiles_are_those_of_numpy_and_scipy():
    values = RNG.gamma(2.0, size=(1000, 1))
    seen = feature(profile_data(values), "x0")
    assert seen["mean"] == pytest.approx(values.mean())
    assert seen["std"] == pytest.approx(values.std())
    assert seen["skewness"] == pytest.approx(stats.skew(values[:, 0]))
    assert seen["quantiles"][3] == pytest.approx(np.median(values))
    assert seen["box_cox"] == pytest.approx(stats.boxcox_normmax(values[:, 0], method="mle"), abs=0.03)
    assert seen["yeo_johnson"] == pytest.approx(stats.yeojohnson_normmax(values[:, 0]), abs=0.05)
    assert abs(seen["skewness_after"]) < 0.2


def test_values_that_are_not_finite_are_counted_and_left_out_of_the_moments():
    values = X.copy()
    values[0, 0], values[1, 0], values[2, 1] = np.nan, np.inf, np.nan
    profile = profile_data(values)
    assert (profile["train"]["non_finite"], profile["train"]["non_finite_rows"]) == (3, 3)
    assert feature(profile, "x0")["missing"] == pytest.approx(1 / 500)
    assert feature(profile, "x0")["infinite"] == 1
    assert feature(profile, "x0")["mean"] == pytest.approx(values[2:, 0].mean())


def test_copies_blanks_and_conflicts_are_counted():
    values, labels = np.vstack([X, X[:50], np.zeros((10, 3))]), np.concatenate([Y, 1 - Y[:50], np.zeros(10, int)])
    train = profile_data(values, labels)["train"]
    assert train["rows"] == 560
    assert train["duplicates"] == 50 + 9
    assert train["twins"] == pytest.approx((100 + 10) / 560)
    assert train["conflicts"] == 100
    assert train["zero_share"] == train["constant_share"] == pytest.approx(10 / 560)


def test_overlap_is_exact_whatever_the_order_and_minus_zero():
    held = np.vstack([X[100:150][::-1], RNG.normal(size=(150, 3))])
    values = X.copy()
    values[100, 0], held[49, 0] = 0.0, -0.0
    overlap = profile_data(values, None, held)["overlap"]
    assert overlap == {"rows": 50, "share": 0.25}


def test_shift_between_the_sides():
    held = X[:200] + np.array([0.0, 2.0, 0.0])
    profile = profile_data(X, None, held)
    assert feature(profile, "x1")["smd"] == pytest.approx(2.0, abs=0.2)
    assert feature(profile, "x1")["ks"] == pytest.approx(stats.ks_2samp(X[:, 1], held[:, 1]).statistic)
    assert abs(feature(profile, "x0")["smd"]) < 0.2


def test_scales_over_all_columns_name_the_extremes():
    wide = RNG.normal(size=(200, 900))
    wide[:, 123] *= 1e4
    wide[:, 456] *= 1e-3
    wide[:, 789] = 5.0
    profile = profile_data(wide)
    columns = profile["columns"]
    assert (columns["count"], columns["described"], columns["near_constant"]) == (900, 200, 1)
    assert (columns["largest_scale_name"], columns["smallest_scale_name"]) == ("x123", "x456")
    assert {"x123", "x456", "x789"} <= {f["name"] for f in profile["train"]["features"]}


# -- targets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "kind", "classes"),
    [
        (np.arange(500) % 10, "classification", 10),
        (np.array(["b", "a"] * 250), "classification", 2),
        (np.arange(500) % 2 == 0, "classification", 2),
        (np.eye(4)[np.arange(500) % 4], "classification", 4),
        ((np.arange(500) % 3).astype(float), "classification", 3),
        (pd.Series(["u", "v", None, "u", "v"] * 100), "classification", 2),
        ((np.arange(1500).reshape(500, 3) % 2), "multilabel", 3),
        (np.arange(500) * 3, "regression", None),
        (np.linspace(0, 1, 500), "regression", None),
        (np.column_stack([np.linspace(0, 1, 500)] * 2), "regression", None),
    ],
)
def test_the_kind_of_target(y, kind, classes):
    y = y if kind != "multilabel" else np.column_stack([np.arange(500) % 2, np.arange(500) % 3 == 0, Y])
    target = profile_data(X, y)["target"]
    assert (target["kind"], target.get("n_classes")) == (kind, classes)


def test_class_counts_and_variance():
    assert profile_data(X, Y)["target"]["class_counts"] == {"0": int((Y == 0).sum()), "1": int(Y.sum())}
    two = np.column_stack([X[:, 0], 3 * X[:, 1]])
    assert profile_data(X, two)["target"]["variance"] == pytest.approx(two.var(axis=0).mean())


def test_sorted_labels_and_a_drifting_target_are_in_order_and_shuffled_ones_are_not():
    assert profile_data(X, np.sort(Y))["train"]["labels_sorted"] is True
    assert profile_data(X, np.cumsum(X[:, 0]))["train"]["labels_sorted"] is True
    for y in (Y, X[:, 0]):
        made = profile_data(X, y)
        assert made["train"]["labels_sorted"] is False
        assert abs(made["target"]["order"]["autocorrelation"]) < 0.15


def test_validation_labels_that_training_lacks_are_counted():
    assert profile_data(X, Y, X[:10], np.full(10, 7))["target"]["unseen"] == 10


# -- what it takes ---------------------------------------------------------------------------------------------------


def test_frames_lists_and_sparse_matrices_say_the_same_as_arrays():
    wanted = profile_data(X, Y)
    frame = pd.DataFrame(X, columns=["x0", "x1", "x2"])
    for same in (frame, X.tolist(), sparse.csr_matrix(X)):
        assert profile_data(same, Y.tolist()) == wanted


def test_anything_with_a_detach_is_a_tensor():
    class Tensor:
        dtype = "torch.bfloat16"

        def detach(self):
            return self

        def cpu(self):
            return self

        def float(self):
            return X.astype(np.float32)

    assert profile_data(Tensor())["train"]["rows"] == 500


def test_a_frame_with_words_dates_and_missing_values():
    frame = pd.DataFrame(
        {
            "age": pd.array([20, None, 40, 50], dtype="Int64"),
            "town": ["Bonn", "Kiel", None, "Bonn"],
            "when": pd.date_range("2026-01-01", periods=4),
            "member": [True, False, True, True],
        }
    )
    profile = profile_data(frame, None, frame.iloc[[0]])
    assert feature(profile, "town")["kind"] == "category"
    assert feature(profile, "town")["distinct"] == 2
    assert feature(profile, "town")["missing"] == feature(profile, "age")["missing"] == 0.25
    assert feature(profile, "when")["max"] - feature(profile, "when")["min"] == 3 * 86400
    assert profile["overlap"]["rows"] == 1


@pytest.mark.parametrize("shape", [(50, 8, 9, 3), (50, 3, 8, 9)])
def test_images_are_described_by_channel(shape):
    images = RNG.random(shape)
    images = images * [1.0, 10.0, 100.0] if shape[3] == 3 else images * np.array([1.0, 10.0, 100.0])[:, None, None]
    profile = profile_data(images, np.arange(50) % 2)
    assert profile["kind"] == "image"
    assert [f["name"] for f in profile["train"]["features"]] == ["channel0", "channel1", "channel2"]
    assert feature(profile, "channel2")["max"] == pytest.approx(100, rel=0.05)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((X, Y[:-1]), "y has 499 values for 500 examples"),
        ((X, Y, X[:, :2]), "X has 3 columns, but X_val has 2"),
        (([[1, 2], [3]],), "rows of equal length"),
        ((3.0,), "single number"),
        ((X + 1j,), "complex"),
    ],
)
def test_what_cannot_be_read_is_named_in_one_line(args, said):
    with pytest.raises(ValueError, match=said) as error:
        profile_data(*args)
    assert "\n" not in str(error.value)


def test_names_of_another_number_than_columns():
    with pytest.raises(ValueError, match="2 names for 3 columns"):
        profile_data(X, feature_names=["a", "b"])


@pytest.mark.parametrize("empty", [np.empty((0, 3)), np.empty((5, 0)), [], np.full((6, 2), np.nan), np.zeros((1, 1))])
def test_little_or_nothing_gives_a_profile_too(empty):
    profile = profile_data(empty, np.zeros(len(empty)))
    VALID.validate(profile)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.floats(width=64), st.floats(width=64), st.integers(-(2**62), 2**62)), min_size=1, max_size=40)
)
def test_whatever_the_numbers_the_result_is_strict_json_by_its_schema(rows):
    values = np.array([[float(v) for v in row] for row in rows])
    profile = profile_data(values, values[:, 2], values[:1], values[:1, 0])
    text = json.dumps(profile, allow_nan=False)
    VALID.validate(json.loads(text))
    assert read_profile(json.loads(text)).notes == ()


# -- its cost --------------------------------------------------------------------------------------------------------


def test_a_million_examples_are_sampled_the_same_way_each_time_and_the_sample_is_told():
    many = np.arange(1_000_000, dtype=np.float32).reshape(-1, 1)
    first = profile_data(many, (many[:, 0] > 5e5).astype(int), many[:1000])
    assert first == profile_data(many, (many[:, 0] > 5e5).astype(int), many[:1000])
    assert (first["train"]["rows"], first["train"]["rows_read"]) == (1_000_000, 200_000)
    assert first["overlap"]["share"] == pytest.approx(1.0, abs=0.15)
    assert first["train"]["labels_sorted"] is True


def test_a_hundred_thousand_columns_are_summed_up():
    wide = np.random.default_rng(0).normal(size=(120, 100_000)).astype(np.float32)
    profile = profile_data(wide)
    assert profile["columns"]["count"] == 100_000
    assert len(profile["train"]["features"]) == 200
    assert len(json.dumps(profile)) < 300_000


# -- reading ---------------------------------------------------------------------------------------------------------


def test_what_was_written_is_read_without_a_note():
    dataset = read_profile(json.loads(json.dumps(profile_data(X, Y, X[:100], Y[:100]))))
    assert dataset.notes == ()
    assert dataset.train.rows == 500
    assert dataset.target.n_classes == 2
    assert [f.name for f in dataset.features] == ["x0", "x1", "x2"]


def test_a_value_that_does_not_fit_costs_itself_alone():
    profile = profile_data(X, Y)
    profile["train"]["rows"] = "many"
    profile["train"]["features"][1]["std"] = -3
    profile["target"]["class_counts"] = ["?"]
    dataset = read_profile(profile)
    assert dataset.train.rows is None
    assert dataset.features[1].std is None
    assert dataset.features[1].mean is not None
    assert dataset.target.n_classes == 2
    assert "dataset profile: rows: 'many' is not valid, so it was ignored" in dataset.notes


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"target": {"kind": "classification", "n_classes": 2, "class_counts": {"a": 1, "b": 1, "c": 1}}},
            "contradict",
        ),
        ({"train": {"rows": 10, "duplicates": 50}}, "some counts exceed the number of examples"),
        ({"validation": {"rows": 5}, "overlap": {"rows": 50, "share": 1.0}}, "more overlapping examples"),
        ({"target": {"smallest_class": 9, "largest_class": 2}}, "smallest_class is above largest_class"),
        ({"target": {"smallest_label": 9, "largest_label": 2}}, "smallest_label is above largest_label"),
        ({"train": {"features": [{"min": 3, "max": 1}]}}, "minimum above"),
        ({"shift": {"tested": 3, "shifted": 5}}, "more shifted features"),
        ({"schema_version": 7}, "schema version"),
        ({"columns_of_another_tool": 1}, "unknown keys ignored"),
    ],
)
def test_contradictions_are_left_out_and_noted(change, said):
    dataset = read_profile(change)
    assert any(said in n for n in dataset.notes)
    assert dataset.overlap.share is None
    assert dataset.target.largest_class is None
    assert dataset.features == ()


@pytest.mark.parametrize("foreign", [None, 3, [], "profile", [{"a": 1}]])
def test_what_is_no_mapping_gives_nothing_and_a_note(foreign):
    dataset = read_profile(foreign)
    assert dataset == Dataset(notes=dataset.notes)
    assert len(dataset.notes) == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(
        ["rows", "features", "target", "train", "validation", "mean", "n_classes", "class_counts", "columns", "overlap"]
    ), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(list(Profile.model_fields)), json_values))
def test_no_profile_whatever_breaks_the_reader_or_a_diagnosis(profile):
    assert len(read_profile(profile).notes) <= 6
    report = diagnose(Run.from_dict({"id": "r", "profile": profile}))
    assert not [s for s in report.skipped if "failed" in s.reason and s.code in OWN]


OWN = ("DS206", "DS210", "DS211", "DS213", "DS214", "PP302", "PP303", "PP304", "PP305", "PP306", "PP308")


@pytest.mark.parametrize("layout", ["list", "mapping", "columns as keys"])
def test_a_profile_of_a_hundred_thousand_columns_is_read_in_bounded_time(layout):
    features = [{"name": f"x{i}", "mean": 0.1, "std": 1.0, "min": -3.0, "max": 3.0} for i in range(100_000)]
    by_name = {f["name"]: f for f in features}
    profile = {
        "list": {"train": {"rows": 10, "features": features}},
        "mapping": {"train": {"rows": 10, "features": by_name}},
        "columns as keys": by_name,
    }[layout]
    spent = []
    for _ in range(5):
        start = time.process_time()
        dataset = read_profile(profile)
        spent.append(time.process_time() - start)
    # Of the CPU, and the best of five: the machine may be busy.
    assert min(spent) < 0.05
    assert dataset.notes


def test_the_report_says_what_of_a_profile_was_left_out():
    report = diagnose(Run.from_dict({"id": "r", "profile": {"train": {"rows": "many"}}}))
    assert "dataset profile: rows: 'many' is not valid, so it was ignored" in report.notes


# -- declared inputs -------------------------------------------------------------------------------------------------


def as_logged(data, context):
    described = data.to_dict()
    return {
        "name": described["name"],
        "digest": described["digest"],
        "context": context,
        "profile": json.loads(described["profile"]),
        "schema": json.loads(described["schema"]),
    }


# mlflow calls pandas in a way that pandas 4 will refuse.
@pytest.mark.filterwarnings("ignore:Starting with pandas version 4.0 all arguments of all")
def test_inputs_as_mlflow_declares_them():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    inputs = [
        as_logged(mlflow.data.from_numpy(X, targets=Y), "training"),
        as_logged(mlflow.data.from_pandas(frame[:100]), "validation"),
        as_logged(mlflow.data.from_numpy({"u": X, "v": X[:, 0]}), "test"),
    ]
    dataset = read_dataset(None, inputs)
    assert [(i.side, i.rows, i.columns) for i in dataset.inputs] == [
        ("train", 500, 3),
        ("validation", 100, None),
        ("test", 500, 4),
    ]
    assert dataset.inputs[1].types == {"a": "double", "b": "double", "c": "double"}
    assert (dataset.train.rows, dataset.validation.rows) == (500, 100)


def test_the_profile_speaks_before_the_inputs():
    inputs = [{"context": "train", "profile": {"num_rows": 3}}]
    assert read_dataset({"train": {"rows": 7}}, inputs).train.rows == 7
    assert read_dataset({}, inputs).train.rows == 3
    assert read_dataset(None, []) is None


@given(st.lists(st.dictionaries(st.sampled_from(["context", "digest", "profile", "schema"]), json_values), max_size=3))
def test_no_declared_input_whatever_breaks_the_reader(inputs):
    assert read_dataset(None, inputs) is None or inputs


# -- its documentation -----------------------------------------------------------------------------------------------


def test_the_published_schema_is_that_of_the_code():
    assert json.loads((ROOT / "docs" / "reference" / "profile.schema.json").read_text(encoding="utf-8")) == schema()


def test_every_fact_is_on_the_page():
    page = (ROOT / "docs" / "how-to" / "profile.md").read_text(encoding="utf-8")
    names = {p for d in [schema(), *schema()["$defs"].values()] for p in d.get("properties", {})}
    assert not [n for n in sorted(names) if f"`{n}`" not in page]


def test_nothing_slow_is_imported_with_the_package():
    code = "import sys, tracker_diag; print([m for m in ('pandas', 'scipy', 'pydantic') if m in sys.modules])"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert made.stdout.strip() == "[]"
