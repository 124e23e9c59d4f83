"""Observations, and which of them a finding tells first."""

import pytest

from tracker_diag.rules.hypothesis import LikelihoodRatio, Observation, foremost


def seen(ratio, source="curves"):
    return Observation(f"the {source} say {ratio}", ratio, source)


@pytest.mark.parametrize(
    ("observations", "first"),
    [
        ([seen(3.0), seen(8.0, "data"), seen(60.0, "params")], 1),
        ([seen(1.5), seen(60.0, "params")], 0),
        ([seen(0.2), seen(60.0, "params"), seen(2.0, "params")], 1),
        ([seen(0.2), seen(0.5, "params")], 1),
    ],
    ids=["data before configuration", "whatever speaks for it", "not what speaks against it", "the least against"],
)
def test_what_was_seen_comes_before_what_was_configured(observations, first):
    assert foremost(observations) is observations[first]
    assert foremost(iter(observations)) is observations[first]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("the loss diverged", "loss diverged"),
        ("there is the loss", "there is the loss"),
        ("dropout is 0.9", "dropout is 0.9"),
    ],
)
def test_a_message_begins_without_an_article(text, said):
    assert Observation(text, 2.0).message == said


def test_a_row_writes_numbers_as_sentences_say_them():
    row = LikelihoodRatio(2.0, "{loss:figure}, {cost:times}, {part:share}, {loss:.2f}")
    assert row(loss=0.38194, cost=8e9, part=0.004).text == "0.382, 8 billion times, less than 1%, 0.38"
