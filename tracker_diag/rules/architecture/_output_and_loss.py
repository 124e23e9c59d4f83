"""Which output goes with which loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tracker_diag.evidence.losses import Asked
from tracker_diag.rules.api import LikelihoodRatio, Observation

SOFTMAX = ("softmax", "log_softmax")
SIGMOID = ("sigmoid", "hard_sigmoid", "log_sigmoid")
TANH = ("tanh", "hard_tanh", "softsign")
#: Outputs that are no probabilities, so that their logarithm is no loss.
UNBOUNDED = ("linear", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "prelu", "relu6", *TANH)
RECTIFIED = ("relu", "relu6", "crelu")
#: Largest squared and absolute error of an output of this kind if the targets are in its range,
REACH = {**dict.fromkeys((*SOFTMAX, *SIGMOID), (1.0, 1.0)), **dict.fromkeys(TANH, (4.0, 2.0))}
#: and the largest of always predicting the middle of the range.
OF_MIDDLE = {**dict.fromkeys((*SOFTMAX, *SIGMOID), (0.25, 0.5)), **dict.fromkeys(TANH, (1.0, 1.0))}
#: Share by which an error may lie above that: the cost of the first epochs of sound weights, and rounding.
ABOVE_MIDDLE = 0.05
TWO_CLASSES = 2


class Likelihoods:
    """What speaks for an output that does not fit the loss, and against it."""

    SOFTMAX_OF_ONE = LikelihoodRatio(3000.0, "softmax over one unit always outputs 1", "data")
    NO_PROBABILITIES = LikelihoodRatio(400.0, "the output layer has {output}, but {loss} expects probabilities", "data")
    ONE_UNIT_FOR_CLASSES = LikelihoodRatio(
        400.0, "the output layer has one unit, but {loss} chooses among several classes", "data"
    )
    FEWER_UNITS_THAN_CLASSES = LikelihoodRatio(400.0, "the output layer has {units} for {n_classes} classes", "data")
    SOFTMAX_OF_ONE_CONFIGURED = LikelihoodRatio(
        400.0, "the output is softmax over one unit, which always outputs 1", "params"
    )
    SOFTMAX_BEFORE_YES_OR_NO = LikelihoodRatio(
        30.0,
        "softmax before {loss} for two classes does not fit: over one unit softmax always outputs 1, and over two it "
        "needs "
        "a categorical cross-entropy",
        "params",
    )
    NO_PROBABILITIES_CONFIGURED = LikelihoodRatio(
        20.0, "the output activation is {output}, but {loss} expects probabilities", "params"
    )
    ERROR_ON_SOFTMAX_CONFIGURED = LikelihoodRatio(
        20.0, "{loss} on a softmax output has almost no gradient when the network is confidently wrong", "params"
    )
    SOFTMAX_AMONG_MODULES = LikelihoodRatio(
        20.0,
        "the model has a {output} module, but {loss} applies it itself (no harm if the module is for predictions only)",
        "params",
    )
    NO_LOG_BEFORE_NLL = LikelihoodRatio(
        100.0, "the output activation is {output}, but {loss} expects log-probabilities", "params"
    )
    SOFTMAX_BEFORE_LOGITS = LikelihoodRatio(
        100.0, "the output activation is {output}, but {loss} already includes one", "params"
    )
    SIGMOIDS_FOR_ONE_OF_CLASSES = LikelihoodRatio(
        60.0, "the outputs are sigmoids, but {loss} expects one class out of several", "data"
    )
    SIGMOIDS_FOR_CLASSES = LikelihoodRatio(
        8.0, "the outputs are sigmoids, although there are {n_classes} classes", "params"
    )
    ABSOLUTE_ON_SOFTMAX = LikelihoodRatio(
        60.0,
        "an absolute error ({loss}) on a softmax output has almost no gradient when the network is confidently wrong",
        "data",
    )
    SQUARED_ON_SOFTMAX = LikelihoodRatio(
        60.0,
        "a squared error ({loss}) on a softmax output has almost no gradient when the network is confidently wrong",
        "data",
    )
    ABSOLUTE_ON_SIGMOID = LikelihoodRatio(
        60.0,
        "an absolute error ({loss}) on a sigmoid output has almost no gradient once every prediction is the majority "
        "class",
        "data",
    )
    RELU_BEFORE_REGRESSION = LikelihoodRatio(
        6.0, "this is a regression, but an output with {output} cannot predict values below zero", "params"
    )
    BEYOND_REACH = LikelihoodRatio(
        400.0,
        "the {error} error levels off at {loss:figure}, but the output is {output} ({span}): with targets in that "
        "range, it could be at most {most:figure}",
    )
    WORSE_THAN_MIDDLE = LikelihoodRatio(
        60.0,
        "the {error} error never falls below {loss:figure}, but the output is {output} ({span}): with targets in that "
        "range, even predicting {middle:figure} for every example would give at most {most:figure}",
    )
    ON_BOUND_NEARLY_ALL_RIGHT = LikelihoodRatio(
        150.0,
        "accuracy is {accuracy:share}, but the loss levels off at {loss:figure}, just above {bound:figure}, the lowest "
        "loss that softmax applied twice allows",
    )
    ON_BOUND = LikelihoodRatio(
        110.0,
        "accuracy is {accuracy:share}, but the loss levels off at {loss:figure}, just above {bound:figure}, the lowest "
        "loss that softmax applied twice allows",
    )
    NEGATIVE = LikelihoodRatio(
        100.0, "the cross-entropy falls to {lowest:figure}, but with matching targets and outputs it is never below 0"
    )
    CHEAPER_THAN_ITS_ERRORS = LikelihoodRatio(
        400.0,
        "{said} is {loss:figure}, but {wrong:share} of the predictions are wrong, and with so many errors a "
        "cross-entropy "
        "is at least {least:figure}: the labels were scaled or cast, or the loss measures something else",
    )
    BELOW_ZERO_BESIDE_ACCURACY = LikelihoodRatio(
        150.0,
        "the loss falls to {lowest:figure}, but the loss of a classification is below 0 only if targets lie outside 0 "
        "to 1",
    )
    NO_MORE_THAN_BOUNDED = LikelihoodRatio(
        80.0,
        "the loss stays near {loss:figure} (it changed by {moved:figure}), as if the output could not leave the range "
        "-1 to 1: such an output changes a squared error of this size by at most {most:figure}",
    )
    ONE_UNIT_STANDS = LikelihoodRatio(
        200.0, "{said} never changed, and the network has one output unit: softmax over one unit always outputs 1"
    )
    CERTAIN_FROM_THE_START = LikelihoodRatio(
        200.0,
        "{said} never changed and is {cost:.4g} per wrong prediction, the highest for yes/no: every prediction is the "
        "same "
        "and certain, as with softmax over one unit",
    )
    HIGHER_THAN_ALLOWED = LikelihoodRatio(
        25.0,
        "accuracy is {accuracy:share}, but the loss levels off at {loss:figure}; with this accuracy, a calibrated "
        "model has "
        "a loss of at most {allowed:figure}",
    )
    LEARNS = LikelihoodRatio(0.01, "the run learns well anyway")
    FAILS = LikelihoodRatio(3.0, "the run does not learn well")


@dataclass(frozen=True, slots=True)
class Output:
    """What the network outputs.

    Attributes
    ----------
    activation : str
        In the vocabulary's spelling.
    units : int or None
        How many units; None if that is not known.
    described : bool
        Whether the layers show it, and the same description names the loss. A parameter may be one of many, or not be
        used.
    listed : bool
        Whether it is one of PyTorch's modules, which are listed as they were made and not as they are applied.
    """

    activation: str
    units: int | None
    described: bool
    listed: bool = False


def mismatches(output: Output, asked: Asked | None, n_classes: int | None) -> Iterator[Observation]:
    """Yield what about an output does not fit its loss, the surest first."""
    if output.described and output.activation in SOFTMAX and output.units == 1:
        yield Likelihoods.SOFTMAX_OF_ONE()
        return
    if not output.described and not output.listed and output.activation in SOFTMAX and output.units == 1:
        yield Likelihoods.SOFTMAX_OF_ONE_CONFIGURED()
        return
    if asked is None:
        return
    if output.described:
        yield from _described(output, asked, n_classes)
    elif not output.listed:
        yield from _configured(output, asked, n_classes)
    twice = ("softmax", *SIGMOID) if output.described or output.listed else ("softmax",)
    if output.activation in twice and asked.takes == "logits":
        row = Likelihoods.SOFTMAX_AMONG_MODULES if output.listed else Likelihoods.SOFTMAX_BEFORE_LOGITS
        yield row(output=output.activation, loss=asked.name)
    if output.activation == "softmax" and asked.takes == "log-probabilities":
        yield Likelihoods.NO_LOG_BEFORE_NLL(output=output.activation, loss=asked.name)


def _described(output: Output, asked: Asked, n_classes: int | None) -> Iterator[Observation]:
    of_classes = asked.kind == "classes" and asked.takes is not None
    if of_classes and output.units == 1:
        yield Likelihoods.ONE_UNIT_FOR_CLASSES(loss=asked.name)
    elif asked.kind in ("classes", "yes or no") and asked.takes == "probabilities" and output.activation in UNBOUNDED:
        yield Likelihoods.NO_PROBABILITIES(output=_said(output), loss=asked.name)
    elif of_classes and asked.takes == "probabilities" and output.activation in SIGMOID:
        yield Likelihoods.SIGMOIDS_FOR_ONE_OF_CLASSES(loss=asked.name)
    elif asked.kind in ("squared", "absolute") and output.activation in SOFTMAX:
        row = Likelihoods.SQUARED_ON_SOFTMAX if asked.kind == "squared" else Likelihoods.ABSOLUTE_ON_SOFTMAX
        yield row(loss=asked.name)
    if not n_classes or n_classes <= TWO_CLASSES or output.units is None:
        return
    if asked.kind == "yes or no" and output.units == 1:
        yield Likelihoods.FEWER_UNITS_THAN_CLASSES(units="one unit", n_classes=n_classes)
    elif of_classes and 1 < output.units < n_classes:
        yield Likelihoods.FEWER_UNITS_THAN_CLASSES(units=f"{output.units} units", n_classes=n_classes)


def _configured(output: Output, asked: Asked, n_classes: int | None) -> Iterator[Observation]:
    """By parameters alone, where "linear" may mean that the loss takes logits."""
    if asked.kind in ("classes", "yes or no") and asked.takes != "logits" and output.activation in (*RECTIFIED, *TANH):
        yield Likelihoods.NO_PROBABILITIES_CONFIGURED(output=output.activation, loss=asked.name)
    elif asked.kind == "yes or no" and output.activation in SOFTMAX and n_classes == TWO_CLASSES:
        yield Likelihoods.SOFTMAX_BEFORE_YES_OR_NO(loss=asked.name)
    elif asked.kind in ("squared", "absolute") and output.activation in SOFTMAX:
        yield Likelihoods.ERROR_ON_SOFTMAX_CONFIGURED(loss=asked.name)


def fits(output: Output, asked: Asked) -> bool:
    """Whether the layers show an output that is made for the loss."""
    several = output.units is None or output.units > 1
    if not output.described:
        return False
    if asked.kind == "classes":
        wanted = {"logits": ("linear",), "log-probabilities": ("log_softmax",)}.get(asked.takes or "", ("softmax",))
        return several and asked.takes is not None and output.activation in wanted
    if asked.kind == "yes or no":
        return asked.takes is not None and output.activation in (("linear",) if asked.takes == "logits" else SIGMOID)
    return asked.kind in ("squared", "absolute") and output.activation == "linear"


def _said(output: Output) -> str:
    return "no activation" if output.activation == "linear" else f"activation {output.activation}"
