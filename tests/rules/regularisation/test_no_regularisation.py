import numpy as np
import pytest

from tests.rules.networks import dense, network
from tests.rules.runs import (
    EPOCHS,
    NOTHING,
    SOUND,
    both,
    cause,
    changes,
    falling,
    found,
    gap,
    healthy,
    judge,
    overfitting,
    ranked,
)
from tracker_diag import Severity

NAME = "no-regularisation"
NONE = {**SOUND, "dropout": 0.0, "weight_decay": 0.0}


@pytest.mark.parametrize("curves", [overfitting(), gap()], ids=["overfits", "gap"])
def test_among_the_first_causes_where_nothing_holds_the_run_back(curves):
    report = judge(curves, NONE)
    assert NAME in ranked(report)[:3]
    before, after = changes(report, NAME)["dropout"]
    assert before == 0.0
    assert 0.1 <= after <= 0.5


def test_hardly_where_validation_never_learned_anything():
    """Shuffled labels are learned by heart: no regularisation makes them hold elsewhere."""
    rng = np.random.default_rng(0)
    by_heart = falling(0.05, 10)
    wrong = NOTHING + 0.04 * np.arange(EPOCHS)
    curves = both(by_heart, wrong, 1 - by_heart / NOTHING, 0.1 + 0.01 * rng.standard_normal(EPOCHS))
    report = judge(curves, NONE)
    assert report.verdict == "overfitting"
    assert NAME not in ranked(report)[:2]


def test_dropout_slows_learning_and_so_the_best_step_moves():
    added = changes(judge(overfitting(0.2), NONE), NAME)
    stopped = changes(judge(overfitting(0.2), {**NONE, "dropout": 0.5}), NAME)
    assert added["epochs"][1] == pytest.approx(stopped["epochs"][1] / (1 - added["dropout"][1]), abs=1)
    assert set(changes(judge(gap(), NONE), NAME)) == {"dropout"}


def test_the_wider_the_gap_the_more_dropout():
    proposed = [changes(judge(overfitting(a), NONE), NAME)["dropout"][1] for a in (0.2, 2.0)]
    assert proposed[0] < proposed[1] == 0.5


def test_the_run_s_own_name():
    assert set(changes(judge(overfitting(), {"num_classes": 10, "net.p_drop": 0}), NAME)) == {"net.p_drop"}


@pytest.mark.parametrize(
    "used",
    [{"weight_decay": 1e-2}, {"augmentation": "randaugment"}, {"early_stopping": True}, {"label_smoothing": 0.1},
     {"mixup": 0.2}, {"stochastic_depth": 0.1}],
    ids=str,
)  # fmt: skip
def test_what_counts_as_regularisation(used):
    named = cause(judge(overfitting(), {**NONE, **used}), NAME)
    assert named is None or "the run uses no regularisation" not in named.why


def test_decay_that_does_nothing_does_not_count():
    assert "the run uses no regularisation" in cause(judge(overfitting(), {**NONE, "weight_decay": 1e-9}), NAME).why


@pytest.mark.parametrize("dropout", [0.5, 0.8])
def test_dropout_is_never_lowered(dropout):
    assert set(changes(judge(overfitting(), {**NONE, "dropout": dropout}), NAME)) == {"epochs"}


def test_silent_where_nobody_said_what_there_is():
    assert cause(judge(overfitting(), SOUND), NAME) is None


def test_trees_have_their_own():
    assert cause(judge(overfitting(), {**NONE, "booster": "gbtree", "num_leaves": 31}), NAME) is None


def test_none_at_all_on_a_run_that_does_not_overfit_is_sound():
    report = judge(healthy(), NONE)
    assert found(report, "RG801") is None
    assert report.severity.rank <= Severity.INFO.rank


def test_the_layers_of_the_network_say_that_nothing_regularises():
    report = judge(overfitting(), SOUND, model=network(64, 64, kernel_initializer="HeNormal"))
    assert NAME in ranked(report)[:3]
    assert "the run uses no regularisation" in cause(report, NAME).why
    assert cause(judge(overfitting(), SOUND), NAME) is None


@pytest.mark.parametrize(
    "regularised",
    [
        network(64, kernel_regularizer="L2"),
        network(64, kernel_regularizer="L2", kernel_regularizer_config={"l2": 0.01}),
        {"layers": [dense(64), {"type": "Dropout", "rate": 0.5}, dense(10, "softmax")]},
    ],
    ids=["a penalty", "its strength", "dropout"],
)
def test_what_the_layers_regularise_with_counts(regularised):
    named = cause(judge(overfitting(), SOUND, model=regularised), NAME)
    assert named is None or "the run uses no regularisation" not in named.why


@pytest.mark.parametrize(
    "layers",
    [
        [{"type": "Dense", "units": 64}, {"type": "Dropout"}, {"type": "Dense", "units": 10}],
        [{"type": "Linear", "out_features": 64}, {"type": "Dropout"}, {"type": "Linear", "out_features": 10}],
    ],
    ids=["Keras's summary", "Lightning's"],
)
def test_dropout_whose_rate_is_not_said_is_dropout(layers):
    named = cause(judge(overfitting(), SOUND, model={"layers": layers}), NAME)
    assert named is None or "the run uses no regularisation" not in named.why


def test_a_summary_never_tells_of_penalties_so_none_is_said_to_be_missing():
    layers = [{"type": "Dense", "units": 64}, {"type": "Dense", "units": 10}]
    assert "(dropout is off)" in cause(judge(overfitting(), SOUND, model={"layers": layers}), NAME).why


def test_a_penalty_too_weak_to_matter_is_none():
    weak = network(64, kernel_regularizer="L2", kernel_regularizer_config={"l2": 1e-9})
    assert "the run uses no regularisation" in cause(judge(overfitting(), SOUND, model=weak), NAME).why


@pytest.mark.parametrize(
    "used",
    [{"dropout": 0.2, "weight_decay": 1e-2}, {"hidden_dropout_prob": 0.1, "optim": "adamw_torch"},
     {"augmentation": True, "l2": 1e-3}],
    ids=str,
)  # fmt: skip
def test_silent_where_several_regularisers_are_at_work(used):
    assert cause(judge(overfitting(), {**SOUND, **used}), NAME) is None


@pytest.mark.parametrize(
    "used",
    [{"kernel_regularizer": "l2"}, {"rotation_range": 20}, {"mosaic": 1.0}, {"hsv_h": 0.015}, {"l1": 1e-3},
     {"color_jitter": 0.4}, {"mask_time_prob": 0.05}, {"aug": {"random_crop": 28}}],
    ids=str,
)  # fmt: skip
def test_what_regularises_by_another_name_counts(used):
    named = cause(judge(overfitting(), {**NONE, **used}), NAME)
    assert named is None or "is regularised by" in named.why
    assert NAME not in ranked(judge(overfitting(), {**NONE, **used}))[:1]


@pytest.mark.parametrize("idle", [{"mosaic": 0.0}, {"kernel_regularizer": None}, {"rotation_range": 0},
                                  {"repetition_penalty": 1.0}], ids=str)  # fmt: skip
def test_what_is_off_or_no_regulariser_does_not(idle):
    assert "the run uses no regularisation" in cause(judge(overfitting(), {**NONE, **idle}), NAME).why


def test_adamw_decays_weights_unless_told_not_to():
    told = {"num_classes": 10, "dropout": 0.0, "optimizer": "AdamW"}
    assert "regularised by weight_decay" in cause(judge(overfitting(), told), NAME).why
    off = cause(judge(overfitting(), {**told, "weight_decay": 0.0}), NAME)
    assert "the run uses no regularisation" in off.why


def test_layers_that_augment_count():
    model = network(64)
    model["layers"].insert(0, {"type": "RandomFlip"})
    named = cause(judge(overfitting(), SOUND, model=model), NAME)
    assert named is None or "is regularised by" in named.why
