"""What the measure of the prescriptions counts as help, and how changes find their way back into a setup."""

import numpy as np
import pytest

from scripts.remedies.faults import FAULTS, sound
from scripts.remedies.habits import CAREFUL, HABITS, PLAIN, NotMechanicalError, applied, params
from scripts.remedies.tasks import TASKS
from tracker_diag import Change

SETUP = TASKS[0].sound


@pytest.mark.parametrize("task", TASKS, ids=lambda t: t.name)
def test_a_task_draws_the_same_for_the_same_seed_and_knows_its_classes(task):
    x, y = task.draw(60, np.random.default_rng(0))
    again, _ = task.draw(60, np.random.default_rng(0))
    assert x.shape[0] == y.shape[0] == 60
    assert np.array_equal(x, again)
    assert task.n_classes is None or set(y) <= set(range(task.n_classes))


def test_there_are_faults_and_tasks_enough_and_each_fault_does_something():
    assert len(TASKS) >= 4
    assert len({f.name for f in FAULTS}) == len(FAULTS) >= 12
    for task in TASKS:
        assert all(f.inject(task.sound, task) != task.sound for f in FAULTS if f.fits(task))
        assert len(dict(sound(task))) >= 2


@pytest.mark.parametrize("habit", HABITS)
def test_what_is_logged_is_found_again_by_its_name(habit):
    logged = params(TASKS[0], SETUP, habit)
    rate = habit.names["lr"]
    assert logged[rate] == SETUP.lr
    assert applied(SETUP, [Change(rate, SETUP.lr, 1e-4)], habit).lr == 1e-4


def test_secrets_are_not_logged():
    faulty = next(f for f in FAULTS if f.name == "label-noise").inject(SETUP, TASKS[0])
    for habit in HABITS:
        assert not {"wrong_labels", "hidden_bias", "spread", "magnified", "sorted"} & set(habit.names)
        assert faulty.wrong_labels not in params(TASKS[0], faulty, habit).values()


def test_several_changes_in_the_words_of_rules():
    changes = [
        Change("preprocessing.scaler", None, "standard"),
        Change("output_activation", "softmax", "none"),
        Change("epochs", 40, 12.0),
    ]
    changed = applied(SETUP, changes, PLAIN)
    assert (changed.scaler, changed.output_activation, changed.epochs) == ("standard", "none", 12)


@pytest.mark.parametrize("param", ["n_val", "data.drop_duplicates", "preprocessing.drop_features", "n_train"])
def test_what_needs_a_person_is_told_apart(param):
    with pytest.raises(NotMechanicalError, match=param):
        applied(SETUP, [Change(param, None, 300)], CAREFUL)


class TestCompare:
    @pytest.fixture
    def compare(self):
        pytest.importorskip("torch", reason="PyTorch is a dependency of scripts/prescriptions alone")
        from scripts.remedies.trial import compare

        return compare

    def test_beyond_chance_and_more_than_a_trifle(self, compare):
        rng = np.random.default_rng(0)
        before, nothing = rng.gamma(2.0, 0.25, 2000), np.full(2000, 0.69)
        assert compare(before, 0.8 * before, nothing) == "helps"
        assert compare(before, 1.2 * before, nothing) == "harms"
        assert compare(before, 0.99 * before, nothing) == "nothing", "significant, and too little"
        assert compare(before[:20], rng.permutation(before[:20]) * 0.95, nothing[:20]) == "nothing", "chance"

    def test_a_lost_network_is_one_that_knows_nothing(self, compare):
        lost, nothing = np.full(100, np.nan), np.full(100, 0.69)
        noise = np.random.default_rng(1).normal(0, 0.01, 100)
        assert compare(lost, nothing - 0.3 + noise, nothing) == "helps"
        assert compare(lost, nothing + noise, nothing) == "nothing"
        assert compare(nothing, lost, nothing) == "harms"
        assert compare(lost, lost, nothing) == "nothing"
