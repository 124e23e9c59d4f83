"""What rules that know epochs, batches and networks say of boosting: in its own words, or nothing."""

import numpy as np
import pytest

from tests.rules.boosted import NOTHING, grown, shrinking, sound, turned
from tests.rules.runs import cause, found, ranked
from tracker_diag import Severity

OF_NETWORKS = ("epoch", "batch", "network", "checkpoint", "gradient", "dropout", "augment", "unit", "warm")
BY_HEART = shrinking(0.001, fits=0.6)
SHORT = shrinking(0.05, 0.05, rounds=20)
REPORTS = {
    "sound": sound,
    "few rounds": lambda: grown(SHORT, SHORT + 0.02, eta=0.05),
    "hardly any rate": lambda: grown(shrinking(0.1, 1e-4), shrinking(0.1, 1e-4), eta=1e-4),
    "many rounds": lambda: grown(BY_HEART, turned(0.3, 40, 0.4)),
    "deep": lambda: grown(BY_HEART, NOTHING - 0.1 * (NOTHING - BY_HEART), max_depth=12, n_train=100),
    "worse than nothing": lambda: grown(BY_HEART, NOTHING + 0.01 * np.arange(BY_HEART.size)),
    "lost": lambda: grown(np.r_[BY_HEART[:20], np.full(20, np.nan)], np.r_[BY_HEART[:20], np.full(20, np.nan)], eta=5),
    "blown up": lambda: grown(0.7 * 1.5 ** np.arange(40), 0.7 * 1.6 ** np.arange(40), eta=3),
    "nothing to split": lambda: grown(np.full(100, NOTHING), np.full(100, NOTHING)),
    "training alone": lambda: grown(BY_HEART, np.full(BY_HEART.size, np.nan)),
    "a few values": lambda: grown(SHORT[:5], SHORT[:5] + 0.02),
}


@pytest.mark.parametrize("name", REPORTS)
def test_nothing_is_said_of_networks(name):
    report = REPORTS[name]()
    said = [f"{f.code}: {f.message}; {f.advice}" for f in report.findings]
    said += [f"{c.name}: {c.why}; {c.prescription.text}" for c in report.causes]
    assert [text for text in said if any(word in text.lower() for word in OF_NETWORKS)] == []


def test_a_gap_or_a_bad_end_is_no_mismatch_and_no_noise():
    """Trees learn their training set by heart: validation far behind, or turned, has a nearer reason."""
    assert cause(grown(BY_HEART, NOTHING - 0.5 * (NOTHING - BY_HEART)), "preprocessing-mismatch") is None
    report = grown(BY_HEART, turned(0.3, 40, 0.4), n_train=100_000)
    assert not {"label-noise", "no-early-stopping", "preprocessing-mismatch"} & set(ranked(report))


def test_few_examples_are_none_too_few_where_only_a_gap_shows():
    report = grown(BY_HEART, 0.3 + 0.7 * (shrinking(0.001, fits=0.6) - 0.001), n_train=80)
    assert report.severity.rank <= Severity.INFO.rank


def test_rows_in_an_order_are_nothing_to_trees():
    assert found(grown(BY_HEART, turned(0.3, 40, 0.4), shuffle=False), "DS204") is None


def test_no_input_is_seen_by_a_loss_that_stands_and_not_by_one_that_crawls():
    assert cause(REPORTS["nothing to split"](), "constant-input") is not None
    assert cause(REPORTS["hardly any rate"](), "constant-input") is None
