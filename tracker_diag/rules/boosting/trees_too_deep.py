"""BO1003 trees-too-deep."""

from __future__ import annotations

from collections.abc import Mapping

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

#: Examples to a leaf below which a tree learns single examples, and from which on it does not.
FEW, MANY = 10, 20
#: Depth up to which trees are shallow, however many examples there are.
SHALLOW = 4
#: Depth, and leaves, that are proposed where trees are larger: what most tables need. And examples of a leaf.
DEPTH, LEAVES, LEAF = 4, 15, 10


class Likelihoods:
    """What speaks for trees that are too deep, and against it."""

    HARDLY_CARRIED = LikelihoodRatio(
        80.0,
        "when training had come half of its way, at step {step:g}, validation had gained {share:.0%} of what training "
        "had",
    )
    HALF_CARRIED = LikelihoodRatio(
        6.0, "validation gained {share:.0%} of what training did in the first half of its way"
    )
    CARRIED = LikelihoodRatio(0.5, "validation gained {share:.0%} of what training did in the first half of its way")
    OVERFITS = LikelihoodRatio(2.0, "validation turned and rises while training does not")
    FEW_A_LEAF = LikelihoodRatio(4.0, "a full tree has {each:.2g} training examples to a leaf", "params")
    MANY_A_LEAF = LikelihoodRatio(0.2, "even a full tree has {each:.3g} training examples to a leaf", "params")
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
    Of boosted trees whose training loss goes to zero (a tenth of its first value, or less): how much of what training
    gained in the first half of its fall was gained on validation, too. Where most of it was not, the first trees
    already learned what holds for single examples, and no number of rounds is right. And whether a tree that is as
    large as its depth and its leaves allow has few training examples to a leaf; by itself that counts only beside a
    validation curve that turned.

    A training loss that goes to zero is no fault: where validation gains as much at first, and stays there, trees learn
    their training set by heart and are right elsewhere.

    Why it matters
    --------------
    A tree of depth d has up to 2^d leaves. With as many leaves as there are examples it gives back the training labels,
    noise included; each further tree corrects that noise, and not the rule.

    What to do
    ----------
    Lower max_depth (num_leaves), raise min_child_weight (min_child_samples, min_data_in_leaf, min_samples_leaf), and
    let validation stop the rounds.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    hardly : share of training's gain that validation has gained as well, up to which what the first trees learn is
        noise for the most part: twice as much as what holds elsewhere.
    half : the same, up to which it is noise for the greater part; complex tasks with noisy labels come to that with
        trees of any depth, so that it does not warn by itself.

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
        share = max(0.0, carried_over.share)
        row = Likelihoods.HARDLY_CARRIED if share <= hardly else Likelihoods.HALF_CARRIED
        observations.append((Likelihoods.CARRIED if shared else row)(share=share, step=carried_over.step))
    if overfits:
        observations.append(Likelihoods.OVERFITS())
    if examples_a_leaf is not None and (few or examples_a_leaf >= MANY):
        observations.append((Likelihoods.FEW_A_LEAF if few else Likelihoods.MANY_A_LEAF)(each=examples_a_leaf))
    elif examples_a_leaf is None and max_depth is not None and max_depth <= SHALLOW:
        observations.append(Likelihoods.SHALLOW(depth=max_depth))
    changes = _smaller(names, max_depth, num_leaves, leaf_examples)
    text = in_words(changes) or "lower max_depth or num_leaves, and raise min_child_weight or min_child_samples"
    text += ", and let validation stop the rounds"
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
        return f"a full tree has {each or 0:.2g} training examples to a leaf"
    return (
        f"training comes down to {carried_over.left:.2g} times its first loss, and on the first half of that way "
        f"validation gains {max(0.0, carried_over.share):.0%} of what training does"
    )


def _smaller(names: Mapping[str, str], depth: int | None, leaves: int | None, leaf: int | None) -> tuple[Change, ...]:
    """Smaller trees: what bounds them is lowered where it is high; else leaves hold more examples."""
    changes = [
        Change(names.get(role, role), before, after)
        for role, before, after in (("max_depth", depth, DEPTH), ("num_leaves", leaves, LEAVES))
        if before is not None and before > after
    ]
    if leaf is not None and leaf < LEAF:
        changes.append(Change(names.get("leaf_examples", "min_child_weight"), leaf, LEAF))
    return tuple(changes)
