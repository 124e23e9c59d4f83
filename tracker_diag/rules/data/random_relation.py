"""DS208 random-relation."""

from __future__ import annotations

from tracker_diag.evidence.features import FAR_OFF
from tracker_diag.evidence.noise_control import NoiseControl
from tracker_diag.rules.api import Explained, Features, LikelihoodRatio, Observation, Outcome, Relation, Symptoms, rule
from tracker_diag.rules.from_to import from_to, reference

#: Share of the baseline loss that training has explained where it does not know its examples by heart.
NOT_BY_HEART = 0.6
#: Uninformed levels above knowing nothing from which on validation is confidently wrong.
CONFIDENTLY_WRONG = 2


class Likelihoods:
    """What speaks for an input that is unrelated to the target, and against it."""

    NOWHERE = LikelihoodRatio(
        30.0,
        "nearest neighbours share targets no more often than by chance ({rows:,} training examples checked), "
        "and validation shows no relation either",
        "data",
    )
    RELATED = LikelihoodRatio(0.01, "nearest neighbours share targets more often than by chance", "data")
    CAME_DOWN = LikelihoodRatio(9.0, "the loss ends near chance level, although it did not start there")
    ANSWERS_VARY = LikelihoodRatio(
        8.0,
        "the loss ends at chance level, although the predictions keep changing from one evaluation to the next: the "
        "network may find nothing useful in its input",
        own=True,
    )
    FROM_FAR_ABOVE = LikelihoodRatio(0.2, "the first loss was far above chance level")
    BLIND = LikelihoodRatio(6.0, "validation never gets much better than {level}, while training does")
    SLOWLY = LikelihoodRatio(1.5, "training fits only part of its targets, as usual when a model has to memorise them")
    BY_HEART = LikelihoodRatio(
        0.6, "the model fits most training targets, which without any relation it could do only by memorising"
    )
    AS_ON_NOISE = LikelihoodRatio(
        40.0,
        "a control run on random input ends at {control:figure}, this run hardly better at {own:figure}",
        "siblings",
    )
    BETTER_THAN_ON_NOISE = LikelihoodRatio(
        0.02, "a control run on random input ends at {control:figure}, this run far better at {own:figure}", "siblings"
    )
    CONFIDENTLY_WRONG = LikelihoodRatio(
        0.4, "validation loss ends at {wrong:times} {level}, which rather points to different preprocessing"
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
    """The input has little or no relation to the target.

    What it measures
    ----------------
    The rule looks for a loss that falls to chance level and stays there, or for a validation loss that never gets below
    it. (Chance level is the loss of random guessing, or of always predicting the mean.) A control run of the same
    experiment that was trained on random input settles the question.

    Why it matters
    --------------
    "Maybe the input is not sufficiently related to the output." Noise in place of data looks the same: a generator may
    return random numbers, or the wrong column may be read.

    What to do
    ----------
    "Pass random numbers instead of actual data and check": if the curves stay the same, the input tells the
    network nothing about the target.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.

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
        observations.append(Likelihoods.BLIND(level=reference(explained)))
        observations.append(Likelihoods.SLOWLY() if explained.train < NOT_BY_HEART else Likelihoods.BY_HEART())
        if features.val_wrong > CONFIDENTLY_WRONG:
            wrong = 1 + features.val_wrong
            observations.append(Likelihoods.CONFIDENTLY_WRONG(wrong=wrong, level=reference(explained)))
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
        message=f"{from_to(explained)}: the input seems unrelated to the target",
        advice="train once on random input; if the curves look the same, the input tells the network nothing about the "
        "target: check columns, paths and data generators",
        settles="train once on random input, and tag that run diag.control = random-input",
    )
