"""What to do where the output does not fit the loss."""

from __future__ import annotations

from collections.abc import Mapping

from tracker_diag.evidence.losses import Asked
from tracker_diag.rules.api import Change, Observation
from tracker_diag.rules.architecture._output_and_loss import TWO_CLASSES, Likelihoods, Output

_BINARY, _CATEGORICAL = "binary_crossentropy", "categorical_crossentropy"
_YES_OR_NO = "give the one unit a sigmoid and a binary cross-entropy"
_ONE_A_CLASS = "give the last layer one unit for each class, softmax and a categorical cross-entropy"
_TWICE = "give logits to a loss from logits, or probabilities to one that takes them: not softmax twice"
_RANGE = "end without an activation, or scale the targets into the range of the output"
_SUM_TO_ONE = "end in softmax, so that the outputs sum to one"
_CROSS_ENTROPY = "use a categorical cross-entropy: its gradient does not vanish where the network is sure and wrong"
#: Activation and loss to put in place ("" leaves what is there), and what to do in words; where one answer fits all.
_FIXED: Mapping[str, tuple[str, str, str]] = {
    Likelihoods.SIGMOIDS_FOR_ONE_OF_CLASSES.key: ("softmax", "", _SUM_TO_ONE),
    Likelihoods.SIGMOIDS_FOR_CLASSES.key: ("softmax", "", _SUM_TO_ONE),
    Likelihoods.SQUARED_ON_SOFTMAX.key: ("", _CATEGORICAL, _CROSS_ENTROPY),
    Likelihoods.ABSOLUTE_ON_SOFTMAX.key: ("", _CATEGORICAL, _CROSS_ENTROPY),
    Likelihoods.ABSOLUTE_ON_SIGMOID.key: (
        "",
        _BINARY,
        "use a binary cross-entropy, which is least at the share of yes and not at the majority",
    ),
    Likelihoods.BEYOND_REACH.key: ("none", "", _RANGE),
    Likelihoods.WORSE_THAN_MIDDLE.key: ("none", "", _RANGE),
    Likelihoods.NO_MORE_THAN_BOUNDED.key: ("", "", _RANGE),
    Likelihoods.ERROR_ON_SOFTMAX_CONFIGURED.key: ("", _CATEGORICAL, _CROSS_ENTROPY),
    Likelihoods.NO_PROBABILITIES_CONFIGURED.key: (
        "",
        "",
        "end in softmax (one of several classes) or a sigmoid (yes or no), or use a loss that takes logits",
    ),
    Likelihoods.CHEAPER_THAN_ITS_ERRORS.key: (
        "",
        "",
        "print the labels that the loss is given: whole numbers from 0 to the number of classes, not scaled or cast",
    ),
    Likelihoods.BELOW_ZERO_BESIDE_ACCURACY.key: (
        "",
        "",
        "give the cross-entropy targets between 0 and 1; for several classes one unit each and softmax",
    ),
    Likelihoods.NEGATIVE.key: (
        "",
        "",
        "give the cross-entropy targets between 0 and 1, and the outputs that it asks for",
    ),
}
_OF_ONE_UNIT = (
    Likelihoods.SOFTMAX_OF_ONE.key,
    Likelihoods.SOFTMAX_OF_ONE_CONFIGURED.key,
    Likelihoods.ONE_UNIT_STANDS.key,
    Likelihoods.CERTAIN_FROM_THE_START.key,
    Likelihoods.SOFTMAX_BEFORE_YES_OR_NO.key,
    Likelihoods.ONE_UNIT_FOR_CLASSES.key,
    Likelihoods.FEWER_UNITS_THAN_CLASSES.key,
)


def repair(
    seen: Observation, names: Mapping[str, str], output: Output | None, asked: Asked | None, n_classes: int | None
) -> tuple[tuple[Change, ...], str]:
    """Say what to change, as data and in words; nothing as data where the run does not tell what is right."""
    activation, loss, text = _wanted(seen, output, asked, n_classes)
    before = output.activation if output is not None else None
    changes = []
    if text == _ONE_A_CLASS and output is not None and n_classes is not None:
        changes.append(Change("output_units", output.units, n_classes))
    # An output without an activation is what "none" asks for.
    if activation and before not in (activation, "linear" if activation == "none" else activation):
        changes.append(Change(names.get("output_activation", "output_activation"), before, activation))
    if loss and asked is not None and asked.name != loss:
        changes.append(Change(names.get("loss_function", "loss_function"), asked.name, loss))
    return tuple(changes), text


def _wanted(
    seen: Observation, output: Output | None, asked: Asked | None, n_classes: int | None
) -> tuple[str, str, str]:
    if seen.key == Likelihoods.NO_LOG_BEFORE_NLL.key:
        return "log_softmax", "", "end in log_softmax, or give logits to a cross-entropy"
    if seen.key in _OF_ONE_UNIT:
        return _of_one_unit(asked, n_classes)
    if seen.key == Likelihoods.NO_PROBABILITIES.key and asked is not None and asked.kind == "yes or no":
        return "sigmoid", "", "end in a sigmoid, or tell the loss from_logits=True"
    if seen.key == Likelihoods.NO_PROBABILITIES.key:
        return "softmax", "", "end in softmax, or tell the loss from_logits=True"
    if seen.key == Likelihoods.RELU_BEFORE_REGRESSION.key and output is not None:
        return "none", "", f"give the regression loss what the last layer computes, without {output.activation}"
    return _FIXED.get(seen.key, ("none", "", _TWICE))


def _of_one_unit(asked: Asked | None, n_classes: int | None) -> tuple[str, str, str]:
    """By what the loss asks for, and by how many classes there are, where that is known."""
    if n_classes is not None and n_classes > TWO_CLASSES:
        return "softmax", "sparse_categorical_crossentropy", _ONE_A_CLASS
    if n_classes == TWO_CLASSES or (asked is not None and asked.kind == "yes or no"):
        return "sigmoid", _BINARY, _YES_OR_NO
    if asked is not None and asked.kind in ("squared", "absolute"):
        return "none", "", "end the one unit without an activation"
    return "", "", f"{_ONE_A_CLASS}; with two classes {_YES_OR_NO}; in a regression end without an activation"
