"""A name with a word that nobody knows is of no split, unless it says so or its counterpart does."""

from __future__ import annotations

from string import ascii_lowercase
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.roles.test_resolve import curve, metric_names, of
from tracker_diag.core.run import Run
from tracker_diag.roles.metric_names import read_metric, read_plain
from tracker_diag.roles.resolve import resolve
from tracker_diag.settings.settings import Settings

LATIN = st.text(alphabet="bcdfghjkqwxz", min_size=5, max_size=9)
OTHER_SCRIPTS = st.text(alphabet="ԱԲԳԴԵԶԷԸაბგდევზᏣᏤᏥᏦᏧᏨ", min_size=2, max_size=6)
WORDS = LATIN | OTHER_SCRIPTS


@given(
    WORDS,
    st.sampled_from(["loss", "accuracy", "f1", "rmse"]),
    st.sampled_from(["{}_{}", "{}/{}", "{} ({})", "{1}.{0}"]),
)
def test_it_is_no_training_curve_by_default(word: str, quantity: str, style: str) -> None:
    name = style.format(quantity, word)
    assert metric_names(of({"train_loss": 20, name: 20})).items() >= {("train_loss", "train_loss")}
    assert name not in metric_names(of({name: 20})).values()


@given(WORDS)
def test_the_side_that_it_names_counts(word: str) -> None:
    names = metric_names(of({f"train_{word}_loss": 20, f"val_{word}_loss": 20}))
    assert names == {"train_loss": f"train_{word}_loss", "val_loss": f"val_{word}_loss"}


@given(WORDS)
def test_its_counterpart_says_which_side_it_is(word: str) -> None:
    names = metric_names(of({f"{word}_loss": 20, f"val_{word}_loss": 20}))
    assert names == {"train_loss": f"{word}_loss", "val_loss": f"val_{word}_loss"}


@pytest.mark.parametrize(
    "name", ["F1_Validierung", "验证rmse", "val_损失", "Précision (validation)", "потери_валидация"]
)
def test_validation_in_other_languages_is_validation(name: str) -> None:
    reading = read_metric(name)
    assert reading is not None
    assert reading.split == "val"


@pytest.mark.parametrize("form", ["NFC", "NFD", "ascii", "full width"])
def test_accents_and_forms_of_letters_say_nothing(form: str) -> None:
    name = "perte_entraînement"
    if form == "ascii":
        name = "perte_entrainement"
    elif form == "full width":
        name = "".join(chr(ord(c) + 0xFEE0) for c in "perte_entrainement")
    else:
        name = normalize(form, name)
    assert metric_names(of({name: 20})) == {"train_loss": name}


def test_two_losses_are_found_among_two_hundred_metrics() -> None:
    others = [f"layer.{i}/{what}" for i in range(99) for what in ("weight_norm_hist", "activation_sparsity_q95")]
    names = metric_names(of({**dict.fromkeys(others, 5), "train/loss": 20, "val/loss": 20}))
    assert (names["train_loss"], names["val_loss"]) == ("train/loss", "val/loss")
    assert not set(names.values()) & {n for n in others if n.endswith("q95")}


def test_names_of_250_letters_are_read_to_their_end() -> None:
    prefix = "/".join(ascii_lowercase[i % 20] * 20 for i in range(11)) + "/"
    names = [f"{prefix}{'x' * (250 - len(prefix) - len(rest))}{rest}" for rest in ("/train_loss", "/val_loss")]
    assert {len(name) for name in names} == {250}
    assert set(metric_names(of(dict.fromkeys(names, 20)))) >= {"train_loss", "val_loss"}


@pytest.mark.parametrize(
    "name",
    ["eta_seconds", "lr_time_ms", "samples_per_epoch", "num_correct", "batch_cost", "val_check_interval", "learn_time",
     "loss_delta", "Δloss", "best_val_loss", "heat_loss_W", "eta", "Rollout/Success_Count"],
)  # fmt: skip
def test_clocks_counters_and_differences_are_no_roles(name: str) -> None:
    assert metric_names(of({name: 20})) == {}


def test_a_loss_that_is_exactly_nought_throughout_is_none() -> None:
    nought = [[i, 0.0] for i in range(10)]
    run = Run.from_dict({"id": "r", "metrics": {"train_loss": curve("train_loss"), "val_loss": nought}})
    assert metric_names(resolve(run, Settings())) == {"train_loss": "train_loss"}


@pytest.mark.parametrize(
    "word", ["trend", "trade", "traction", "tramp", "bladder", "strata", "tap", "media", "seen", "traffic", "tractor"]
)
def test_english_words_are_no_splits_and_no_losses(word: str) -> None:
    reading = read_metric(f"{word}_dice")
    assert reading is not None
    assert (reading.split, reading.kind, reading.facts.kind) == (None, "score", "overlap")


@pytest.mark.parametrize("name", ["error_rate_train", "success_rate_train", "win_rate_train", "train_hit_rate"])
def test_a_rate_on_training_data_is_no_learning_rate(name: str) -> None:
    reading = read_metric(name)
    assert reading is not None
    assert (reading.split, reading.kind) == ("train", "score")
    assert read_plain(name) == ()
