"""The KL term of a variational autoencoder, and its weight, told from their names."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tracker_diag.core.run import Run, Series
from tracker_diag.evidence.registry import rule_input
from tracker_diag.roles.params import flatten
from tracker_diag.roles.words import read

_KL = frozenset({"kl", "kld", "kldiv", "kullback"})
#: Words beside which it is the weight of the term, a part of it, or a bound.
_NOT_THE_TERM = frozenset(
    {"coefficient", "beta", "anneal", "annealing", "warmup", "schedule", "target", "min", "max", "bits", "scale"}
)
#: Words of a divergence between policies, or between a teacher and a student: there it is to go to zero.
_ELSEWHERE = frozenset(
    {"policy", "actor", "approx", "ref", "reference", "reward", "ppo", "dpo", "rlhf", "teacher", "student", "kd"}
    | {"distill", "distil", "distillation"}
)
#: Words that only an autoencoder has.
_AUTOENCODER = frozenset(
    {"recon", "reconstruction", "rec", "elbo", "nelbo", "vae", "cvae", "bvae", "betavae", "latent"}
)
_WEIGHT = frozenset({"coefficient", "beta", "lambda", "scale"})


@dataclass(frozen=True, slots=True, eq=False)
class KLTerm:
    """The KL term of a variational autoencoder.

    Attributes
    ----------
    series : Series
        As it was logged: of training where it was, else of validation.
    weight : float or None
        What it is multiplied by in the loss, as configured.
    weight_name : str
        The parameter that says so; empty where none does.
    """

    series: Series
    weight: float | None
    weight_name: str


@rule_input(missing="no KL term of a variational autoencoder", log="log the KL term, e.g. as kl_loss", evidence="C")
def kl_term(run: Run, traits: frozenset[str]) -> KLTerm | None:
    """The KL term of a variational autoencoder; None where a divergence is one of policies, or of a teacher's."""
    params = flatten(run.params).values
    words = {name: read(name).words for name in (*run.metrics, *params)}
    said = frozenset().union(*words.values(), *(read(v).words for v in params.values() if isinstance(v, str)))
    if "reinforcement" in traits or said & _ELSEWHERE or not said & _AUTOENCODER:
        return None
    terms = [n for n in run.metrics if words[n] & _KL and not words[n] & _NOT_THE_TERM]
    if not terms:
        return None
    name = min(terms, key=lambda n: ("test" in words[n], "val" in words[n], len(words[n]), n))
    weights = sorted(
        (("kl" not in words[n], n), float(v))
        for n, v in params.items()
        if _is_weight(words[n]) and isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v)
    )
    (_, weight_name), weight = weights[0] if weights else ((False, ""), None)
    return KLTerm(run.metrics[name], weight, weight_name)


def _is_weight(words: frozenset[str]) -> bool:
    return words == {"beta"} or bool(words & _KL and words & _WEIGHT and not words & {"step", "epoch", "warmup"})


def finite(term: KLTerm) -> tuple[np.ndarray, np.ndarray]:
    """Give steps and sizes of the finite values; some log it with its sign turned.

    Parameters
    ----------
    term : KLTerm
        As found.

    Returns
    -------
    tuple of ndarray, shape (n,)
        In order.
    """
    known = np.isfinite(term.series.values)
    return term.series.steps[known], np.abs(term.series.values[known])
