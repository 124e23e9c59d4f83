import pytest

from tests.rules.runs import SOUND, cause, changes, healthy, judge, ranked, spiked, swinging
from tracker_diag import Severity

NAME = "batch-too-small-for-rate"


def test_among_the_first_causes_of_a_run_that_swings_on_tiny_batches():
    report = judge(swinging(), {**SOUND, "batch_size": 2, "lr": 4e-3})
    assert NAME in ranked(report)[:2]
    assert changes(report, NAME) == {"batch_size": (2, 16)}


@pytest.mark.parametrize("batch", [1, 2, 4, 8])
def test_proposes_a_larger_batch_in_the_run_s_own_name(batch):
    ((before, after),) = changes(judge(swinging(), {"num_classes": 10, "cfg.bs": batch}), NAME).values()
    assert before == batch
    assert after >= 2 * batch


def test_jumps_speak_for_it_too():
    assert NAME in ranked(judge(spiked(), {**SOUND, "batch_size": 2, "lr": 4e-3}))


@pytest.mark.parametrize("batch", [16, 64, 4096])
def test_silent_with_ordinary_batches(batch):
    assert cause(judge(swinging(), {**SOUND, "batch_size": batch}), NAME) is None


@pytest.mark.parametrize("batch", [1, 8])
def test_silent_where_the_loss_settles(batch):
    report = judge(healthy(), {**SOUND, "batch_size": batch})
    assert cause(report, NAME) is None
    assert report.severity.rank <= Severity.INFO.rank
