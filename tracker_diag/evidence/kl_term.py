"""The KL term of a variational autoencoder, and its weight, told from their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tracker_diag.core.run import Run, Series
from tracker_diag.evidence.registry import rule_input
from tracker_diag.roles.words import read
from tracker_diag.stats.arrays import FloatArray

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

    @property
    def finite(self) -> tuple[FloatArray, FloatArray]:
        """Steps and sizes of the finite values; some log the term with its sign turned."""
        known = np.isfinite(self.series.values)
        return self.series.steps[known], np.abs(self.series.values[known])


@rule_input(
    missing="no KL term of a variational autoencoder found",
    log="log the KL term each epoch, e.g. as kl_loss",
    evidence="C",
)
def kl_term(
    run: Run, traits: frozenset[str], flat_params: Mapping[str, Any], numeric_params: Mapping[str, float]
) -> KLTerm | None:
    """The KL term of a variational autoencoder; None where a divergence is one of policies, or of a teacher's."""
    words = {name: read(name).words for name in (*run.metrics, *flat_params)}
    said = frozenset().union(*words.values(), *(read(v).words for v in flat_params.values() if isinstance(v, str)))
    if "reinforcement" in traits or said & _ELSEWHERE or not said & _AUTOENCODER:
        return None
    terms = [n for n in run.metrics if words[n] & _KL and not words[n] & _NOT_THE_TERM]
    if not terms:
        return None
    name = min(terms, key=lambda n: ("test" in words[n], "val" in words[n], len(words[n]), n))
    weights = sorted((("kl" not in words[n], n), v) for n, v in numeric_params.items() if _is_weight(words[n]))
    (_, weight_name), weight = weights[0] if weights else ((False, ""), None)
    return KLTerm(run.metrics[name], weight, weight_name)


def _is_weight(words: frozenset[str]) -> bool:
    return words == {"beta"} or bool(words & _KL and words & _WEIGHT and not words & {"step", "epoch", "warmup"})
