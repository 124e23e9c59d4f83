"""BO1003 trees-too-deep."""

from __future__ import annotations

from collections.abc import Mapping

from tracker_diag.core.numbers import figure, share
from tracker_diag.evidence.trees import CarriedOver
from tracker_diag.rules.api import (
    Change,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    higher,
    in_words,
    lower,
    rule,
)

#: Examples per leaf below which a tree learns single examples, and from which on it does not.
FEW, MANY = 10, 20
#: Depth up to which trees are shallow, however many examples there are.
SHALLOW = 4
#: Depth and leaves that are proposed for larger trees: what most tables need. And examples per leaf.
DEPTH, LEAVES, LEAF = 4, 15, 10


class Likelihoods:
    """What speaks for trees that are too deep, and against it."""

    HARDLY_CARRIED = LikelihoodRatio(
        80.0,
        "up to step {step:figure}, where training loss had fallen half-way, validation loss fell by only {part:share} "
        "of what training loss fell by",
    )
    HALF_CARRIED = LikelihoodRatio(
        6.0,
        "up to step {step:figure}, where training loss had fallen half-way, validation loss fell by {part:share} of "
        "what training loss fell by",
    )
    CARRIED = LikelihoodRatio(
        0.5,
        "up to step {step:figure}, where training loss had fallen half-way, validation loss fell by {part:share} of "
        "what training loss fell by",
    )
    OVERFITS = LikelihoodRatio(2.0, "validation gets worse while training does not")
    FEW_A_LEAF = LikelihoodRatio(4.0, "a full tree has only {each:figure} training examples per leaf", "params")
    MANY_A_LEAF = LikelihoodRatio(0.2, "even a full tree has {each:figure} training examples per leaf", "params")
    SHALLOW = LikelihoodRatio(0.3, "trees of depth {depth} are shallow already", "params")


@rule(
    "BO1003",
    "trees-too-deep",
    seen_as=("Validation is far worse than training", "Validation gets worse while training gets better"),
    likelihoods=Likelihoods,
    cured_by=(*lower("max_depth", "num_leaves"), *higher("leaf_examples")),
)
def trees_too_deep(
    symptoms: Symptoms,
    traits: frozenset[str],
    names: Mapping[str, str],
    carried_over: CarriedOver | None,
    examples_a_leaf: float | None,
    max_depth: int | None,
    num_leaves: int | None,
    leaf_examples: int | None,
    early_stopping: object | None,
    *,
    prior: float = 0.05,
    hardly: float = 1 / 3,
    half: float = 0.5,
) -> Outcome:
    """The trees are so deep that each learns single examples.

    What it measures
    ----------------
    The rule looks at boosted trees whose training loss falls to a tenth of its first value or less. It compares
    how far training and validation loss fell until training loss had fallen half-way. If validation loss fell much
    less, already the first trees learned noise, and no number of rounds is right.

    It also checks whether a tree of the full depth and number of leaves has few training examples per leaf. This alone
    counts only if validation has turned.

    A training loss near zero is no fault in itself. If validation loss falls as far at first and stays low, the
    trees memorise their training set and still predict new examples well.

    Why it matters
    --------------
    A tree of depth d has up to 2^d leaves. With as many leaves as examples it reproduces the training labels, noise
    included, and each further tree corrects that noise instead of learning the rule.

    What to do
    ----------
    Reduce max_depth (num_leaves), raise min_child_weight (min_child_samples, min_data_in_leaf, min_samples_leaf), and
    use early stopping on validation.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    hardly : the first trees learn mostly noise if validation loss falls this share as far as training loss or less.
        They then learn twice as much noise as signal.
    half : with this share or less, they learn at least as much noise as signal. In complex tasks with noisy labels,
        trees of any depth do so, so this alone gives no warning.

    References
    ----------
    Seminar: "Network capacity vs dataset size". Friedman (2001), Greedy function approximation, Annals of Statistics
    29:1189, §4.3: trees of four to eight leaves; Hastie, Tibshirani and Friedman (2009), The Elements of Statistical
    Learning, §10.11.
    """
    if "boosting" not in traits or symptoms.has("diverged"):
        return None
    shared = carried_over is not None and carried_over.share > half
    overfits = symptoms.has("overfitting")
    few = examples_a_leaf is not None and examples_a_leaf < FEW
    if (carried_over is None or shared) and not (few and overfits):
        return None
    observations: list[Observation] = []
    if carried_over is not None:
        gained = max(0.0, carried_over.share)
        row = Likelihoods.HARDLY_CARRIED if gained <= hardly else Likelihoods.HALF_CARRIED
        observations.append((Likelihoods.CARRIED if shared else row)(part=gained, step=carried_over.step))
    if overfits:
        observations.append(Likelihoods.OVERFITS())
    if examples_a_leaf is not None and (few or examples_a_leaf >= MANY):
        observations.append((Likelihoods.FEW_A_LEAF if few else Likelihoods.MANY_A_LEAF)(each=examples_a_leaf))
    elif examples_a_leaf is None and max_depth is not None and max_depth <= SHALLOW:
        observations.append(Likelihoods.SHALLOW(depth=max_depth))
    changes = _smaller(names, max_depth, num_leaves, leaf_examples)
    fewer = "" if max_depth is not None and max_depth <= DEPTH else "reduce max_depth or num_leaves, and "
    text = in_words(changes) or f"{fewer}raise min_child_weight or min_child_samples"
    text += "" if early_stopping else ", and use early stopping on validation"
    return trees_too_deep.hypothesis(
        prior=prior,
        observations=observations,
        message=_message(carried_over, examples_a_leaf, shared),
        advice=text,
        prescription=Prescription(text, changes),
        settles=f"train once with {_test(changes, names, max_depth)}",
        verdict="overfitting",
    )


def _test(changes: tuple[Change, ...], names: Mapping[str, str], depth: int | None) -> str:
    """The change itself if there is one, otherwise trees that are shallower than these."""
    if changes:
        return f"{changes[0].param} {figure(changes[0].after)}"
    return f"{names.get('max_depth', 'max_depth')} {max(1, min(depth or DEPTH, DEPTH) - 1)}"


def _message(carried_over: CarriedOver | None, each: float | None, shared: bool) -> str:
    if carried_over is None or shared:
        return f"a full tree has only {figure(each or 0)} training examples per leaf"
    return (
        f"early on, validation loss falls only {share(max(0.0, carried_over.share))} as far as training loss, which "
        f"ends "
        f"at {share(carried_over.left)} of its first value"
    )


def _smaller(names: Mapping[str, str], depth: int | None, leaves: int | None, leaf: int | None) -> tuple[Change, ...]:
    """Smaller trees: lower what bounds them if it is high; otherwise more examples per leaf."""
    changes = [
        Change(names.get(role, role), before, after)
        for role, before, after in (("max_depth", depth, DEPTH), ("num_leaves", leaves, LEAVES))
        if before is not None and before > after
    ]
    if leaf is not None and leaf < LEAF:
        changes.append(Change(names.get("leaf_examples", "min_child_weight"), leaf, LEAF))
    return tuple(changes)
