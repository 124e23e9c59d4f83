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
        "validation gained only {part:share} of what training did in the first half of its fall (until step "
        "{step:figure})",
    )
    HALF_CARRIED = LikelihoodRatio(
        6.0, "validation gained {part:share} of what training did in the first half of its fall"
    )
    CARRIED = LikelihoodRatio(0.5, "validation gained {part:share} of what training did in the first half of its fall")
    OVERFITS = LikelihoodRatio(2.0, "validation gets worse while training does not")
    FEW_A_LEAF = LikelihoodRatio(4.0, "a full tree has only {each:figure} training examples per leaf", "params")
    MANY_A_LEAF = LikelihoodRatio(0.2, "even a full tree has {each:figure} training examples per leaf", "params")
    SHALLOW = LikelihoodRatio(0.3, "trees of depth {depth} are shallow", "params")


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
    *,
    prior: float = 0.05,
    hardly: float = 1 / 3,
    half: float = 0.5,
) -> Outcome:
    """The trees are so deep that each learns single examples.

    What it measures
    ----------------
    The rule looks at boosted trees whose training loss falls to a tenth of its first value or less. It asks how much of
    what training gained in the first half of that fall was gained on validation, too. If most of it was not, the first
    trees already learned what holds only for single examples, and no number of rounds is right.

    It also asks whether a tree that is as large as its depth and its leaves allow has few training examples per leaf.
    By itself that counts only beside a validation curve that turned.

    A training loss near zero is no fault in itself. If validation gains as much at first, and stays there, the trees
    memorise their training set and are still right elsewhere.

    Why it matters
    --------------
    A tree of depth d has up to 2^d leaves. With as many leaves as examples it reproduces the training labels, noise
    included, and each further tree corrects that noise instead of learning the rule.

    What to do
    ----------
    Lower max_depth (num_leaves), raise min_child_weight (min_child_samples, min_data_in_leaf, min_samples_leaf), and
    use early stopping on validation.

    Thresholds
    ----------
    prior : how likely this cause is (as odds) in a run with a problem, before its data are looked at.
    hardly : validation's gain over training's gain, up to which the first trees learn noise for the most part: twice as
        much as what holds elsewhere.
    half : the same, up to which it is more than half noise. Complex tasks with noisy labels reach that with trees of
        any depth, so this alone gives no warning.

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
    text = in_words(changes) or "lower max_depth or num_leaves, and raise min_child_weight or min_child_samples"
    text += ", and use early stopping on validation"
    return trees_too_deep.hypothesis(
        prior=prior,
        observations=observations,
        message=_message(carried_over, examples_a_leaf, shared),
        advice=text,
        prescription=Prescription(text, changes),
        settles="train once with max_depth 3",
        verdict="overfitting",
    )


def _message(carried_over: CarriedOver | None, each: float | None, shared: bool) -> str:
    if carried_over is None or shared:
        return f"a full tree has only {figure(each or 0)} training examples per leaf"
    return (
        f"validation gains {share(max(0.0, carried_over.share))} of what training does at first, while training loss "
        f"falls to {share(carried_over.left)} of its first value"
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
