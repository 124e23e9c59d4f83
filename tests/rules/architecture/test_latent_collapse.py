import numpy as np
import pytest

from tests.rules.runs import cause, changes, found, judge, ranked
from tracker_diag import Severity

NAME = "latent-collapse"
EPOCHS = 40
PARAMS = {"latent_dim": 16, "epochs": EPOCHS, "lr": 1e-3, "num_classes": None}


def rests(first, end, pace=3.0):
    return end + (first - end) * np.exp(-np.arange(EPOCHS) / pace)


def vae(kl, names=("loss", "reconstruction_loss", "kl_loss"), rec=None):
    rec = rests(45.0, 24.0) if rec is None else rec
    return dict(zip(names, (rec + kl, rec, kl), strict=True))


GONE = rests(0.7, 1e-4, pace=2)


@pytest.mark.parametrize(
    "names",
    [
        ("loss", "reconstruction_loss", "kl_loss"),
        ("train/loss", "train/recon", "train/kl"),
        ("train_loss", "recon", "KLD"),
        ("val_loss", "val_recon", "val_kl"),
        ("elbo_loss", "rec", "kl_divergence"),
    ],
)
def test_the_first_cause_where_the_kl_term_is_gone(names):
    report = judge(vae(GONE, names), PARAMS)
    assert ranked(report)[0] == NAME
    assert found(report, "AR709").severity is Severity.WARNING
    end = GONE[-EPOCHS // 4 :].max()
    assert f"{names[2]} fell from {GONE.max():.3g} to {end:.3g}" in found(report, "AR709").message


def test_in_other_units():
    """Divided by the dimensions, or by the pixels; or logged with its sign turned."""
    for factor in (1.0, 1 / 16, 1 / 784, -1.0):
        assert ranked(judge(vae(factor * GONE), PARAMS))[0] == NAME


def test_a_term_that_began_low_and_is_a_hundredth_of_a_nat():
    assert ranked(judge(vae(rests(0.067, 0.005)), PARAMS))[0] == NAME
    assert cause(judge(vae(rests(0.67, 0.05)), PARAMS), NAME) is None


@pytest.mark.parametrize(
    "kl",
    [rests(0.1, 12.0), rests(0.1, 0.4), rests(17.0, 4.0), np.full(EPOCHS, 0.002), rests(2000.0, 15.0)],
    ids=["works", "averaged", "comes down", "never was", "from far above"],
)
def test_silent_where_the_code_works_or_nothing_went_down(kl):
    assert cause(judge(vae(kl), PARAMS), NAME) is None


def test_where_the_weight_is_phased_in_the_yardstick_is_a_thousandth():
    annealed = PARAMS | {"kl_anneal_epochs": 10}
    assert cause(judge(vae(rests(100.0, 0.5)), annealed), NAME) is None
    assert ranked(judge(vae(rests(100.0, 1e-3)), annealed))[0] == NAME


def test_it_must_have_stayed():
    back = GONE.copy()
    back[-3:] = 0.5
    assert cause(judge(vae(back), PARAMS), NAME) is None


@pytest.mark.parametrize("name", ["beta", "kl_weight", "kl_coef"])
def test_a_weight_above_one_is_lowered_by_its_own_name(name):
    report = judge(vae(GONE), PARAMS | {name: 4.0})
    assert changes(report, NAME) == {name: (4.0, 1.0)}
    assert f"weight of the KL term is 4 ({name})" in cause(report, NAME).why
    assert changes(judge(vae(GONE), PARAMS | {name: 0.5}), NAME) == {}


def test_free_bits_and_annealing_are_prescribed():
    text = cause(judge(vae(GONE), PARAMS), NAME).prescription.text
    assert "free bits" in text
    assert "from 0 to its full value" in text


@pytest.mark.parametrize(
    ("metrics", "params"),
    [
        ({"loss": rests(2, 0.5), "kl": GONE}, {}),
        ({"loss": rests(2, 0.5), "train/approx_kl": GONE, "episode_reward": np.arange(EPOCHS)}, {}),
        ({"loss": rests(2, 0.5), "kl_loss": GONE, "ce_loss": rests(2, 0.4)}, {"teacher": "resnet152"}),
        ({"loss": rests(2, 0.5), "distill_kl": GONE, "latent_loss": rests(2, 0.4)}, {}),
        ({"loss": rests(2, 0.5), "policy/kl": GONE, "recon": rests(2, 0.4)}, {}),
    ],
    ids=["no autoencoder", "agent", "teacher", "distillation", "world model"],
)
def test_silent_where_the_divergence_is_to_go_to_zero(metrics, params):
    assert cause(judge(metrics, params), NAME) is None


def test_silent_on_a_few_values():
    assert cause(judge({name: v[:6] for name, v in vae(GONE).items()}, PARAMS), NAME) is None
