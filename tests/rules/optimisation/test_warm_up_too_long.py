import numpy as np
import pytest

from tests.rules.runs import EPOCHS, NOTHING, SHAPES, SOUND, both, cause, changes, found, healthy, judge, noise, ranked
from tracker_diag import Severity

NAME = "warm-up-too-long"

# A network of one hidden layer on handwritten digits, Adam, the rate on its way to 3e-4 over 60 epochs of which 25 were
# made. At a constant rate the same comes to 0.15.
TRAINED = {
    "train_loss": np.array(
        [2.3235, 2.3193, 2.311, 2.2987, 2.2825, 2.2623, 2.2381, 2.2101, 2.1783, 2.1433, 2.1043, 2.0611, 2.014, 1.9619,
         1.9054, 1.8442, 1.7778, 1.7059, 1.6299, 1.5488, 1.4645, 1.3773, 1.2889, 1.2002, 1.1136]
    ),
    "val_loss": np.array(
        [2.3629, 2.3563, 2.3455, 2.3307, 2.3119, 2.2891, 2.2624, 2.2319, 2.1985, 2.1607, 2.1196, 2.0739, 2.0237, 1.9696,
         1.9101, 1.8463, 1.777, 1.7015, 1.622, 1.5378, 1.4503, 1.3606, 1.2703, 1.1804, 1.0925]
    ),
    "lr": 5e-6 * np.arange(1, 26),
}  # fmt: skip
OF_25 = {**SOUND, "epochs": 25}


def quickening():
    """Falls faster and faster, as a rate that rises in a straight line has it."""
    loss = NOTHING - 0.6 * (np.arange(EPOCHS) / EPOCHS) ** 2
    return both(loss + noise(0.003, 1), loss + 0.01 + noise(0.004, 2))


RISING = 1e-3 * np.arange(1, EPOCHS + 1) / 200


@pytest.mark.parametrize(
    ("curves", "params"),
    [(quickening() | {"lr": RISING}, SOUND), (TRAINED, OF_25)],
    ids=["formula", "trained"],
)
def test_the_first_cause_and_a_warning(curves, params):
    report = judge(curves, params)
    assert ranked(report)[0] == NAME
    assert found(report, "OP410").severity is Severity.WARNING


def test_its_numbers_are_those_of_the_run():
    rate = TRAINED["lr"]
    reached = int(np.argmax(rate >= 0.95 * rate.max()))
    assert f"still rising after {reached / 24:.0%} of the run" in cause(judge(TRAINED, OF_25), NAME).why


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_the_unit_of_the_loss_says_nothing(scale):
    curves = {name: scale * v if "loss" in name else v for name, v in TRAINED.items()}
    assert cause(judge(curves, OF_25 | {"num_classes": None}), NAME) is not None


@pytest.mark.parametrize(
    ("params", "name", "after"),
    [
        ({"warmup_epochs": 20}, "warmup_epochs", 2),
        ({"warmup_steps": 800, "max_steps": 1000}, "warmup_steps", 100),
        ({"warmup_steps": 1000, "n_train": 3200}, "warmup_steps", 125),
        ({"warmup_ratio": "0.7"}, "warmup_ratio", 0.1),
        ({"warmup_ratio": 60.0}, "warmup_ratio", 10),
    ],
)
def test_info_where_only_the_configuration_says_so(params, name, after):
    curves = {k: v for k, v in TRAINED.items() if k != "lr"}
    report = judge(curves, OF_25 | params)
    assert found(report, "OP410").severity is Severity.INFO
    assert changes(report, NAME)[name][1] == after


@pytest.mark.parametrize(
    "params",
    [
        {"warmup_epochs": 2},
        {"warmup_steps": 100, "max_steps": 1000},
        {"warmup_steps": 500},
        {"warmup_ratio": 0.06},
        {"warmup_ratio": 10},
        {"warmup_steps": 1000, "n_train": 3200, "gradient_accumulation_steps": 4},
    ],
)
def test_silent_where_the_configured_warm_up_is_short_or_of_an_unknown_share(params):
    curves = {k: v for k, v in TRAINED.items() if k != "lr"}
    assert cause(judge(curves, OF_25 | params), NAME) is None


def test_what_was_logged_is_what_happened():
    curves = TRAINED | {"lr": 1e-3 * np.minimum(1, np.arange(1, 26) / 4)}
    assert cause(judge(curves, OF_25 | {"warmup_epochs": 20}), NAME) is None


def test_silent_where_the_run_is_sound_however_it_was_warmed_up():
    assert cause(judge(healthy() | {"lr": RISING}, SOUND | {"warmup_epochs": 50}), NAME) is None


@pytest.mark.parametrize("peak", [0.1, 0.3, 0.5])
def test_silent_on_one_cycle(peak):
    share = np.arange(EPOCHS) / (EPOCHS - 1)
    rate = 1e-3 * np.where(share <= peak, share / peak, (1 - share) / (1 - peak))
    assert cause(judge(quickening() | {"lr": rate}, SOUND), NAME) is None


@pytest.mark.parametrize(
    "rate", [np.full(EPOCHS, 1e-3), np.linspace(1e-3, 1e-5, EPOCHS), np.linspace(8e-4, 1e-3, EPOCHS)]
)
def test_silent_where_the_rate_did_not_rise_from_far_below(rate):
    assert cause(judge(quickening() | {"lr": rate}, SOUND), NAME) is None


@pytest.mark.parametrize("status", ["RUNNING", "FAILED", "KILLED"])
def test_silent_where_the_run_may_have_been_planned_longer(status):
    assert cause(judge(quickening() | {"lr": RISING}, SOUND, status=status), NAME) is None
    assert cause(judge(TRAINED, SOUND), NAME) is None


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_silent_without_a_rate(shape):
    assert found(judge(SHAPES[shape](), SOUND), "OP410") is None
