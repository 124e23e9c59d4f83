from tests.rules.networks import network
from tests.rules.runs import SOUND, healthy, judge
from tracker_diag.core.model import Model, read_model
from tracker_diag.engine.network_in_words import in_words


def test_says_layers_output_loss_and_weights():
    said = in_words(read_model({**network(64, 32), "trainable_parameters": 4810}))
    assert said == (
        "model read from the run: keras; Dense 64 relu, Dense 32 relu, Dense 10 softmax; "
        "loss sparse_categorical_crossentropy; 4,810 trainable weights"
    )


def test_of_many_layers_the_first_and_the_last_are_named():
    assert "Dense 8 relu, Dense 7 relu, 6 more layers with weights, Dense 10 softmax" in in_words(
        read_model(network(8, 7, 6, 5, 4, 3, 2, 1))
    )


def test_says_what_stands_between_the_layers():
    model = network(64, trainable=False)
    model["layers"] += [{"type": "Dropout", "rate": 0.2}, {"type": "BatchNormalization"}, {"type": "Add"}]
    said = in_words(read_model({**model, "optimizer": "Adam"}))
    assert "; dropout 0.2, batch normalisation, residual connections, 1 frozen layer; loss" in said
    assert said.endswith("optimiser Adam")


def test_says_nothing_where_nothing_is_known():
    assert in_words(Model()) == in_words(Model(framework="keras")) == ""


def test_stands_in_the_report_with_what_could_not_be_read():
    report = judge(healthy(), SOUND, model=Model(loss="mse", notes=("data/model.keras is not a zip archive",)))
    assert report.notes == ("model read from the run: loss mse", "data/model.keras is not a zip archive")
