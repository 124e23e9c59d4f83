"""Facts of batches against figures that are known, of every form a batch comes in, and of what is none."""

from __future__ import annotations

import math
from collections import UserDict, namedtuple
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy import stats

from tracker_diag.probes.batch_facts import (
    BatchLog,
    agreement_by_chance,
    centred_ranks,
    example_hashes,
    facts_of,
    facts_of_labels,
    fingerprint,
    labels_of,
    non_finite_share,
    split_batch,
)


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


X, Y = rng().normal(2, 3, size=(32, 64)).astype(np.float32), np.arange(32) % 4
Pair = namedtuple("Pair", "x y")
Points = namedtuple("Points", "left right")


class Tensor:
    """What is asked of a tensor of PyTorch, and a note of how much of it was moved to the processor."""

    moved = 0

    def __init__(self, values: Any, half: bool = False) -> None:
        self.values, self.half = np.asarray(values), half
        self.shape, self.dtype = self.values.shape, self.values.dtype

    def detach(self) -> Tensor:
        return self

    def __getitem__(self, key: Any) -> Tensor:
        return Tensor(self.values[key], self.half)

    def float(self) -> Tensor:
        return Tensor(self.values)

    def cpu(self) -> Tensor:
        Tensor.moved += self.values.size
        return self

    def numpy(self) -> np.ndarray:
        if self.half:
            raise TypeError("Got unsupported ScalarType BFloat16")
        return self.values

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        raise TypeError("can't convert cuda:0 device type tensor to numpy")

    def reshape(self, *shape: int) -> Tensor:
        return Tensor(self.values.reshape(*shape), self.half)


class Odd:
    """Raises at whatever is asked of it."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


# -- inputs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "inputs",
    [X, X.astype(np.float64), X.tolist(), Tensor(X), Tensor(X, half=True), {"x": X}, (X,), {"x": X, "mask": Y}],
    ids=["single", "double", "lists", "tensor", "bfloat16", "mapping", "tuple", "beside a mask"],
)
def test_moments_are_those_of_numpy_in_every_form(inputs: Any) -> None:
    seen = facts_of(inputs)
    assert seen is not None
    assert (seen.mean, seen.std) == pytest.approx((X.mean(), X.std()), rel=1e-4)
    assert (seen.min, seen.max) == pytest.approx((X.min(), X.max()))
    assert (seen.zeros, seen.non_finite, seen.same, seen.tokens) == (0, 0, 0, False)


def test_zeros_and_what_is_not_finite_are_shares_and_left_out_of_the_moments() -> None:
    values = np.array([[0.0, np.nan, 2.0, 4.0], [0.0, np.inf, 2.0, 4.0]])
    seen = facts_of(values)
    assert seen is not None
    assert (seen.zeros, seen.non_finite, seen.mean, seen.min, seen.max) == (0.25, 0.25, 2.0, 0.0, 4.0)
    none = facts_of(np.full((2, 2), np.nan))
    assert none is not None
    assert math.isnan(none.mean)
    assert none.non_finite == 1


def test_examples_that_equal_the_first_are_counted() -> None:
    values = X.copy()
    values[[3, 8]] = values[0]
    values[5, 0] = values[0, 0]
    assert facts_of(values).same == pytest.approx(2 / 31)  # type: ignore[union-attr]
    assert facts_of(np.zeros((4, 2))).same == 1  # type: ignore[union-attr]
    assert facts_of(X[:1]).same is None  # type: ignore[union-attr]
    assert facts_of({"a": np.zeros((4, 2)), "b": X[:4]}).same == 0  # type: ignore[union-attr]


def test_columns_are_compared_without_indicators() -> None:
    table = np.stack([np.full(8, 300.0), np.full(8, -3.0), np.arange(8) == 0, np.zeros(8), np.ones(8)], axis=1)
    assert facts_of(table).scale_ratio == pytest.approx(100)  # type: ignore[union-attr]
    assert facts_of(table[:, 2:]).scale_ratio is None  # type: ignore[union-attr]
    assert facts_of(rng().normal(size=(4, 1001))).scale_ratio is None  # type: ignore[union-attr]
    assert facts_of(rng().normal(size=(4, 8, 8))).scale_ratio is None  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("inputs", "tokens"),
    [
        (rng().integers(0, 999, (8, 20)), True),
        ({"input_ids": rng().integers(0, 999, (8, 20)), "attention_mask": np.ones((8, 20), int)}, True),
        (rng().integers(0, 255, (8, 3, 9, 9)), False),
        (rng().integers(0, 255, (8, 81)).astype(np.uint8), False),
        (X, False),
    ],
)
def test_token_ids_are_told_from_pictures_and_numbers(inputs: Any, tokens: bool) -> None:
    assert facts_of(inputs).tokens is tokens  # type: ignore[union-attr]


@pytest.mark.parametrize("shape", [(4096, 3, 224, 224), (64, 2000, 100), (1, 10**7), (10**6,), (200, 1000)])
def test_little_is_read_of_however_much(shape: tuple[int, ...]) -> None:
    Tensor.moved = 0
    large = Tensor(np.broadcast_to(np.float32(3), shape))
    assert facts_of(large).mean == 3  # type: ignore[union-attr]
    assert 0 < Tensor.moved <= 5000


def test_pictures_that_are_no_one_array_are_examples() -> None:
    pictures = [np.full((3, 8, 8), float(i)) for i in range(4)]
    assert facts_of(pictures).same == 0  # type: ignore[union-attr]
    assert facts_of(tuple(map(Tensor, pictures))).max == 3  # type: ignore[union-attr]
    assert facts_of([np.zeros((3, 8, 8)), np.zeros((3, 9, 8))]) is None


ODD = [
    None, 3, "text", [], {}, (), [[1.0], [1.0, 2.0]], ["a", "b"], [None], np.array(["a"]), np.array(5.0),
    np.zeros((0, 3)), np.zeros((3, 0)), np.array([1 + 2j]), np.array(["2020-01-01"], "M8[D]"), Odd(), [Odd()],
    {"a": Odd()}, [{}], [[], []], {1: {2: {}}}, np.array([object()]), ([np.zeros((3, 2, 2)), Odd()],),
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_what_is_no_batch_gives_nothing_and_raises_nothing(odd: Any) -> None:
    assert facts_of(odd) is None
    assert facts_of_labels(odd) is None
    assert fingerprint(odd, odd) is None
    assert example_hashes(odd) == ()
    assert non_finite_share(odd) == 0
    log = BatchLog()
    log.add(odd, odd)
    assert log.figures() == {"batches_added": 1}


NESTED = st.recursive(
    st.one_of(
        st.none(),
        st.text(max_size=3),
        st.integers(),
        st.floats(),
        npst.arrays(
            st.one_of(
                npst.floating_dtypes(), npst.integer_dtypes(), npst.boolean_dtypes(), npst.unicode_string_dtypes()
            ),
            npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.tuples(inner, inner), st.dictionaries(st.sampled_from("axy"), inner)
    ),
    max_leaves=6,
)


@given(batch=NESTED)
def test_whatever_a_loader_gives_is_read_or_left(batch: Any) -> None:
    inputs, targets = split_batch(batch)
    assert fingerprint(inputs, targets) == fingerprint(inputs, targets)
    facts_of(inputs)
    facts_of_labels(targets)
    example_hashes(inputs)
    assert 0 <= non_finite_share(inputs) <= 1
    log = BatchLog()
    log.add(inputs, targets)
    assert all(math.isfinite(value) for value in log.figures().values())


# -- inputs and targets apart --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "batch",
    [(X, Y), [X, Y], (X, Y, np.ones(32)), Pair(X, Y), [{"a": X}, Y], ((X, X), Y), (X.tolist(), Y.tolist())],
)
def test_a_pair_is_inputs_and_targets(batch: Any) -> None:
    _, targets = split_batch(batch)
    assert np.array_equal(targets, Y)


@pytest.mark.parametrize("name", ["labels", "label", "y", "target", "targets"])
@pytest.mark.parametrize("form", [dict, UserDict])
def test_labels_of_a_mapping_go_by_these_names(name: str, form: Any) -> None:
    inputs, targets = split_batch(form({"ids": X, name: Y}))
    assert list(inputs) == ["ids"]
    assert targets is Y


@pytest.mark.parametrize("batch", [X, X.tolist(), [X], (X,), {"ids": X}, [[1.0, 2.0], [3.0, 4.0]], []])
def test_inputs_alone_have_no_targets(batch: Any) -> None:
    assert split_batch(batch)[1] is None


@pytest.mark.parametrize("batch", [[Odd(), Odd()], Odd(), (Odd(), Odd())], ids=["list", "object", "pair"])
def test_a_batch_that_raises_is_split_all_the_same(batch: Any) -> None:
    inputs, targets = split_batch(batch)
    assert facts_of(inputs) is facts_of_labels(targets) is None


def test_a_named_tuple_without_a_label_is_a_pair() -> None:
    left, right = split_batch(Points(X, Y))
    assert left is X
    assert right is Y


# -- labels --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("targets", "kind", "one_each"),
    [
        (Y, "classes", True),
        (Y.tolist(), "classes", True),
        (Y.reshape(-1, 1), "classes", True),
        (Tensor(Y), "classes", True),
        (Y % 2 == 0, "classes", True),
        (np.eye(4)[Y], "classes", True),
        ((Y % 2).astype(np.float32), "classes", True),
        ({"task": Y}, "classes", True),
        ((Y, Y), "classes", True),
        (np.tile(Y, (5, 1)).T, "classes", False),
        (Y / 7, "numbers", True),
        (rng().normal(size=(32, 3)), "numbers", False),
    ],
)
def test_the_kind_of_labels(targets: Any, kind: str, one_each: bool) -> None:
    seen = labels_of(targets)
    assert seen is not None
    assert (seen.kind, seen.one_each) == (kind, one_each)


def test_figures_of_classes_leave_padding_out() -> None:
    seen = facts_of_labels(np.array([0, 0, 0, 2, -100, -100]))
    assert seen is not None
    assert (seen.n, seen.distinct, seen.top_share, seen.min, seen.max) == (4, 2, 0.75, 0, 2)
    assert seen.entropy == pytest.approx(stats.entropy([0.75, 0.25]))
    assert facts_of_labels(np.array([-100, -100])) is None


def test_figures_of_numbers_leave_out_what_is_not_finite() -> None:
    seen = facts_of_labels(np.array([1.5, np.nan, 4.5, np.inf]))
    assert seen is not None
    assert (seen.kind, seen.mean, seen.std, seen.non_finite) == ("numbers", 3.0, 1.5, 0.5)
    assert facts_of_labels(np.array([np.nan])) is None


@pytest.mark.parametrize("form", [np.asarray, Tensor])
def test_of_a_large_batch_labels_are_read_all_over_and_beside_each_other(form: Any) -> None:
    ordered, turns = np.repeat(np.arange(10), 10_000), np.tile(np.arange(10), 10_000)
    for labels, top in ((ordered, 0.1), (turns, 0.1)):
        seen = facts_of_labels(form(labels))
        assert seen is not None
        assert (seen.n, seen.distinct) == (4096, 10)
        assert seen.top_share == pytest.approx(top, abs=0.02)
    assert logged([(X, ordered)])["label_order"] > 0.95
    assert logged([(X, turns)])["label_order"] < 0
    assert facts_of_labels(form(np.full((5000, 3000), 7))).n <= 4096  # type: ignore[union-attr]


def test_several_labels_an_example_are_not_read() -> None:
    assert labels_of(np.array([[1, 1, 0], [0, 0, 0]])) is None


def test_boxes_of_pictures_are_no_labels() -> None:
    assert labels_of([{"boxes": X}, {"boxes": X}]) is None


# -- hashes --------------------------------------------------------------------------------------------------------


def test_equal_batches_have_equal_fingerprints_and_others_do_not() -> None:
    other = X.copy()
    other[31, 63] += 1
    prints = [fingerprint(x, y) for x, y in ((X, Y), (other, Y), (X, Y + 1), (X[::-1], Y), (X, None))]
    assert fingerprint(X.copy(), Y.copy()) == prints[0]
    assert len(set(prints)) == 5


def test_a_fingerprint_is_the_same_in_every_process() -> None:
    assert fingerprint(np.arange(6, dtype=np.float32).reshape(2, 3), np.array([0, 1])) == 3588687500762797677


def test_examples_are_hashed_one_by_one() -> None:
    first, second, third = example_hashes({"a": np.array([[1.0], [2.0], [1.0]]), "b": np.array([[0.5], [0.5], [0.5]])})
    assert first == third != second


def test_all_values_are_searched_for_what_is_not_finite() -> None:
    large = np.zeros((500, 500))
    large[123, 457] = np.nan
    assert non_finite_share(large) == 1 / 250_000
    assert non_finite_share({"a": Tensor(large), "b": Y}) == 1 / 250_000


# -- the log -------------------------------------------------------------------------------------------------------


def logged(batches: Any) -> dict[str, float]:
    log = BatchLog()
    for inputs, targets in batches:
        log.add(inputs, targets)
    return log.figures()


def cut(inputs: np.ndarray, targets: np.ndarray, size: int) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(inputs[i : i + size], targets[i : i + size]) for i in range(0, len(targets), size)]


def test_figures_are_those_of_all_batches_together() -> None:
    inputs = rng().normal(1e6, 1, size=(320, 7))
    labels = rng().integers(0, 5, 320)
    seen = logged(cut(inputs, labels, 32))
    assert seen["input_mean"] == pytest.approx(inputs.mean())
    assert seen["input_std"] == pytest.approx(inputs.std(), rel=1e-6)
    assert (seen["input_min"], seen["input_max"]) == (inputs.min(), inputs.max())
    assert seen["label_top_share"] == pytest.approx(
        np.mean([np.bincount(b).max() / 32 for b in labels.reshape(10, 32)])
    )
    assert (seen["classes_seen"], seen["label_min"], seen["label_max"]) == (5, 0, 4)
    assert (seen["batches_added"], seen["batches_repeated"], seen["label_non_finite"]) == (10, 0, 0)
    assert "target_mean" not in seen


def test_scales_of_columns_are_taken_over_the_batches() -> None:
    inputs = rng().normal(size=(400, 2)) * [1, 50]
    exact = np.sqrt((inputs**2).mean(axis=0))
    assert logged(cut(inputs, np.arange(400) % 4, 4))["input_scale_ratio"] == pytest.approx(exact[1] / exact[0])


def test_figures_begin_anew_and_classes_are_remembered() -> None:
    log = BatchLog()
    log.add(X, np.zeros(32, int))
    log.figures()
    assert log.figures() == {"batches_added": 0}
    log.add(X + 5, np.ones(32, int))
    seen = log.figures()
    assert (seen["classes_seen"], seen["label_min"], seen["batches_added"]) == (2, 1, 1)
    assert seen["input_mean"] == pytest.approx((X + 5).mean(), rel=1e-4)


def test_shuffled_labels_are_as_expected_and_sorted_ones_are_not() -> None:
    labels = rng().integers(0, 10, 6400)
    inputs = rng().normal(size=(6400, 1))
    mixed, ordered = logged(cut(inputs, labels, 32)), logged(cut(inputs, np.sort(labels), 32))
    assert mixed["label_top_share"] == pytest.approx(mixed["label_top_share_expected"], abs=0.02)
    assert mixed["label_entropy"] == pytest.approx(mixed["label_entropy_expected"], abs=0.03)
    assert abs(mixed["label_order"]) < 0.08
    assert ordered["label_top_share_expected"] == mixed["label_top_share_expected"]
    assert ordered["label_top_share"] > 0.95
    assert ordered["label_order"] > 0.95


def test_a_single_batch_is_what_it_is_expected_to_be() -> None:
    seen = logged([(X, Y)])
    assert seen["label_top_share"] == seen["label_top_share_expected"] == 0.25
    assert seen["label_entropy"] == pytest.approx(seen["label_entropy_expected"])


def test_some_batches_of_each_hundred_give_the_figures_of_all() -> None:
    labels, inputs = rng().integers(0, 3, 32 * 2000), rng().normal(size=(32 * 2000, 4))
    batches = cut(inputs, labels, 32)
    part, whole = logged([b for i, b in enumerate(batches) if i % 100 < 8]), logged(batches)
    assert part.keys() == whole.keys()
    for name in ("label_top_share", "label_top_share_expected", "label_entropy", "input_std", "input_mean"):
        assert part[name] == pytest.approx(whole[name], abs=0.02)
    # Between two batches that are not neighbours, no examples are.
    halves = [(inputs[:2], np.array([i, 1 - i])) for i in (0, 1, 0, 1)]
    assert logged(halves)["label_order"] < -0.5


def test_numbers_have_moments_and_an_order_of_ranks() -> None:
    values = np.sort(rng().standard_cauchy(640))
    seen, mixed = (
        logged(cut(X.reshape(-1)[:640], values, 32)),
        logged(cut(X.reshape(-1)[:640], rng().permutation(values), 32)),
    )
    assert seen["target_mean"] == pytest.approx(values.mean())
    assert seen["target_std"] == pytest.approx(values.std())
    assert seen["label_order"] == pytest.approx(1, abs=0.02)
    assert abs(mixed["label_order"]) < 0.12
    assert not {"label_top_share", "classes_seen", "label_entropy"} & seen.keys()


def test_numbers_that_are_all_0_or_1_in_one_batch_are_numbers_still() -> None:
    seen = logged([(X, np.ones(32)), (X, rng().normal(size=32)), (X, np.zeros(32))])
    assert "target_std" in seen
    assert "classes_seen" not in seen


def test_labels_that_are_not_of_examples_have_no_order_and_nothing_expected() -> None:
    seen = logged([(rng().integers(0, 99, (8, 30)), rng().integers(0, 99, (8, 30)))])
    assert {"label_top_share", "label_entropy", "classes_seen"} < seen.keys()
    assert not {"label_order", "label_top_share_expected"} & seen.keys()


def test_of_token_ids_nothing_is_said_of_size() -> None:
    seen = logged([(rng().integers(0, 999, (8, 20)), Y[:8])])
    assert {name for name in seen if name.startswith("input")} == {"input_same", "input_non_finite"}


def test_batches_that_come_again_are_counted_within_an_epoch() -> None:
    log = BatchLog()
    for inputs in (X, X + 1, X):
        log.add(inputs, Y)
    assert log.figures()["batches_repeated"] == pytest.approx(1 / 3)
    log.add(X + 1, Y)
    assert log.figures()["batches_repeated"] == 1
    log.new_epoch()
    log.add(X, Y)
    assert log.figures()["batches_repeated"] == 0


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker_diag.probes.batch_facts.BATCHES", 3)
    log = BatchLog()
    for i in (0, 1, 2, 3, 0, 3):
        log.add(X + i, Y)
    assert log.figures()["batches_repeated"] == pytest.approx(1 / 6)


def test_a_vocabulary_is_not_counted_to_its_end() -> None:
    seen = logged([(X[:1], np.arange(4000).reshape(1, -1))])
    assert "classes_seen" not in seen
    assert seen["label_entropy"] == pytest.approx(math.log(4000))


@given(npst.arrays(np.float64, st.integers(1, 30), elements=st.integers(-3, 3)))
def test_ranks_are_those_of_scipy(values: np.ndarray) -> None:
    assert centred_ranks(values) == pytest.approx(stats.rankdata(values) - (len(values) + 1) / 2)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=6).filter(lambda c: sum(c) > 1))
def test_agreement_by_chance_is_that_of_all_pairs(counts: list[int]) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    equal = (labels[:, None] == labels).sum() - len(labels)
    assert agreement_by_chance(np.array(counts)) == pytest.approx(equal / (len(labels) * (len(labels) - 1)))


def test_tensors_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    inputs = torch.from_numpy(X).requires_grad_()
    assert facts_of(inputs) == facts_of(X)
    assert fingerprint(inputs, torch.from_numpy(Y)) == fingerprint(X, Y)
    assert facts_of(inputs.bfloat16()).mean == pytest.approx(X.mean(), rel=0.01)  # type: ignore[union-attr]
    assert facts_of_labels(torch.from_numpy(Y)) == facts_of_labels(Y)
