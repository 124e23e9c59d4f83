"""AR709 latent-collapse."""

from __future__ import annotations

from tracker_diag.core.numbers import figure
from tracker_diag.evidence.kl_term import KLTerm
from tracker_diag.rules.api import Change, LikelihoodRatio, Observation, Outcome, Prescription, Roles, in_words, rule

#: Fewest values of the KL term, and one over the part of them that is its end.
VALUES, END = 8, 4
#: A KL term of so many nats bounds what a code can tell about its input: next to nothing, and less than telling three
#: inputs apart.
NOTHING, LITTLE = 0.01, 1.0
#: Share of its highest value up to which a term below the first of these has gone down.
GONE_DOWN = 0.1
#: How much lower the share of its highest value must be if the weight is phased in: without weight the term climbs far
#: above where it then levels off.
PHASED_IN = 0.1
#: Weight above which the term counts more than in the bound on the likelihood.
AS_DERIVED = 1.0


class Likelihoods:
    """What speaks for a latent code that has collapsed, and against it."""

    GONE = LikelihoodRatio(
        100.0, "{name} fell from {highest:figure} to {end:figure}, {part:share} of its highest value, and stayed there"
    )
    WEIGHT = LikelihoodRatio(3.0, "the weight of the KL term is {weight:figure} ({name})", "params")


@rule(
    "AR709",
    "latent-collapse",
    seen_as=("Training and validation loss both stay high",),
    unless=("reinforcement", "boosting"),
    likelihoods=Likelihoods,
)
def latent_collapse(kl_term: KLTerm | None, roles: Roles, *, prior: float = 0.05, lowest: float = 0.01) -> Outcome:
    """The latent code of a variational autoencoder carries no information.

    What it measures
    ----------------
    Whether the logged KL term (kl, kl_loss, kld, …) has gone to zero and stayed there. In the last quarter of the run,
    every value must lie below 1% of the highest value and below 1 nat, or else below 10% of the highest value and below
    0.01 nats. The KL term is an upper bound of what the code tells about the input, in nats, so a code at 0.01 nats
    cannot tell two inputs apart. Some code divides the term by the number of dimensions, so the rule also compares it
    with its own highest value.

    If the weight of the term is phased in, the term climbs far above where it then levels off. The first limit is then
    0.1% instead of 1%; the second is unchanged. A KL divergence between policies (reinforcement learning, preference
    tuning) or between teacher and student may be near zero in a sound run. The rule therefore needs a name that only an
    autoencoder has (reconstruction, ELBO, latent).

    Why it matters
    --------------
    An encoder that ignores its input and always outputs the prior has a KL term of 0. The decoder then gets no
    information: it produces the average, or models the data by itself. The loss looks as if it had converged.

    What to do
    ----------
    Phase the weight of the KL term in from zero, lower it, or give each latent dimension some nats that cost nothing
    (free bits). Check that reconstruction and KL are both summed, or both averaged. Weaken an autoregressive decoder
    (with word dropout, for example).

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    lowest : the term is gone if it ends below this share of its highest value. In sound runs without a phased-in
        weight, it stays above a fifth of its highest value.

    References
    ----------
    Bowman et al. (2016), Generating sentences from a continuous space, CoNLL (annealing); Kingma et al. (2016), Inverse
    autoregressive flow, NeurIPS (free bits); Hoffman and Johnson (2016), ELBO surgery (the bound). Seminar: "Network
    contains Bad Gradients".
    """
    # Most networks have none: nobody is asked to log it.
    if kl_term is None:
        return None
    steps, values = kl_term.finite
    if values.size < VALUES:
        return latent_collapse.skip("the KL term has fewer than 8 values", "log the KL term at every epoch")
    end, highest = float(values[-max(2, values.size // END) :].max()), float(values.max())
    share = end / highest if highest > 0 else 1.0
    # Of the names, since a run whose ramp has ended is judged like any other.
    phased = "annealed" in roles.traits
    gone = (share <= lowest * (PHASED_IN if phased else 1) and end < LITTLE) or (share <= GONE_DOWN and end < NOTHING)
    if not gone:
        return None
    name = kl_term.series.name
    gone_to = Likelihoods.GONE(name=name, highest=highest, end=end, part=share)
    observations: list[Observation] = [gone_to]
    weight, weight_name = kl_term.weight, kl_term.weight_name
    heavy = weight is not None and weight > AS_DERIVED
    if heavy:
        observations.append(Likelihoods.WEIGHT(weight=weight, name=weight_name))
    changes = (Change(weight_name, weight, AS_DERIVED),) if heavy else ()
    text = f"{in_words(changes)}, and " if heavy else ""
    text += (
        f"raise {weight_name or 'the weight of the KL term'} from 0 to its full value over the first third of the run, "
        "or use free bits; check that reconstruction and KL are both summed or both averaged"
    )
    return latent_collapse.hypothesis(
        prior=prior,
        observations=observations,
        message=f"{name} fell from {figure(highest)} to {figure(end)} and stayed there: the latent code is empty",
        advice=text,
        prescription=Prescription(text, changes),
        verdict="underfitting",
        settles="reconstruct examples from the codes of other examples: if the result is as good, the code is not used",
        span=(float(steps[values > end][-1]) if (values > end).any() else float(steps[0]), float(steps[-1])),
    )
