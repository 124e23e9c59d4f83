"""What to do if the output does not fit the loss."""

from __future__ import annotations

from collections.abc import Mapping

from tracker_diag.evidence.losses import Asked
from tracker_diag.rules.api import Change, Observation
from tracker_diag.rules.architecture._output_and_loss import TWO_CLASSES, Likelihoods, Output

_BINARY, _CATEGORICAL = "binary_crossentropy", "categorical_crossentropy"
_YES_OR_NO = "use one sigmoid unit with binary cross-entropy"
_ONE_A_CLASS = "use one output unit per class, softmax and categorical cross-entropy"
_TWICE = "apply softmax or sigmoid only once: give logits to a loss that takes logits, and probabilities to others"
_RANGE = "remove the output activation, or scale the targets into its range"
_SUM_TO_ONE = "use softmax as the output activation, so that the outputs sum to 1"
_CROSS_ENTROPY = "use categorical cross-entropy: its gradient does not vanish when the network is confidently wrong"
#: Activation and loss to use instead ("" keeps the present one), and what to do in words, where one answer fits all.
_FIXED: Mapping[str, tuple[str, str, str]] = {
    Likelihoods.SIGMOIDS_FOR_ONE_OF_CLASSES.key: ("softmax", "", _SUM_TO_ONE),
    Likelihoods.SIGMOIDS_FOR_CLASSES.key: ("softmax", "", _SUM_TO_ONE),
    Likelihoods.SQUARED_ON_SOFTMAX.key: ("", _CATEGORICAL, _CROSS_ENTROPY),
    Likelihoods.ABSOLUTE_ON_SOFTMAX.key: ("", _CATEGORICAL, _CROSS_ENTROPY),
    Likelihoods.ABSOLUTE_ON_SIGMOID.key: (
        "",
        _BINARY,
        "use binary cross-entropy, whose minimum lies at the share of positives and not at the majority class",
    ),
    Likelihoods.BEYOND_REACH.key: ("none", "", _RANGE),
    Likelihoods.WORSE_THAN_MIDDLE.key: ("none", "", _RANGE),
    Likelihoods.NO_MORE_THAN_BOUNDED.key: ("", "", _RANGE),
    Likelihoods.ERROR_ON_SOFTMAX_CONFIGURED.key: ("", _CATEGORICAL, _CROSS_ENTROPY),
    Likelihoods.NO_PROBABILITIES_CONFIGURED.key: (
        "",
        "",
        "use softmax (several classes) or sigmoid (yes/no) as the output activation, or a loss that takes logits",
    ),
    Likelihoods.CHEAPER_THAN_ITS_ERRORS.key: (
        "",
        "",
        "print the labels that the loss gets: they must be the class numbers 0, 1, 2, …, not scaled and not cast to a "
        "type that changes them",
    ),
    Likelihoods.BELOW_ZERO_BESIDE_ACCURACY.key: (
        "",
        "",
        "use targets between 0 and 1; for several classes, use one output unit per class and softmax",
    ),
    Likelihoods.NEGATIVE.key: (
        "",
        "",
        "use targets between 0 and 1, and the output activation that the cross-entropy expects",
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
    """Say what to change, as data and in words; no data if the run does not show what is right."""
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
        return "log_softmax", "", "use log_softmax as the output activation, or give logits to a cross-entropy"
    if seen.key in _OF_ONE_UNIT:
        return _of_one_unit(asked, n_classes)
    if seen.key == Likelihoods.NO_PROBABILITIES.key and asked is not None and asked.kind == "yes or no":
        return "sigmoid", "", "use sigmoid as the output activation, or set from_logits=True in the loss"
    if seen.key == Likelihoods.NO_PROBABILITIES.key:
        return "softmax", "", "use softmax as the output activation, or set from_logits=True in the loss"
    if seen.key == Likelihoods.RELU_BEFORE_REGRESSION.key and output is not None:
        return "none", "", f"remove {output.activation} from the output layer"
    return _FIXED.get(seen.key, ("none", "", _TWICE))


def _of_one_unit(asked: Asked | None, n_classes: int | None) -> tuple[str, str, str]:
    """By what the loss expects, and by the number of classes if it is known."""
    if n_classes is not None and n_classes > TWO_CLASSES:
        return "softmax", "sparse_categorical_crossentropy", _ONE_A_CLASS
    if n_classes == TWO_CLASSES or (asked is not None and asked.kind == "yes or no"):
        return "sigmoid", _BINARY, _YES_OR_NO
    if asked is not None and asked.kind in ("squared", "absolute"):
        return "none", "", "remove the activation of the output unit"
    return "", "", f"{_ONE_A_CLASS}; for two classes, {_YES_OR_NO}; for regression, use no output activation"
