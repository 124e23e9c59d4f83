import pytest

from tracker_diag.core.model import Model
from tracker_diag.evidence.losses import loss_asks
from tracker_diag.roles.layout import canonical


def asked(name: str, network: Model | None = None, params: dict | None = None):
    names = {"loss_function": "loss"} if params else {}
    return loss_asks(network, canonical("loss_function", name), names, params or {})


@pytest.mark.parametrize(
    ("name", "kind", "takes"),
    [
        ("categorical_crossentropy", "classes", "probabilities"),
        ("SparseCategoricalCrossentropy", "classes", "probabilities"),
        ("nn.CrossEntropyLoss()", "classes", "logits"),
        ("CrossEntropyLoss(label_smoothing=0.1)", "classes", "logits"),
        ("torch.nn.NLLLoss", "classes", "log-probabilities"),
        ("BCELoss", "yes or no", "probabilities"),
        ("BCEWithLogitsLoss", "yes or no", "logits"),
        ("binary_crossentropy", "yes or no", "probabilities"),
        ("sparse_categorical_crossentropy(from_logits=True)", "classes", "logits"),
        ("binary_crossentropy(from_logits=False)", "yes or no", "probabilities"),
        ("cross_entropy", "classes", None),
        ("mse", "squared", None),
        ("mean_absolute_error", "absolute", None),
        ("huber", "", None),
        ("poisson", "counts", None),
        ("negative_log_likelihood", "", None),
        ("CategoricalFocalCrossentropy", "", None),
    ],
)
def test_what_a_loss_asks_for_by_its_name(name, kind, takes):
    found = asked(name, params={"loss": name})
    assert (found.kind, found.takes) == (kind, takes)


def test_a_described_loss_says_by_its_settings_what_it_takes():
    network = Model(loss="SparseCategoricalCrossentropy", loss_settings={"from_logits": True})
    assert asked(network.loss, network).takes == "logits"
    assert asked("mse", Model(loss="mse")).name == "mse"


@pytest.mark.parametrize("settings", [{"custom": True}, {"reduction": "sum"}])
def test_what_has_a_known_name_and_another_meaning_asks_for_nothing_known(settings):
    network = Model(loss="categorical_crossentropy", loss_settings=settings)
    assert (asked(network.loss, network).kind, asked(network.loss, network).takes) == ("", None)


def test_only_a_categorical_loss_has_targets_of_a_number_for_each_class():
    names = ["categorical_crossentropy", "SparseCategoricalCrossentropy", "CrossEntropyLoss", "mse"]
    assert [asked(name, params={"loss": name}).one_hot for name in names] == [True, False, False, False]


def test_pytorch_s_own_word_takes_logits():
    assert asked("cross_entropy", Model(framework="torch", loss="cross_entropy")).takes == "logits"


def test_none_where_no_loss_is_known():
    assert loss_asks(Model(), None, {}, {}) is None
