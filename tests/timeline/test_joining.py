"""Stretches joined, set apart, left out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.timeline.logs import FloatArray, cut, falling, noisy, rises, stretch
from tracker_diag.core.run import Records
from tracker_diag.timeline.joining import Joined, join
from tracker_diag.timeline.seams import Seam
from tracker_diag.timeline.stretches import Stretch, stretches


def joined(*found: Stretch) -> Joined:
    return join({"loss": list(found)}, ["loss"])


def at(found: Joined, name: str = "loss") -> list[int]:
    return list(found.curves[name].at)


def aside(found: Joined, name: str = "loss") -> list[list[int]]:
    return [part.at.tolist() for part in found.aside[name]]


def test_epochs_of_one_training_get_steps_that_count_on() -> None:
    found = joined(*cut(noisy(falling(75), 0), 25, 25, 25))
    assert found.seams == (Seam.ON, Seam.ON)
    assert found.curves["loss"].steps.tolist() == list(range(75))
    assert at(found) == list(range(75))
    assert aside(found) == []


def test_the_spacing_of_steps_is_kept_at_a_seam() -> None:
    values = noisy(falling(40), 0)
    found = joined(stretch(np.arange(20) * 50, values[:20]), stretch(np.arange(20) * 50, values[20:], 20))
    assert found.curves["loss"].steps.tolist() == (np.arange(40) * 50).tolist()


def test_the_last_of_several_trainings_is_taken() -> None:
    found = joined(*cut(noisy(np.tile(falling(20), 3), 0), 20, 20, 20))
    assert found.seams == (Seam.NEW, Seam.NEW)
    assert at(found) == list(range(40, 60))
    assert found.curves["loss"].steps.tolist() == list(range(20))
    assert aside(found) == [list(range(20)), list(range(20, 40))]


def test_a_last_training_of_two_parts_is_joined() -> None:
    values = noisy(np.append(falling(40), falling(40)), 0)
    found = joined(*cut(values, 40, 20, 20))
    assert found.seams == (Seam.NEW, Seam.ON)
    assert at(found) == list(range(40, 80))
    assert aside(found) == [list(range(40))]


def test_what_a_resumed_run_logs_anew_takes_the_place() -> None:
    first = stretch(range(40), falling(80)[:40])
    again = stretch(range(30, 80), noisy(falling(80)[30:], 0, 0.002), 40)
    found = joined(first, again)
    assert found.seams == (Seam.BACK,)
    assert found.curves["loss"].steps.tolist() == list(range(80))
    assert at(found) == [*range(30), *range(40, 90)]
    assert aside(found) == [list(range(30, 40))]


def test_where_nothing_is_shown_the_longest_stretch_is_taken_the_later_of_two() -> None:
    flat = np.full(50, 2.3)
    assert at(joined(*cut(flat, 10, 25, 15))) == list(range(10, 35))
    assert at(joined(*cut(flat, 25, 25))) == list(range(25, 50))
    assert joined(*cut(flat, 25, 25)).seams == (Seam.OPEN,)


def test_a_seam_that_is_open_by_itself_is_decided_by_all() -> None:
    """The fourth stretch begins between where the training stood and where it began."""
    values = noisy(falling(100), 0, 0.02)
    values[60:64] = 1.1
    found = joined(*cut(values, 20, 20, 20, 20, 20))
    alone = joined(*cut(values, 60, 20))
    assert alone.seams == (Seam.OPEN,)
    assert found.seams == (Seam.ON,) * 4


def test_metrics_that_say_nothing_follow() -> None:
    rate = np.full(40, 0.1)
    for whole, expected in ((falling(40), range(40)), (np.tile(falling(20), 2), range(20, 40))):
        found = join({"loss": cut(noisy(whole, 0), 20, 20), "lr": cut(rate, 20, 20)}, ["loss"])
        assert at(found, "lr") == at(found, "loss") == list(expected)


def test_metrics_are_moved_together() -> None:
    """Validation is logged at the last batch of each epoch, and stays there."""
    loss = cut(noisy(falling(60), 0), 20, 20, 20)
    val = [stretch([9, 19], falling(6)[2 * i : 2 * i + 2], 2 * i) for i in range(3)]
    found = join({"loss": loss, "val_loss": val}, ["loss", "val_loss"])
    assert found.seams == (Seam.ON, Seam.ON)
    assert found.curves["loss"].steps.tolist() == list(range(60))
    assert found.curves["val_loss"].steps.tolist() == [9, 19, 29, 39, 49, 59]


@pytest.mark.parametrize("share", [0.02, 0.05, 0.1])
def test_steps_that_rise_are_not_moved(share: float) -> None:
    values = noisy(falling(40), 0, share)
    found = joined(stretch(range(20), values[:20]), stretch(range(90, 110), values[20:], 20))
    assert found.seams == (Seam.ON,)
    assert found.curves["loss"].steps.tolist() == [*range(20), *range(90, 110)]


def test_steps_too_large_to_count_on_take_the_order_of_logging() -> None:
    values = noisy(falling(40), 0)
    found = joined(stretch(np.arange(20) * 1e97, values[:20]), stretch(range(20), values[20:], 20))
    assert found.seams == (Seam.ON,)
    assert found.curves["loss"].steps.tolist() == list(range(40))


def a_counter(draw: st.DrawFn) -> FloatArray:
    """Steps of stretches one after another, each rising, of any unit."""
    kinds = st.one_of(st.integers(-40, 40).map(float), st.floats(-1e3, 1e3), st.sampled_from([1e15, -1e99, 1e99]))
    sizes = draw(st.lists(st.integers(1, 8), min_size=2, max_size=6))
    return np.concatenate([np.sort(draw(st.lists(kinds, min_size=n, max_size=n, unique=True))) for n in sizes])


@st.composite
def a_cut(draw: st.DrawFn) -> dict[str, list[Stretch]]:
    """Metrics with as many stretches each."""
    names = draw(st.lists(st.sampled_from(["loss", "val_loss", "lr"]), min_size=1, unique=True))
    found = {}
    for name in names:
        steps = a_counter(draw)
        values = draw(st.lists(st.floats(-5, 5) | st.just(np.nan), min_size=steps.size, max_size=steps.size))
        found[name] = [one for one in stretches(Records(steps, np.array(values))) if one.steps.size]
    count = min(map(len, found.values()))
    return {name: parts[:count] for name, parts in found.items()}


@given(a_cut(), st.booleans())
def test_each_record_is_in_the_curve_or_aside_once(parts: dict[str, list[Stretch]], all_say: bool) -> None:
    found = join(parts, [name for name in parts if all_say or name == "loss"])
    assert len(found.seams) == len(next(iter(parts.values()))) - 1
    for name, before in parts.items():
        curve = found.curves[name]
        after = [*at(found, name), *(i for part in aside(found, name) for i in part)]
        assert sorted(after) == sorted(int(i) for one in before for i in one.at)
        values = {int(i): v for one in before for i, v in zip(one.at, one.values, strict=True)}
        assert all(values[i] == v or v != v for i, v in zip(at(found, name), curve.values, strict=True))
        assert rises(curve.steps)
        assert all(part.steps.size for part in found.aside[name])


@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.sampled_from([8, 20, 60]), st.booleans())
def test_at_little_noise_each_record_of_the_last_training_is_kept(seed: int, times: int, n: int, new: bool) -> None:
    whole = np.tile(falling(n), times) if new else falling(n * times)
    found = joined(*cut(noisy(whole, seed, 0.02), *[n] * times))
    assert set(found.seams) == {Seam.NEW if new else Seam.ON}
    assert at(found) == list(range(n * (times - 1) if new else 0, n * times))
