import numpy as np
import pytest

from tests.rules.runs import EPOCHS, NOTHING, SHAPES, SOUND, both, cause, changes, found, healthy, judge, noise, ranked
from tracker_diag import Severity

NAME = "rate-decays-too-early"

# A network of one hidden layer on handwritten digits, Adam at 3e-4 times 0.33 every epoch. At a constant rate the same
# comes to 0.15 and an accuracy of 0.97.
TRAINED = {
    "train_loss": np.array(
        [2.2067, 2.0384, 1.9852, 1.9676, 1.9618, 1.9599, 1.9593, 1.959, 1.959, 1.959, *[1.9589] * 15]
    ),
    "val_loss": np.array(
        [2.1113, 2.0337, 2.0079, 1.9995, 1.9967, 1.9958, 1.9955, 1.9954, *[1.9953] * 17]
    ),
    "val_accuracy": np.array([0.35111, 0.46444, 0.49111, 0.5, *[0.50444] * 21]),
    "lr": 3e-4 * 0.33 ** np.arange(25),
}  # fmt: skip
RATE = 1e-3 * np.where(np.arange(EPOCHS) < 6, 1.0, 0.001)


def stopped(at=6, left=1.6):
    """Falls as long as the rate is there, and stands from then on."""
    epochs = np.minimum(np.arange(EPOCHS), at)
    loss = NOTHING - (NOTHING - left) * epochs / at
    return both(loss + noise(0.004, 1), loss + 0.01 + noise(0.005, 2))


@pytest.mark.parametrize(
    ("curves", "params"),
    [(stopped() | {"lr": RATE}, SOUND), (TRAINED, {**SOUND, "epochs": 25, "lr": 3e-4})],
    ids=["formula", "trained"],
)
def test_the_first_cause_and_a_warning(curves, params):
    report = judge(curves, params)
    assert ranked(report)[0] == NAME
    assert found(report, "OP409").severity is Severity.WARNING


def test_its_numbers_are_those_of_the_run():
    loss, gone = TRAINED["train_loss"], 3
    why = cause(judge(TRAINED, {**SOUND, "epochs": 25}), NAME).why
    assert f"below 5% of its peak after {gone / 24:.0%} of the run" in why
    assert f"fell by {loss[0] - loss[gone]:.3g} until then and by {loss[gone] - np.median(loss[-5:]):.2g}" in why


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_the_unit_of_the_loss_says_nothing(scale):
    curves = {name: scale * v if "loss" in name else v for name, v in (stopped() | {"lr": RATE}).items()}
    told = cause(judge(curves, SOUND | {"num_classes": None}), NAME)
    assert told is not None
    assert "not known" in told.why


def test_an_exponential_schedule_says_by_its_factor_when_the_rate_is_gone():
    params = {**SOUND, "scheduler": "ExponentialLR", "gamma": "0.6"}
    report = judge(stopped(), params)
    assert cause(report, NAME) is not None
    assert "the configured schedule" in cause(report, NAME).why
    before, after = changes(report, NAME)["gamma"]
    assert before == 0.6
    assert 0.9 < after < 1


def test_a_stepwise_schedule_says_by_its_step_when_the_rate_is_gone():
    params = {**SOUND, "scheduler": "StepLR", "gamma": 0.1, "step_size": 3}
    assert changes(judge(stopped(), params), NAME)["step_size"] == (3.0, 30)


def test_silent_where_a_schedule_is_named_without_its_factor():
    assert cause(judge(stopped(), {**SOUND, "scheduler": "ExponentialLR"}), NAME) is None


@pytest.mark.parametrize(
    "share",
    [
        (1 + np.cos(np.pi * np.arange(EPOCHS) / EPOCHS)) / 2,
        np.where(np.arange(EPOCHS) < 30, 1.0, np.where(np.arange(EPOCHS) < 45, 0.1, 0.01)),
        1 - np.arange(EPOCHS) / EPOCHS,
    ],
    ids=["cosine", "steps at a half and three quarters", "straight line"],
)
@pytest.mark.parametrize("left", [1.6, 0.2])
def test_silent_on_schedules_that_last(share, left):
    loss = left + (NOTHING - left) * np.exp(-np.cumsum(share) / 6)
    curves = both(loss + noise(0.004, 1), loss + 0.01 + noise(0.005, 2)) | {"lr": 1e-3 * share}
    assert cause(judge(curves, SOUND), NAME) is None


def test_silent_after_a_good_fit():
    assert cause(judge(stopped(left=0.2) | {"lr": RATE}, SOUND), NAME) is None


def test_silent_where_the_loss_stood_before_the_rate_was_lowered():
    loss = 1.6 + (NOTHING - 1.6) * np.exp(-np.arange(EPOCHS) / 1.5)
    rate = 1e-3 * np.where(np.arange(EPOCHS) < 24, 1.0, 0.001)
    curves = both(loss + noise(0.004, 1), loss + 0.01 + noise(0.005, 2)) | {"lr": rate}
    assert cause(judge(curves, SOUND), NAME) is None


def test_silent_where_the_loss_goes_on_falling():
    loss = 1.2 + (NOTHING - 1.2) * np.exp(-np.arange(EPOCHS) / 20)
    curves = both(loss + noise(0.004, 1), loss + 0.01 + noise(0.005, 2)) | {"lr": RATE}
    assert cause(judge(curves, SOUND), NAME) is None


def test_silent_while_the_run_goes_on():
    assert cause(judge(stopped() | {"lr": RATE}, SOUND, status="RUNNING"), NAME) is None


def test_silent_where_the_rate_is_constant():
    assert cause(judge(stopped() | {"lr": np.full(EPOCHS, 1e-3)}, SOUND), NAME) is None


def test_silent_on_a_healthy_run_whose_rate_was_gone_early():
    assert cause(judge(healthy() | {"lr": RATE}, SOUND), NAME) is None


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_silent_without_a_rate(shape):
    assert found(judge(SHAPES[shape](), SOUND), "OP409") is None
