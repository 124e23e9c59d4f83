from tracker_diag.core.model import Layer, Model
from tracker_diag.models.merged import merged


def test_each_part_comes_from_the_first_that_tells_it():
    sure = Model(framework="keras", loss="mse", notes=("a",))
    other = Model(framework="torch", layers=(Layer("Dense"),), trainable_parameters=3, notes=("b", "a"))
    assert merged([None, sure, other]) == Model(
        framework="torch", layers=(Layer("Dense"),), loss="mse", trainable_parameters=3, notes=("a", "b")
    )


def test_settings_stay_with_their_loss():
    first, second = Model(loss="mse"), Model(loss="cross_entropy", loss_settings={"from_logits": True})
    assert merged([first, second]).loss_settings == {}
    assert merged([Model(framework="keras"), second]).loss_settings == {"from_logits": True}


def test_how_many_outputs_there_are_stays_with_the_layers():
    assert merged([Model(layers=(Layer("Dense"),)), Model(layers=(Layer("Linear"),), outputs=2)]).outputs == 1


def test_nothing_is_none():
    assert merged([]) is None
    assert merged([None, Model()]) is None
    assert merged([Model(notes=("gone",))]) == Model(notes=("gone",))
