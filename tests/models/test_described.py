from tests.rules.networks import dense, network
from tracker_diag import Run
from tracker_diag.models.described import described

SUMMARY = """Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ dense (Dense)                   │ (None, 64)             │         4,160 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense_1 (Dense)                 │ (None, 10)             │           650 │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 14,432 (56.38 KB)
 Trainable params: 4,810 (18.79 KB)
 Non-trainable params: 0 (0.00 B)
 Optimizer params: 9,622 (37.59 KB)
"""


def of(**more):
    return described(Run.from_dict({"id": "r", **more}))


def test_a_summary_adds_the_number_of_weights_to_a_logged_model():
    found = of(model=network(64), model_summary=SUMMARY)
    assert found.trainable_parameters == 4810
    assert found.layers[0].settings["activation"] == "relu"
    assert found.loss == "sparse_categorical_crossentropy"


def test_a_logged_model_that_is_another_network_is_left_out():
    found = of(model=network(2, classes=1), model_summary=SUMMARY)
    assert [layer.settings["units"] for layer in found.layers] == [64, 10]
    assert found.loss is None
    assert "the logged model differs from the model summary, so it was ignored" in found.notes[0]


def test_layers_of_another_kind_are_another_network_too():
    convolving = SUMMARY.replace("dense (Dense)     ", "conv (Conv2D)     ")
    assert of(model=network(2, classes=1), model_summary=convolving).loss is None


def test_what_stands_for_several_layers_in_a_summary_leaves_it_open():
    nested = SUMMARY.replace("dense (Dense)     ", "base (Sequential) ")
    assert of(model={"layers": [dense(16), dense(64), dense(10)]}, model_summary=nested).notes == ()


def test_the_framework_is_that_of_the_layers():
    assert of(model={"framework": "sklearn"}, model_summary=SUMMARY).framework == "keras"
    assert of(model={"framework": "torch"}).framework == "torch"


def test_parameters_of_a_known_library_describe_a_network():
    assert of(params={"objective": "binary:logistic", "num_boost_round": "10"}).framework == "xgboost"
    assert of(params={"lr": 0.1, "hidden_size": 8}) is None
