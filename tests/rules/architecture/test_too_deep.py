import pytest

from tests.rules.networks import network
from tests.rules.runs import SOUND, cause, changes, flat, found, frozen, healthy, judge, ranked, skipped
from tracker_diag import Severity

NAME = "too-deep"


@pytest.mark.parametrize("curves", [flat(), frozen()], ids=["flat", "frozen"])
def test_among_the_first_causes_of_a_hundred_layers_that_learn_nothing(curves):
    report = judge(curves, {**SOUND, "activation": "relu", "layers": 100})
    assert NAME in ranked(report)[:3]


def test_three_to_eight_layers_in_the_run_s_own_name():
    ((name, (before, after)),) = changes(judge(flat(), {"num_classes": 10, "model.depth": 40}), NAME).items()
    assert (name, before) == ("model.depth", 40)
    assert 3 <= after <= 8


@pytest.mark.parametrize("built", [{"residual": True}, {"norm": "batch"}, {"pretrained": True}], ids=str)
def test_residual_normalised_and_pretrained_networks_are_deep_by_design(built):
    report = judge(flat(), {**SOUND, "layers": 100, **built})
    assert "can be trained at greater depth" in skipped(report, "AR701")


@pytest.mark.parametrize("built", [{"norm": "none"}, {"residual": False}, {"pretrained": False}], ids=str)
def test_what_is_switched_off_excuses_nothing(built):
    assert cause(judge(flat(), {**SOUND, "layers": 100, **built}), NAME) is not None


@pytest.mark.parametrize("layers", [1, 3, 8])
def test_silent_up_to_eight_layers(layers):
    assert cause(judge(flat(), {**SOUND, "layers": layers}), NAME) is None


def test_a_hundred_layers_that_learn_are_at_most_info():
    report = judge(healthy(), {**SOUND, "layers": 100})
    assert report.severity.rank <= Severity.INFO.rank
    assert found(report, "AR701") is None or found(report, "AR701").severity is Severity.INFO


@pytest.mark.parametrize(
    "built",
    [{"d_model": 768}, {"n_head": 12}, {"nhead": 8}, {"encoder": {"num_heads": 8}}, {"attention_dropout": 0.1},
     {"model": "resnet50"}, {"arch": "vit_base_patch16"}, {"model_type": "bert"}, {"architectures": "GPT2LMHeadModel"}],
    ids=str,
)  # fmt: skip
def test_silent_on_families_that_are_deep_by_design(built):
    report = judge(flat(), {**SOUND, "num_layers": 12, **built})
    assert cause(report, NAME) is None
    assert "can be trained at greater depth" in skipped(report, "AR701")


@pytest.mark.parametrize(
    "layer", [{"type": "BatchNorm1d"}, {"type": "Add"}, {"type": "MultiheadAttention"}, {"type": "TransformerLayer"}],
    ids=lambda layer: layer["type"],
)  # fmt: skip
def test_silent_where_the_layers_are_residual_normalised_or_attend(layer):
    model = network(*[32] * 12)
    model["layers"].insert(1, layer)
    assert cause(judge(flat(), {**SOUND, "layers": 12}, model=model), NAME) is None


@pytest.mark.parametrize(
    "named", [{"saved_model": "x"}, {"n_head": None}, {"train_header": 1}, {"model": "mlp"}], ids=str
)
def test_a_name_that_only_looks_like_it_excuses_nothing(named):
    assert cause(judge(flat(), {**SOUND, "layers": 12, **named}), NAME) is not None
