import math

import numpy as np
import pytest

from tests.rules.networks import network
from tests.rules.runs import (
    EPOCHS,
    NOTHING,
    SHAPES,
    SOUND,
    both,
    by_heart,
    cause,
    falling,
    found,
    healthy,
    judge,
    noise,
    ranked,
    skipped,
)
from tests.watched_runs import by_layer
from tracker_diag import Severity
from tracker_diag.core.numbers import times

NAME = "batch-norm-statistics"


def normalised(**settings):
    model = network(64)
    model["layers"].insert(1, {"type": "BatchNormalization", **settings})
    return model


def undecided(level=NOTHING, scale=1.0):
    """Training learns; validation stays where a network is that decides nothing, and comes down a little."""
    train, val = falling(0.02, 6) + np.abs(noise(0.002, 1)), level * (1 - 0.06 * np.arange(EPOCHS) / EPOCHS)
    accuracy = 0.99 - 0.89 * np.exp(-np.arange(EPOCHS) / 4)
    return both(scale * train, scale * (val + noise(0.002, 2)), accuracy, 0.25 + noise(0.05, 4))


def far_above(factor=3.0):
    """Validation costs hundreds of times what knowing nothing does, and jumps."""
    jumps = factor ** np.random.default_rng(3).uniform(-1, 1, EPOCHS)
    return both(falling(0.1, 5) + noise(0.002, 1), 700 * jumps)


def spiked():
    curves = healthy()
    curves["val_loss"][[33, 41, 52]] *= 40
    return curves


def test_the_first_cause_where_the_network_decides_nothing_in_evaluation():
    curves = undecided()
    report = judge(curves, SOUND, model=normalised())
    assert ranked(report)[0] == NAME
    why = cause(report, NAME).why
    low, high = curves["val_loss"].min(), curves["val_loss"].max()
    assert f"stayed between {low:.3g} and {high:.3g}" in why
    assert "uses batch normalisation" in why


def test_a_warning_where_the_steps_are_few_for_the_momentum():
    params = {**SOUND, "epochs": 20, "n_train": 640, "batch_size": 64}
    curves = {name: values[:20] for name, values in undecided().items()}
    report = judge(curves, params, model=normalised(momentum=0.99))
    assert found(report, "AR708").severity is Severity.WARNING
    assert "only 200 steps, while the running statistics keep 99% of their value" in cause(report, NAME).why
    assert "lower the momentum of the statistics from 0.99 to 0.9" in cause(report, NAME).prescription.text
    enough = judge(curves, {**params, "n_train": 6400}, model=normalised(momentum=0.99))
    assert "the run made only" not in cause(enough, NAME).why


def test_the_momentum_of_pytorch_is_what_is_taken_up():
    model = {
        "framework": "torch",
        "layers": [{"type": "Linear"}, {"type": "BatchNorm1d", "momentum": 0.01}, {"type": "Linear"}],
    }
    report = judge(undecided(), {**SOUND, "n_train": 128}, model=model)
    assert "keep 99% of their value" in cause(report, NAME).why
    assert "raise the momentum of the statistics from 0.01 to 0.1" in cause(report, NAME).prescription.text


@pytest.mark.parametrize(("batch", "told"), [(8, True), (9, False)])
def test_batches_of_a_handful(batch, told):
    why = cause(judge(undecided(), {**SOUND, "batch_size": batch}, model=normalised()), NAME).why
    assert (f"batch size of only {batch}" in why) == told


def test_a_loss_hundreds_of_times_the_uninformed_one_in_a_network_with_batch_norm():
    curves = far_above()
    report = judge(curves, {**SOUND, "norm": "batch", "batch_size": 2, "n_train": 12}, model=normalised(momentum=0.99))
    assert ranked(report)[0] == NAME
    assert f"at least {times(curves['val_loss'].min() / NOTHING)} chance level" in cause(report, NAME).why
    factor = math.exp(np.median(np.abs(np.diff(np.log(curves["val_loss"])))))
    assert f"by a factor of {factor:.3g}" in cause(report, NAME).why


def test_below_preprocessing_where_nothing_tells_of_batch_norm():
    names = ranked(judge(far_above(), SOUND))
    assert NAME in names
    assert names.index("preprocessing-mismatch") < names.index(NAME)


def test_spikes_that_come_back_while_training_is_calm():
    curves = spiked()
    report = judge(curves, SOUND, model=normalised())
    late = curves["val_loss"][EPOCHS // 2 :]
    assert f"rises to {times(late.max() / np.sort(late)[late.size // 2])} its usual level" in cause(report, NAME).why
    assert cause(judge(curves, SOUND), NAME) is None
    curves["train_loss"][[33, 41, 52]] *= 40
    assert cause(judge(curves, SOUND, model=normalised()), NAME) is None


def test_silent_where_validation_recovers():
    """Few steps an epoch: the statistics come near after some epochs."""
    curves = healthy()
    curves["val_loss"][:8] = np.geomspace(400, 0.6, 8)
    report = judge(curves, SOUND, model=normalised())
    assert cause(report, NAME) is None


@pytest.mark.parametrize("known", [{"model": network(64)}, {"params": {"norm": "layer"}}], ids=["layers", "parameter"])
def test_silent_where_nothing_normalises_over_the_batch(known):
    report = judge(undecided(), {**SOUND, **known.get("params", {})}, model=known.get("model"))
    assert cause(report, NAME) is None
    assert "no layer uses batch normalisation" in skipped(report, "AR708")


def test_silent_where_what_was_learned_by_heart_makes_validation_confidently_wrong():
    assert cause(judge(by_heart(), SOUND, model=normalised()), NAME) is None


def test_silent_on_fine_tuning_that_begins_low_and_stays_there():
    train = falling(0.02, 6, start=0.3)
    curves = both(train, 0.31 + noise(0.004, 2), 0.9 + 0.09 * (1 - train / 0.3), 0.9 + noise(0.003, 4))
    assert cause(judge(curves, {"num_classes": None}, model=normalised()), NAME) is None


def test_without_the_number_of_classes_the_scores_decide():
    curves = undecided()
    known = {**SOUND, "num_classes": None, "norm": "batch"}
    assert cause(judge(curves, known), NAME) is not None
    del curves["val_accuracy"]
    assert cause(judge(curves, known), NAME) is None


def test_the_unit_of_the_loss_does_not_matter():
    known = {**SOUND, "num_classes": None, "norm": "batch"}
    here, there = (found(judge(undecided(scale=s), known), "AR708") for s in (1.0, 1000.0))
    assert there.evidence["odds"] == pytest.approx(here.evidence["odds"])


@pytest.mark.parametrize("shape", ["healthy", "high_level", "undertrained", "gap", "overfitting", "flat", "frozen"])
def test_silent_on_the_usual_curves(shape):
    assert cause(judge(SHAPES[shape](), SOUND, model=normalised()), NAME) is None


def test_silent_on_a_sound_run_of_small_batches():
    report = judge(healthy(), {**SOUND, "batch_size": 2, "n_train": 20}, model=normalised(momentum=0.99))
    assert cause(report, NAME) is None


@pytest.mark.parametrize("largest", [1e300, 1.7e308])
def test_the_largest_numbers_are_answered(largest):
    curves = spiked()
    curves["val_loss"][[33, 41, 52]] = largest
    assert judge(curves, SOUND, model=normalised()).verdict
    assert judge(far_above() | {"val_loss": np.tile([25.0, largest], EPOCHS // 2)}, {**SOUND, "norm": "batch"}).verdict


def gaps(*layers, looks=200):
    return by_layer("batch_norm_gap", layers, looks)


@pytest.mark.parametrize("shape", ["gap", "flat", "slow"])
def test_the_first_cause_where_a_callback_saw_statistics_far_from_the_batches(shape):
    assert cause(judge(SHAPES[shape](), SOUND), NAME) is None
    report = judge({**SHAPES[shape](), **gaps(0.1, 2.5)}, SOUND)
    assert ranked(report)[0] == NAME
    assert found(report, "AR708").severity is Severity.WARNING
    assert "running statistics of fc1 lie 2.5 standard deviations from the batch" in cause(report, NAME).why


def test_it_needs_no_curves():
    assert ranked(judge(gaps(2.5), SOUND))[0] == NAME
    assert "no training or no validation loss" in skipped(judge(gaps(0.1), SOUND), "AR708")


def test_statistics_near_the_batches_speak_against_it():
    plain = cause(judge(undecided(), SOUND, model=normalised()), NAME)
    near = cause(judge({**undecided(), **gaps(0.05, 0.1)}, SOUND, model=normalised()), NAME)
    assert near is None or near.score < 0.6 * plain.score
    assert cause(judge({**healthy(), **gaps(0.05, 0.1)}, SOUND), NAME) is None


@pytest.mark.parametrize(("gap", "told"), [(0.699, False), (0.7, True)])
def test_how_far_they_have_to_lie(gap, told):
    assert (cause(judge({**healthy(), **gaps(gap)}, SOUND), NAME) is not None) == told


@pytest.mark.parametrize(("looks", "told"), [(100, False), (101, True)])
def test_the_first_hundred_steps_bring_them_near(looks, told):
    assert (cause(judge({**healthy(), **gaps(2.5, looks=looks)}, SOUND), NAME) is not None) == told


def test_the_second_half_counts():
    early = gaps([9.0] * 99 + [0.1] * 101)
    assert cause(judge({**healthy(), **early}, SOUND), NAME) is None
    late = gaps([0.1] * 99 + [0.9] * 101)
    assert cause(judge({**healthy(), **late}, SOUND), NAME) is not None


def test_looks_that_are_no_numbers_say_nothing():
    assert cause(judge({**healthy(), **gaps(math.nan, math.inf)}, SOUND), NAME) is None
    assert "fc1" in cause(judge({**healthy(), **gaps(math.nan, 2.5)}, SOUND), NAME).why
