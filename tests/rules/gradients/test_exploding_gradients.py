import math

import numpy as np
import pytest

from tests.rules.runs import EPOCHS, SOUND, cause, changes, diverged, found, healthy, judge, ranked, spiked
from tracker_diag import Severity

NAME = "exploding-gradients"


def test_the_first_cause_where_the_logged_norm_grows_and_the_loss_is_lost():
    norm = np.where(np.arange(EPOCHS) < 50, 2.0, 1e6)
    report = judge({**diverged(50), "grad_norm": norm}, SOUND)
    assert ranked(report)[0] == NAME
    assert found(report, "GR603").severity is Severity.WARNING
    assert changes(report, NAME) == {"gradient_clip": (None, 2.0)}


def test_among_the_first_where_only_the_loss_shows_it():
    report = judge(diverged(), SOUND)
    assert NAME in ranked(report)[:3]
    assert changes(report, NAME) == {"gradient_clip": (None, 1.0)}


def test_in_the_run_s_own_name_and_never_a_wider_clip():
    params = {**SOUND, "trainer.clip_norm": 50.0, "layers": 20}
    assert changes(judge(diverged(), params), NAME) == {"trainer.clip_norm": (50.0, 1.0)}
    clipped = cause(judge(diverged(), {**SOUND, "trainer.clip_norm": 0.5, "layers": 20}), NAME)
    assert clipped is None or clipped.prescription.changes == ()


def test_single_infinite_norms_under_mixed_precision_are_the_loss_scaler_at_work():
    norm = np.full(EPOCHS, 1.5)
    norm[[3, 20, 41]] = math.inf
    report = judge({**healthy(), "grad_norm": norm}, {**SOUND, "fp16": True})
    assert cause(report, NAME) is None
    assert report.severity.rank <= Severity.INFO.rank


def test_jumps_alone_are_at_most_info():
    finding = found(judge(spiked(), SOUND), "GR603")
    assert finding is None or finding.severity is Severity.INFO


@pytest.mark.parametrize("norm", ["none", "None"])
def test_a_normalisation_called_none_is_none(norm):
    why = cause(judge(diverged(), {**SOUND, "layers": 20, "norm": norm}), NAME).why
    assert "20 layers and no normalisation" in why
    assert "no normalisation" not in cause(judge(diverged(), {**SOUND, "layers": 20, "norm": "batch"}), NAME).why


def test_silent_where_the_run_learns():
    assert cause(judge(healthy(), {**SOUND, "layers": 50}), NAME) is None
