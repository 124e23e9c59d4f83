"""The words of verdicts, and which of several findings gives the one of a run."""

from __future__ import annotations

from collections.abc import Mapping

#: The first of these that was found is the verdict: what makes the others meaningless comes before them. A diverged
#: run has no gap; a run at the uninformed level has nothing to overfit; a curve that swings has no tail to
#: extrapolate; only what has come to rest is a good fit.
PRECEDENCE: Mapping[str, str] = {
    "diverged": "values that are not finite leave nothing else to judge",
    "frozen": "nothing moves, so nothing else can be measured",
    "underfitting": "nothing was learned, so there is no improvement to measure effects in",
    "overfitting": "the best model lies behind: what follows the turn is not the run's answer",
    "unstable": "a swinging curve has no settled level to compare",
    "unrepresentative-train": "a gap this large outweighs what more steps could bring",
    "unrepresentative-validation": "validation says too little for the finer verdicts",
    "slow-convergence": "the pace, not the length, is the trouble",
    "undertrained": "more of the same pays",
    "validation-easier": "a run that got where it was going, and validation that does not say how it will do",
    "good-fit": "nothing above was found, and something was achieved",
}
ABSTENTION = "insufficient-evidence"
