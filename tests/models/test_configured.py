"""Parameters as real runs logged them, read as what was trained."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.core.model import Layer, Model
from tracker_diag.models.configured import read_configured

#: What MLflow holds after ``Trainer.train()``, but for what has no part in it.
BERT = {
    "transformers_version": "5.24.0",
    "model_type": "bert",
    "architectures": "None",
    "problem_type": "None",
    "is_encoder_decoder": "False",
    "id2label": "{0: 'LABEL_0', 1: 'LABEL_1', 2: 'LABEL_2'}",
    "hidden_size": "16",
    "num_hidden_layers": "2",
    "num_attention_heads": "2",
    "hidden_act": "gelu",
    "hidden_dropout_prob": "0.1",
    "attention_probs_dropout_prob": "0.2",
    "optim": "adamw_torch_fused",
    "learning_rate": "5e-05",
}
CONFIGURATION = {"transformers_version": "5.24.0", "problem_type": "None", "architectures": "None"}
GPT2 = {
    **CONFIGURATION,
    "model_type": "gpt2",
    "n_embd": "16",
    "n_layer": "2",
    "n_head": "2",
    "activation_function": "gelu_new",
    "resid_pdrop": "0.1",
    "id2label": "{0: 'LABEL_0', 1: 'LABEL_1'}",
}
DISTILBERT = {
    **CONFIGURATION,
    "model_type": "distilbert",
    "dim": "16",
    "hidden_dim": "32",
    "n_layers": "2",
    "n_heads": "2",
    "activation": "gelu_new",
    "dropout": "0.1",
}
T5 = {
    **CONFIGURATION,
    "model_type": "t5",
    "is_encoder_decoder": "True",
    "d_model": "16",
    "num_layers": "1",
    "num_decoder_layers": "1",
    "num_heads": "2",
    "dense_act_fn": "gelu_new",
    "dropout_rate": "0.1",
}
CLASSIFIES = {"problem_type": "single_label_classification"}
PERCEPTRON = {
    "activation": "tanh",
    "batch_size": "auto",
    "hidden_layer_sizes": "(8, 4)",
    "learning_rate": "constant",
    "learning_rate_init": "0.001",
    "n_iter_no_change": "10",
    "solver": "sgd",
}
XGBOOST = {"num_boost_round": "5", "maximize": "None", "verbose_eval": "True", "custom_metric": "None"}


def read(params: dict[str, Any]) -> Model:
    model = read_configured(params)
    assert model is not None
    return model


def transformer(activation: str) -> Layer:
    return Layer("TransformerLayer", {"units": 16, "activation": activation, "rate": 0.1, "num_heads": 2})


def test_the_layers_of_a_transformer_are_read() -> None:
    layer = transformer("gelu")
    assert read_configured(BERT) == Model("transformers", (layer, layer), optimizer="adamw_torch_fused")


@pytest.mark.parametrize("params", [GPT2, DISTILBERT, T5], ids=["gpt2", "distilbert", "t5"])
def test_the_names_of_other_models_are_known(params: dict[str, Any]) -> None:
    assert read(params).layers == (transformer("gelu_new"),) * 2


@pytest.mark.parametrize(
    ("labels", "last"),
    [
        ({}, {"out_features": 3}),
        ({"id2label": {"0": "cat", "1": "dog"}}, {"out_features": 2}),
        ({"num_labels": 4}, {"out_features": 4}),
        ({"id2label": None, "id2label.0": "cat", "id2label.1": "dog"}, {"out_features": 2}),
        ({"id2label": "{0: 'a, 1: b', 1: 'c'}"}, {}),
        ({"id2label": "{0: 'a', 1: 'b', 2: '"}, {}),
        ({"id2label": None}, {}),
    ],
)
def test_a_network_that_classifies_ends_in_one_layer_of_as_many_outputs(
    labels: dict[str, Any], last: dict[str, Any]
) -> None:
    for tells in (CLASSIFIES, {"architectures": "['BertForSequenceClassification']"}):
        assert read({**BERT, **tells, **labels}).layers[2:] == (Layer("Linear", last),)


def test_that_a_network_classifies_is_not_guessed_from_labels() -> None:
    assert len(read({**BERT, "architectures": "['BertForMaskedLM']"}).layers) == 2


@pytest.mark.parametrize(
    ("problem", "loss"),
    [
        ("single_label_classification", "CrossEntropyLoss"),
        ("multi_label_classification", "BCEWithLogitsLoss"),
        ("regression", "MSELoss"),
        ("None", None),
        (None, None),
        (["regression"], None),
    ],
)
def test_the_loss_is_that_of_the_kind_of_problem(problem: Any, loss: str | None) -> None:
    assert read({**BERT, "problem_type": problem}).loss == loss


def test_a_configuration_may_be_nested_and_hold_numbers() -> None:
    nested = {**BERT, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "hidden_dropout_prob": 0.1}
    del nested["optim"]
    params = {"seed": 1, "model": nested, "optim": "sgd"}
    assert read_configured(params) == Model("transformers", (transformer("gelu"),) * 2, optimizer="sgd")


@pytest.mark.parametrize(
    "changed",
    [
        {"num_hidden_layers": "1000000"},
        {"num_hidden_layers": "many"},
        {"hidden_size": "[16, 32]"},
        {"is_encoder_decoder": "True"},
        {"state_size": "128"},
        {"num_attention_heads": None},
    ],
)
def test_layers_that_are_not_all_known_are_not_given(changed: dict[str, Any]) -> None:
    assert read_configured({**BERT, **CLASSIFIES, **changed}) == Model(
        "transformers", loss="CrossEntropyLoss", optimizer="adamw_torch_fused"
    )


@pytest.mark.parametrize(
    ("sizes", "units"),
    [("(8, 4)", (8, 4)), ("(100,)", (100,)), ("[8]", (8,)), ("7", (7,)), ([8, 4], (8, 4)), (7, (7,)), ("best", ())],
)
def test_the_hidden_layers_of_a_perceptron_are_read(sizes: Any, units: tuple[int, ...]) -> None:
    layers = tuple(Layer("Dense", {"units": n, "activation": "tanh"}) for n in units)
    assert read_configured({**PERCEPTRON, "hidden_layer_sizes": sizes}) == Model("sklearn", layers, optimizer="sgd")


def test_a_perceptron_in_a_pipeline_is_read() -> None:
    params = {"steps": "[…]", "standardscaler__copy": "True"} | {f"mlp__{k}": v for k, v in PERCEPTRON.items()}
    assert read_configured({**params, "mlp__loss": "squared_error"}) == Model(
        "sklearn",
        tuple(Layer("Dense", {"units": n, "activation": "tanh"}) for n in (8, 4)),
        loss="squared_error",
        optimizer="sgd",
    )


@pytest.mark.parametrize(
    ("params", "loss"),
    [
        ({"fit_intercept": "True", "loss": "hinge", "eta0": "0.01"}, "hinge"),
        ({"C": "1.0", "fit_intercept": "True", "solver": "lbfgs"}, None),
        ({"ccp_alpha": "0.0", "loss": "log_loss"}, "log_loss"),
        ({"l2_regularization": "0.0", "max_leaf_nodes": "31", "loss": "squared_error"}, "squared_error"),
        ({"sgd__fit_intercept": "True", "sgd__loss": "huber", "scaler__copy": "True"}, "huber"),
        ({"a__ccp_alpha": "0.0", "a__loss": "log_loss", "b__ccp_alpha": "0.0", "b__loss": "exponential"}, None),
    ],
)
def test_other_estimators_have_a_loss_and_no_layers(params: dict[str, Any], loss: str | None) -> None:
    assert read_configured(params) == Model("sklearn", loss=loss)


@pytest.mark.parametrize(
    ("params", "model"),
    [
        ({"objective": "multi:softprob", "num_class": "3", "eta": "0.1"}, Model("xgboost", loss="multi:softprob")),
        (XGBOOST, Model("xgboost")),
        ({**XGBOOST, "objective": "<function mine at 0x7f>"}, Model("xgboost")),
        ({"objective": "multiclass", "keep_training_booster": "False"}, Model("lightgbm", loss="multiclass")),
        ({"objective": "huber", "boosting_type": "gbdt"}, Model("lightgbm", loss="huber")),
        ({"objective": "binary", "num_leaves": 31}, Model("lightgbm", loss="binary")),
        ({"loss_function": "Logloss", "iterations": 100, "depth": 6}, Model("catboost", loss="Logloss")),
        ({"loss_function": "RMSE", "iterations": 100, "l2_leaf_reg": 3}, Model("catboost", loss="RMSE")),
    ],
)
def test_boosted_trees_have_their_objective_and_no_layers(params: dict[str, Any], model: Model) -> None:
    assert read_configured(params) == model


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"hidden_size": 128, "lr": 0.1, "num_layers": 2, "dropout": 0.5, "optimizer": "adam"},
        {"model_type": "transformer", "num_layers": 2, "hidden_size": 64, "num_heads": 4, "hidden_act": "gelu"},
        {"transformers_version": "5.24.0", "lr": 1},
        {"loss_function": "CrossEntropyLoss", "iterations": 1000, "depth": 4},
        {"loss": "mse", "solver": "adam", "activation": "relu", "hidden_layer_sizes": "(8, 4)"},
        {"objective": "reconstruction", "num_class": 3},
        {"best_hidden_layer_sizes": "(5, 2)", "estimator": "MLPClassifier(max_iter=5)"},
        {"num_boost_round": "5"},
    ],
)
def test_parameters_that_could_be_anybodys_say_nothing(params: dict[str, Any]) -> None:
    assert read_configured(params) is None


ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["1" * 300, "(1,", "１", "²"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from([BERT, GPT2, T5, PERCEPTRON, XGBOOST]), st.data())
def test_no_value_is_an_error(params: dict[str, Any], data: st.DataObject) -> None:
    names = data.draw(
        st.sets(st.sampled_from([*params, "num_labels", "objective", "loss", "loss_function"]), max_size=5)
    )
    read_configured({**params, "architectures": "AForBClassification", **{name: data.draw(ANY) for name in names}})
