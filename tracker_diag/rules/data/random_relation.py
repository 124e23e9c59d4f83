"""DS208 random-relation."""

from __future__ import annotations

from tracker_diag.evidence.features import FAR_OFF
from tracker_diag.evidence.noise_control import NoiseControl
from tracker_diag.rules.api import Explained, Features, LikelihoodRatio, Observation, Outcome, Relation, Symptoms, rule

#: Share of the baseline loss that training has explained where it does not know its examples by heart.
NOT_BY_HEART = 0.6
#: Uninformed levels above knowing nothing from which on validation is confidently wrong.
CONFIDENTLY_WRONG = 2


class Likelihoods:
    """What speaks for an input that says nothing about the output, and against it."""

    NOWHERE = LikelihoodRatio(
        30.0,
        "the nearest neighbours of {rows:,} training examples say nothing of their targets, "
        "and validation shows no relation",
        "data",
    )
    RELATED = LikelihoodRatio(0.01, "neighbouring examples share their targets, beyond chance", "data")
    CAME_DOWN = LikelihoodRatio(9.0, "the loss came down to the uninformed level and stayed there")
    ANSWERS_VARY = LikelihoodRatio(
        8.0,
        "the loss stays at the uninformed level while the answers change from one evaluation to the next: the network "
        "sees its input, and nothing of it helps",
        own=True,
    )
    FROM_FAR_ABOVE = LikelihoodRatio(0.2, "the first loss was far above the uninformed level")
    BLIND = LikelihoodRatio(6.0, "validation never gained on knowing nothing")
    SLOWLY = LikelihoodRatio(1.5, "training learns slowly, as by heart")
    BY_HEART = LikelihoodRatio(0.6, "training learned by heart")
    AS_ON_NOISE = LikelihoodRatio(
        40.0, "a control on random input ends at {control:.4g}, this run at {own:.4g}", "siblings"
    )
    BETTER_THAN_ON_NOISE = LikelihoodRatio(
        0.02, "a control on random input ends at {control:.4g}, this run at {own:.4g}", "siblings"
    )
    CONFIDENTLY_WRONG = LikelihoodRatio(
        0.4, "validation is confidently wrong: its loss ends far above that of knowing nothing"
    )


@rule(
    "DS208",
    "random-relation",
    seen_as=("My loss is flat from the start", "Accuracy is stuck at chance"),
    likelihoods=Likelihoods,
)
def random_relation(
    features: Features,
    symptoms: Symptoms,
    explained: Explained,
    noise_control: NoiseControl | None,
    answers_vary: bool | None,
    relation: Relation | None,
    *,
    prior: float = 0.03,
) -> Outcome:
    """The input is hardly related to the output.

    What it measures
    ----------------
    A loss that comes down from a first guess to the baseline and stays there, or a validation loss that never
    falls below it. A control of the experiment that was trained on random input settles it.

    Why it matters
    --------------
    "Maybe the input is not sufficiently related to the output." Also the mark of noise where data should be: a
    generator that makes random numbers, a wrong column.

    What to do
    ----------
    "Pass random numbers instead of actual data and check": if the curves are the same, nothing of the input is used.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.

    References
    ----------
    Seminar: "Dataset issues" (try random input; is the relationship between input and output too random?).
    """
    if symptoms.has("diverged", "frozen"):
        return None
    observations: list[Observation] = []
    if features.stuck_at_baseline and answers_vary and not features.above:
        observations.append(Likelihoods.ANSWERS_VARY())
        if features.first.times > FAR_OFF:
            observations.append(Likelihoods.FROM_FAR_ABOVE())
    elif features.stuck_at_baseline and not features.starts_at_baseline and not features.above:
        observations.append(Likelihoods.CAME_DOWN())
        if features.first.times > FAR_OFF:
            observations.append(Likelihoods.FROM_FAR_ABOVE())
    elif features.val_blind:
        observations.append(Likelihoods.BLIND())
        observations.append(Likelihoods.SLOWLY() if explained.train < NOT_BY_HEART else Likelihoods.BY_HEART())
        if features.val_wrong > CONFIDENTLY_WRONG:
            observations.append(Likelihoods.CONFIDENTLY_WRONG())
    elif noise_control is None or not noise_control.as_good:
        return None
    if relation is not None and relation.nowhere:
        observations.append(Likelihoods.NOWHERE(rows=relation.rows))
    elif relation is not None and (relation.train or relation.validation):
        observations.append(Likelihoods.RELATED())
    if noise_control is not None and (noise_control.as_good or noise_control.far_behind):
        row = Likelihoods.AS_ON_NOISE if noise_control.as_good else Likelihoods.BETTER_THAN_ON_NOISE
        observations.append(row(control=noise_control.control, own=noise_control.own))
    return random_relation.hypothesis(
        prior=prior,
        observations=observations,
        message="the input seems to say nothing about the output",
        advice="run once on random input: if the curves are the same, nothing of the input is used; then check "
        "columns, paths and generators",
        settles="run once on random input and tag it diag.control = random-input",
    )
