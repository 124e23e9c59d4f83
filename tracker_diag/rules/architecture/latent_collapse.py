"""AR709 latent-collapse."""

from __future__ import annotations

from tracker_diag.evidence.kl_term import KLTerm
from tracker_diag.rules.api import Change, LikelihoodRatio, Observation, Outcome, Prescription, Roles, rule

#: Values that the term must have, and part of them that is its end, as one over it.
VALUES, END = 8, 4
#: A KL term of so many nats bounds what a code can tell of its input: next to nothing, and less than telling three
#: inputs apart.
NOTHING, LITTLE = 0.01, 1.0
#: Share of its highest value up to which a term below the first of these has gone down.
GONE_DOWN = 0.1
#: How much lower the share of its highest value must be where the weight is phased in: without weight the term climbs
#: far above where it then comes to rest.
PHASED_IN = 0.1
#: Weight from which on it is more than the bound on the likelihood has.
AS_DERIVED = 1.0


class Likelihoods:
    """What speaks for a latent code that has collapsed, and against it."""

    GONE = LikelihoodRatio(
        100.0, "{name} went from {highest:.3g} to {end:.2g}, {share:.2g} of its highest value, and stayed there"
    )
    WEIGHT = LikelihoodRatio(3.0, "the term is weighted by {weight:g} ({name})", "params")


@rule(
    "AR709",
    "latent-collapse",
    seen_as=("Training loss stops high, and validation with it",),
    unless=("reinforcement", "boosting"),
    likelihoods=Likelihoods,
)
def latent_collapse(kl_term: KLTerm | None, roles: Roles, *, prior: float = 0.05, lowest: float = 0.01) -> Outcome:
    """The latent code of a variational autoencoder carries nothing.

    What it measures
    ----------------
    Whether the logged KL term (kl, kl_loss, kld, …) has gone to zero and stayed: all of the last quarter of its values
    are below a hundredth of its highest value and below 1 nat, or below 0.01 nats and a tenth of its highest value. The
    KL term is an upper bound of what the code tells of the input, in nats, so that a code at 0.01 nats cannot tell two
    inputs apart. A term that was divided by the number of dimensions is lower, which is why its own highest value is
    the yardstick.

    Where the weight of the term is phased in, it climbs far above where it then rests: a thousandth is asked for in
    place of a hundredth; below 0.01 nats a tenth still does. A KL divergence between policies (reinforcement,
    preference tuning) or between teacher and student is to go to zero; without a name that only an autoencoder has
    (reconstruction, ELBO, latent) nothing is said.

    Why it matters
    --------------
    An encoder that answers with the prior whatever comes in costs nothing; a decoder that does without the code then
    draws the average, or models the data by itself. The loss looks like one that has converged.

    What to do
    ----------
    Phase the weight of the KL term in from zero, lower it, or leave each latent dimension some nats that cost nothing
    (free bits); see that reconstruction and KL are both summed, or both averaged; weaken a decoder that sees its own
    past.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    lowest : share of its highest value below which the term is gone. A working code rests at no less than a fifth of
        it in sound runs that phase nothing in.

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
        return latent_collapse.skip("the KL term has fewer than eight values", "log the KL term at every epoch")
    end, highest = float(values[-max(2, values.size // END) :].max()), float(values.max())
    share = end / highest if highest > 0 else 1.0
    # Of the names, since a run whose ramp has ended is judged like any other.
    phased = "annealed" in roles.traits
    gone = (share <= lowest * (PHASED_IN if phased else 1) and end < LITTLE) or (share <= GONE_DOWN and end < NOTHING)
    if not gone:
        return None
    name = kl_term.series.name
    observations: list[Observation] = [Likelihoods.GONE(name=name, highest=highest, end=end, share=share)]
    weight, weight_name = kl_term.weight, kl_term.weight_name
    heavy = weight is not None and weight > AS_DERIVED
    if heavy:
        observations.append(Likelihoods.WEIGHT(weight=weight, name=weight_name))
    changes = (Change(weight_name, weight, AS_DERIVED),) if heavy else ()
    text = f"lower {weight_name} from {weight:g} to 1, and " if heavy else ""
    text += (
        f"phase {weight_name or 'the weight of the KL term'} in from 0 over the first third of the run, or give each "
    )
    text += "latent dimension free bits; see that reconstruction and KL are both summed or both averaged"
    return latent_collapse.hypothesis(
        prior=prior,
        observations=observations,
        message=f"the latent code carries nothing: {name} went from {highest:.3g} to {end:.2g} and stayed there",
        advice=text,
        prescription=Prescription(text, changes),
        verdict="underfitting",
        settles="decode with the codes of other examples: if the reconstruction is as good, the code is not used",
        span=(float(steps[values > end][-1]) if (values > end).any() else float(steps[0]), float(steps[-1])),
    )
