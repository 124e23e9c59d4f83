"""AR706 output-loss-mismatch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tracker_diag.evidence.cost_of_errors import CostOfErrors
from tracker_diag.evidence.identical import Identical
from tracker_diag.evidence.losses import Asked
from tracker_diag.evidence.saturation import Saturation
from tracker_diag.roles.layout import Layout
from tracker_diag.roles.words import read
from tracker_diag.rules.api import Curve, Explained, Model, Observation, Outcome, Prescription, Symptoms, rule
from tracker_diag.rules.architecture._output_and_loss import (
    ABOVE_MIDDLE,
    OF_MIDDLE,
    REACH,
    RECTIFIED,
    SIGMOID,
    TANH,
    TWO_CLASSES,
    Likelihoods,
    Output,
    fits,
    mismatches,
)
from tracker_diag.rules.architecture._output_in_curves import in_curves
from tracker_diag.rules.architecture._output_repairs import repair
from tracker_diag.rules.architecture._softmax_twice import softmax_twice

#: Accuracy, and explained share of chance level, from which on a run has learned whatever its layers look like.
ACCURATE, EXPLAINED = 0.9, 0.8
#: Explained share of chance level below which a run that levelled off falls short.
FALLS_SHORT = 0.5
#: Share of its first value to which an error has fallen far, as in a run that has learned if nothing else tells. If an
#: error falls so far and is still larger than its output allows, it is a sum, and its targets are not out of reach.
FELL_FAR = 0.1
#: Times the largest error that an output can make, beyond which no weight penalty explains a loss.
TIMES_A_PENALTY = 10.0
#: Words of which a name that counts the outputs has one of each kind, and no other.
_OUTPUT, _COUNT = frozenset({"output", "out"}), frozenset({"num", "width", "size", "features"})
OF_ONE = (
    Likelihoods.SOFTMAX_OF_ONE.key,
    Likelihoods.SOFTMAX_OF_ONE_CONFIGURED.key,
    Likelihoods.ONE_UNIT_STANDS.key,
    Likelihoods.CERTAIN_FROM_THE_START.key,
)
CONTRADICTS = (
    Likelihoods.CHEAPER_THAN_ITS_ERRORS.key,
    Likelihoods.BELOW_ZERO_BESIDE_ACCURACY.key,
    Likelihoods.NEGATIVE.key,
)
OUT_OF_REACH = (
    Likelihoods.BEYOND_REACH.key,
    Likelihoods.WORSE_THAN_MIDDLE.key,
    Likelihoods.NO_MORE_THAN_BOUNDED.key,
)


@rule(
    "AR706",
    "output-loss-mismatch",
    seen_as=("Accuracy is stuck at chance", "Training and validation loss both stay high"),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def output_loss_mismatch(
    any_curve: Curve,
    symptoms: Symptoms,
    names: Mapping[str, str],
    logged_params: Mapping[str, Any],
    numeric_params: Mapping[str, float],
    train_loss: Curve | None,
    val_loss: Curve | None,
    train_score: Curve | None,
    val_score: Curve | None,
    explained: Explained | None,
    score_explained: float | None,
    n_classes: int | None,
    output_activation: str | None,
    loss_function: str | None,
    loss_asks: Asked | None,
    layers_described: Layout | None,
    network: Model | None,
    task: str | None,
    label_smoothing: float | None,
    weight_decay: float | None,
    cost_of_errors: tuple[CostOfErrors, ...] | None,
    identical: Identical | None,
    saturation: Saturation | None,
    *,
    prior: float = 0.03,
) -> Outcome:
    """The output layer and the loss do not fit together.

    Examples: softmax over one unit, softmax applied twice, a cross-entropy without probabilities, a squared error on a
    softmax, ReLU before a regression loss, sigmoids where exactly one of several classes is right, an output that
    cannot reach its targets.

    What it measures
    ----------------
    From the description of the network. (Parameters alone can show three of these as well: a softmax before a loss that
    takes logits, a ReLU before a regression loss, and sigmoids for several classes.)

    - Softmax over one unit always outputs 1. One unit before a loss that chooses among several classes always chooses
      the same class.
    - A cross-entropy takes the logarithm of probabilities; raw outputs and those of ReLU or tanh are not probabilities.
      A cross-entropy that takes logits applies softmax or sigmoid itself, and a second one keeps the network from ever
      being certain.
    - Sigmoids before a categorical cross-entropy need not sum to 1. A squared or absolute error on a softmax has almost
      no gradient when the network is certain of the wrong class. An absolute error on a sigmoid has almost no gradient
      once every prediction is the majority class.
    - For an output in [0, 1] and targets in the same range, the squared error is at most 1; in [−1, 1] at most 4
      (absolute error: 1 and 2). A loss that levels off above this has targets out of reach. Predicting the middle of
      the range for every example gives at most 0.25 or 1 (absolute: 0.5 or 1). If the loss never falls below that, the
      targets are out of reach or the output is saturated. Networks with weight penalties are left out, since the
      penalty is part of the loss.

    From the curves:

    - Softmax before a loss that applies softmax itself leaves a cross-entropy of at least ln(1 + (k − 1)/e) for k
      classes, reached when every answer is right and certain. A loss that levels off just above that value with a high
      accuracy is a sign of it, unless the layers show that output and loss fit. If the number of classes is unknown,
      the sign is a loss far above that of a calibrated model of this accuracy.
    - A cross-entropy below 0 means that targets lie outside 0 to 1, or that the outputs are not probabilities. So does
      a loss of unknown kind below -1 in a run whose accuracy stays low.
    - If a loss is far lower than its wrong predictions allow, the labels were scaled or cast.
    - If a squared error levels off after a change so small that an output between -1 and 1 would explain it, the
      targets are out of reach.
    - If a loss never leaves its first value, the cause is softmax over one unit, provided that the layers end in one
      unit, or that each wrong prediction costs the most that a binary cross-entropy can give.

    Multi-label tasks are not checked: sigmoids are right for them.

    If a run learns well anyway, what its layers say counts little, except for softmax over one unit. It learns well if
    it reaches an accuracy of 90%, or has come 80% of the way from chance level to a perfect loss, or brings its error
    down to a tenth of the first value. What the curves say still counts. The description of a network counts little if
    it was logged without its loss, if it contradicts a parameter, or if it is a list of PyTorch modules, since PyTorch
    lists modules in the order in which they were created.

    Why it matters
    --------------
    "Make sure input and output match": such a network trains slowly and never well, and no error message says
    so.

    What to do
    ----------
    Give logits to a loss that takes logits (PyTorch's CrossEntropyLoss; Keras's from_logits=True), or probabilities to
    one that takes probabilities. Use no output activation for regression.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.

    References
    ----------
    Seminar: "Dataset issues" (make sure input and output match). Schoop, Huang and Hartmann (2021), UMLAUT, CHI. The
    bound: softmax of a one-hot vector gives the right class e/(e + k − 1). Golik, Doetsch and Ney (2013), Interspeech:
    cross-entropy against squared error.
    """
    units = next((int(v) for k, v in numeric_params.items() if v >= 1 and _counts_outputs(k)), None)
    output = _output(layers_described, network, output_activation, units, configured="output_activation" in names)
    accurate = any(c is not None and c.accuracy for c in (train_score, val_score))
    observations = list(mismatches(output, loss_asks, n_classes)) if output is not None else []
    if output is not None:
        observations += _of_output(output, loss_asks, task, accurate=accurate)
        if not output.listed and layers_described is not None and not layers_described.decay:
            observations += _beyond(output, loss_asks, [train_loss, val_loss])
        elif not output.listed and layers_described is None and not weight_decay:
            # A penalty that nobody logged is small beside an error of many times what the output can make.
            observations += _beyond(output, loss_asks, [train_loss, val_loss], times=TIMES_A_PENALTY)
        kind = str(logged_params.get(names.get("task", ""), "")).lower()
        several = "label" in kind or loss_function == "binary_cross_entropy"
        if (
            not output.described
            and output.activation in SIGMOID
            and n_classes
            and n_classes > TWO_CLASSES
            and not several
        ):
            observations.append(Likelihoods.SIGMOIDS_FOR_CLASSES(n_classes=n_classes))
    below = [c.below_zero for c in (train_loss, val_loss) if c is not None and c.below_zero is not None]
    if below:
        observations.append(Likelihoods.NEGATIVE(lowest=min(below)))
    observations += in_curves(
        (train_loss, val_loss),
        (train_score, val_score),
        loss_asks,
        cost_of_errors or (),
        identical,
        saturation,
        layers_described,
        n_classes,
    )
    goes = output is not None and loss_asks is not None and fits(output, loss_asks)
    if not label_smoothing and not goes:
        observations += softmax_twice([(train_loss, train_score), (val_loss, val_score)], n_classes)
    if not observations:
        return None
    first = max(observations, key=lambda seen: seen.ratio)
    described = first.source == "data" or first.key in OUT_OF_REACH
    if first.source != "curves" and first.key not in OF_ONE:
        losses = [train_loss, val_loss] if loss_asks is not None and loss_asks.kind in ("squared", "absolute") else []
        observations += _course(symptoms, [train_score, val_score], losses, explained, score_explained)
    changes, text = repair(first, names, output, loss_asks, n_classes)
    return output_loss_mismatch.hypothesis(
        prior=prior,
        observations=observations,
        message=first.message,
        advice=text,
        prescription=Prescription(text, changes),
        verdict="inconsistent" if first.key in CONTRADICTS else "underfitting" if described else "",
        settles=""
        if output is not None and output.described
        else "log the names of the output activation and of the loss function as parameters",
    )


def _counts_outputs(name: str) -> bool:
    words = frozenset(word for segment in read(name).segments[-1:] for word in segment)
    return words <= _OUTPUT | _COUNT and bool(words & _OUTPUT and words & _COUNT)


def _output(
    laid: Layout | None, network: Model | None, activation: str | None, units: int | None, *, configured: bool
) -> Output | None:
    """What the network outputs, by its layers, or else by a parameter.

    A network that was logged without its training loss may be only a part of the trained one, or another network.
    """
    last = laid.output if laid is not None else None
    if last is None or last.activation is None or laid is None or (configured and activation != last.activation):
        width = last.width if last is not None and laid is not None and laid.ordered else units
        return Output(str(activation).lower(), width, described=False) if activation else None
    told = laid.ordered and network is not None and network.loss is not None
    return Output(last.activation, last.width, described=told, listed=not laid.ordered)


def _of_output(output: Output, asked: Asked | None, task: str | None, *, accurate: bool) -> Iterator[Observation]:
    """What about an output does not fit the task."""
    if output.activation in RECTIFIED and task == "regression" and (asked is None or asked.kind != "counts"):
        yield Likelihoods.RELU_BEFORE_REGRESSION(output=output.activation)
    if (
        output.described
        and accurate
        and asked is not None
        and asked.kind == "absolute"
        and output.activation in SIGMOID
    ):
        yield Likelihoods.ABSOLUTE_ON_SIGMOID(loss=asked.name)


def _beyond(
    output: Output, asked: Asked | None, losses: Sequence[Curve | None], times: float = 1.0
) -> list[Observation]:
    """Whether an error is larger (by a factor) than an output of this range can make with targets in it."""
    reach = REACH.get(output.activation)
    if reach is None or asked is None or asked.kind not in ("squared", "absolute"):
        return []
    kind = 0 if asked.kind == "squared" else 1
    error, span = asked.kind, "-1 to 1" if output.activation in TANH else "0 to 1"
    known = [c for c in losses if c is not None and c.long_enough and c.best > FELL_FAR * c.start]
    if found := [c.tail for c in known if min(c.tail, c.best) > times * reach[kind]]:
        return [
            Likelihoods.BEYOND_REACH(loss=found[0], output=output.activation, most=reach[kind], error=error, span=span)
        ]
    most = OF_MIDDLE[output.activation][kind]
    best = min((float(c.y.min()) for c in known), default=0.0)
    if times > 1 or best <= most * (1 + ABOVE_MIDDLE):
        return []
    middle = 0 if output.activation in TANH else 0.5
    return [
        Likelihoods.WORSE_THAN_MIDDLE(
            loss=best, middle=middle, most=most, output=output.activation, error=error, span=span
        )
    ]


def _course(
    symptoms: Symptoms,
    scores: Sequence[Curve | None],
    errors: Sequence[Curve | None],
    explained: Explained | None,
    score_explained: float | None,
) -> list[Observation]:
    """What the curves say about the learning; about ``errors``, that they fell to a small part of their first value."""
    if symptoms.has("underfitting", "frozen"):
        return [Likelihoods.FAILS()]
    accurate = any(c is not None and c.long_enough and c.accuracy and c.share(c.best) >= ACCURATE for c in scores)
    known = explained is not None and explained.known and explained.most >= EXPLAINED
    fell = any(c is not None and c.long_enough and c.best < FELL_FAR * c.start for c in errors)
    if accurate or known or fell or (score_explained is not None and score_explained >= EXPLAINED):
        return [Likelihoods.LEARNS()]
    falls_short = explained is not None and explained.known and explained.most < FALLS_SHORT
    fails = falls_short or symptoms.has(
        "diverged", "undertrained", "slow-convergence", "unstable", "unrepresentative-train"
    )
    return [Likelihoods.FAILS()] if fails else []
