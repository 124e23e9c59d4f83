"""Which output goes with which loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tracker_diag.evidence.losses import Asked
from tracker_diag.rules.api import LikelihoodRatio, Observation

SOFTMAX = ("softmax", "log_softmax")
SIGMOID = ("sigmoid", "hard_sigmoid", "log_sigmoid")
TANH = ("tanh", "hard_tanh", "softsign")
#: Outputs that are no probabilities, and that a logarithm is no loss of.
UNBOUNDED = ("linear", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "prelu", "relu6", *TANH)
RECTIFIED = ("relu", "relu6", "crelu")
#: Largest squared and absolute error of an output of this kind whose targets are within its range,
REACH = {**dict.fromkeys((*SOFTMAX, *SIGMOID), (1.0, 1.0)), **dict.fromkeys(TANH, (4.0, 2.0))}
#: and the largest of answering the middle of the range whatever comes in.
OF_MIDDLE = {**dict.fromkeys((*SOFTMAX, *SIGMOID), (0.25, 0.5)), **dict.fromkeys(TANH, (1.0, 1.0))}
#: Share by which an error may lie above that: what the first epochs of sound weights cost, and rounding.
ABOVE_MIDDLE = 0.05
TWO_CLASSES = 2


class Likelihoods:
    """What speaks for an output that does not fit the loss, and against it."""

    SOFTMAX_OF_ONE = LikelihoodRatio(3000.0, "softmax over one unit answers 1 whatever comes in", "data")
    NO_PROBABILITIES = LikelihoodRatio(400.0, "{output} before {loss}, which takes probabilities", "data")
    ONE_UNIT_FOR_CLASSES = LikelihoodRatio(400.0, "one unit before {loss}, which chooses among several", "data")
    FEWER_UNITS_THAN_CLASSES = LikelihoodRatio(400.0, "{units} for {n_classes} classes", "data")
    SOFTMAX_OF_ONE_CONFIGURED = LikelihoodRatio(
        400.0, "softmax by the parameters, over one unit by the layers: it answers 1 whatever comes in", "params"
    )
    SOFTMAX_BEFORE_YES_OR_NO = LikelihoodRatio(
        30.0,
        "softmax before {loss} for two classes: over one unit it answers 1 whatever comes in, over two it wants "
        "a categorical one",
        "params",
    )
    NO_PROBABILITIES_CONFIGURED = LikelihoodRatio(20.0, "{output} before {loss}, which takes probabilities", "params")
    ERROR_ON_SOFTMAX_CONFIGURED = LikelihoodRatio(
        20.0, "{loss} of a softmax has hardly any gradient where the network is sure and wrong", "params"
    )
    SOFTMAX_AMONG_MODULES = LikelihoodRatio(
        20.0, "a module of {output}, and {loss}, which applies it itself: unless it is for predictions alone", "params"
    )
    NO_LOG_BEFORE_NLL = LikelihoodRatio(100.0, "{output} before {loss}, which takes logarithms", "params")
    SOFTMAX_BEFORE_LOGITS = LikelihoodRatio(100.0, "{output} before {loss}, which applies it itself", "params")
    SIGMOIDS_FOR_ONE_OF_CLASSES = LikelihoodRatio(
        60.0, "sigmoids before {loss}, which takes one class of several", "data"
    )
    SIGMOIDS_FOR_CLASSES = LikelihoodRatio(8.0, "sigmoid outputs for {n_classes} classes", "params")
    ABSOLUTE_ON_SOFTMAX = LikelihoodRatio(
        60.0,
        "an absolute error ({loss}) of a softmax has hardly any gradient where the network is sure and wrong",
        "data",
    )
    SQUARED_ON_SOFTMAX = LikelihoodRatio(
        60.0,
        "a squared error ({loss}) of a softmax has hardly any gradient where the network is sure and wrong",
        "data",
    )
    ABSOLUTE_ON_SIGMOID = LikelihoodRatio(
        60.0,
        "an absolute error ({loss}) of a sigmoid has hardly any gradient once every answer is the majority's",
        "data",
    )
    RELU_BEFORE_REGRESSION = LikelihoodRatio(
        6.0, "{output} before a regression loss cannot answer below zero", "params"
    )
    BEYOND_REACH = LikelihoodRatio(
        400.0, "the loss rests at {loss:.3g}, and for targets within reach of {output} it can be {most:g} at most"
    )
    WORSE_THAN_MIDDLE = LikelihoodRatio(
        60.0,
        "the loss never falls below {loss:.3g}, and always answering {middle:g} would cost {most:g} at most "
        "if the targets were within reach of {output}",
    )
    ON_BOUND_NEARLY_ALL_RIGHT = LikelihoodRatio(
        150.0,
        "accuracy is {accuracy:.0%}, and the loss rests at {loss:.3g}, "
        "just above the {bound:.3g} that softmax twice leaves",
    )
    ON_BOUND = LikelihoodRatio(
        110.0,
        "accuracy is {accuracy:.0%}, and the loss rests at {loss:.3g}, "
        "just above the {bound:.3g} that softmax twice leaves",
    )
    NEGATIVE = LikelihoodRatio(
        100.0, "the cross-entropy falls to {lowest:.4g}, and none is below 0 for targets and outputs that fit"
    )
    CHEAPER_THAN_ITS_ERRORS = LikelihoodRatio(
        400.0,
        "{said} is {loss:.3g} where {wrong:.0%} of the answers are wrong, which cost {least:.3g} at least: "
        "labels that were scaled or cast, or a loss of something else",
    )
    BELOW_ZERO_BESIDE_ACCURACY = LikelihoodRatio(
        150.0,
        "the loss falls to {lowest:.4g} beside an accuracy, and a loss of classes is below 0 only where targets lie "
        "outside 0 and 1",
    )
    NO_MORE_THAN_BOUNDED = LikelihoodRatio(
        80.0,
        "the loss rests at {loss:.4g} and has changed by {moved:.3g} in all: an output between -1 "
        "and 1 changes a squared error of that size by {most:.3g} at most, one without bounds goes on",
    )
    ONE_UNIT_STANDS = LikelihoodRatio(
        200.0, "one output unit, and {said} never left the first value, as where softmax over it answers 1"
    )
    CERTAIN_FROM_THE_START = LikelihoodRatio(
        200.0,
        "{said} never left the first value, and each wrong answer costs {cost:.4g}, the most of a yes or no: every "
        "answer is the same and certain from the start, as where softmax over one unit answers 1",
    )
    HIGHER_THAN_ALLOWED = LikelihoodRatio(
        25.0,
        "accuracy is {accuracy:.0%}, where a calibrated model loses {allowed:.2g} at most, and the loss rests at "
        "{loss:.3g}",
    )
    LEARNS = LikelihoodRatio(0.01, "the run learns all the same")
    FAILS = LikelihoodRatio(3.0, "the run does not learn well")


@dataclass(frozen=True, slots=True)
class Output:
    """What the network gives.

    Attributes
    ----------
    activation : str
        In the vocabulary's spelling.
    units : int or None
        How many numbers; None where that is not known.
    described : bool
        Whether the layers say it, and one description tells of output and loss; a parameter may be one of many, or not
        be used.
    listed : bool
        Whether it is a module of PyTorch's, which are listed as they were made and not as they are applied.
    """

    activation: str
    units: int | None
    described: bool
    listed: bool = False


def mismatches(output: Output, asked: Asked | None, n_classes: int | None) -> Iterator[Observation]:
    """Tell what of an output does not fit its loss, the surest first."""
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
    """By parameters alone, of which "linear" may mean that the loss takes logits."""
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
    return "no activation" if output.activation == "linear" else output.activation
