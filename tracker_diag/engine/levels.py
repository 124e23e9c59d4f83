"""Inputs of rules that set curves against what knowing nothing costs."""

from __future__ import annotations

import math
import re
from functools import cached_property

import numpy as np

from tracker_diag.core.observed import Learned, Shape, Symptoms
from tracker_diag.engine.facts import Facts
from tracker_diag.stats.course import Course

#: Words of losses whose uninformed level is not known from classes or variance.
OTHER_LOSSES = ("hinge", "focal", "mae", "huber", "l1loss", "perplex", "ctc", "triplet", "contrast")

#: Words of the squared error.
SQUARED = ("mse", "squared", "l2loss")

#: Cross-entropy of knowing nothing about a thousand classes, in nats: more than all but the largest vocabularies cost.
LOG_THOUSAND = math.log(1000)


#: Scores that say by themselves what knowing nothing is: 0 for shares of variance explained and correlations, a half
#: for the area under the ROC curve.
NOTHING_AT = (
    (
        re.compile(r"(?<![a-z])(r2|r_?squared|explained_?variance|mcc|matthews|kappa|pearson|spearman)", re.IGNORECASE),
        0.0,
    ),
    (re.compile(r"(?<![a-z])(auc|auroc|roc_?auc)(?![a-z]|_?pr)", re.IGNORECASE), 0.5),
)


class Levels(Facts):
    """A run, and how far it has got."""

    symptoms: Symptoms | None = None

    @cached_property
    def uninformed(self) -> float | None:
        """The loss of a model that knows nothing of the input, where it is known.

        ln of the classes for a cross-entropy in nats, or the entropy of the class shares where a profile holds them;
        the target's variance for a squared error, from the dataset profile; minus the chance accuracy where the
        curves are accuracies (turned, as all courses are).
        """
        course = self.train or self.val or self.any_train or self.any_val
        if course is None:
            return None
        classes = self.n_classes or self._classes_shown
        word = f"{self.roles.params.get('loss_function') or ''} {course.name}".lower()
        if course in (self.train_score, self.val_score):
            accuracy = course.flipped and "acc" in course.name.lower()
            return -self._unit(course) / classes if accuracy and classes else None
        if any(w in word for w in OTHER_LOSSES):
            return None
        target = self.dataset.target if self.dataset else None
        if any(w in word for w in SQUARED) or self.roles.params.get("task") == "regression":
            return (target.variance or None) if target else None
        if self.roles.params.get("label_smoothing"):
            return None
        if target and target.class_counts and len(target.class_counts) >= 2:
            counts = np.array([n for n in target.class_counts.values() if n > 0], dtype=np.float64)
            shares = counts / counts.sum()
            return float(-(shares @ np.log(shares))) or None
        return math.log(classes) if classes else None

    @staticmethod
    def _unit(course: Course) -> float:
        """What a perfect score is: 1, or 100 where it is logged in per cent."""
        return 100.0 if (course.finite[1] < -1.5).any() else 1.0

    @cached_property
    def _classes_shown(self) -> int | None:
        """Number of classes that a run which learned nothing gives away.

        Its loss stands at ln k, its accuracy at 1/k, for one whole k.
        """
        for loss, score in ((self.val_loss, self.val_score), (self.train_loss, self.train_score)):
            if (
                loss is None
                or score is None
                or not (loss.long_enough and score.long_enough)
                or "acc" not in score.name.lower()
            ):
                continue
            accuracy = score.shown(score.best)
            accuracy = accuracy / 100 if accuracy > 1.5 else accuracy
            if not 0 < loss.tail < 7:
                continue
            if self.val_loss is not None and self.val_loss.long_enough and self.val_loss.best < 0.8 * loss.tail:
                # Training is measured through noise: validation shows that something was learned.
                continue
            k = round(math.exp(loss.tail))
            if k >= 2 and abs(loss.tail - math.log(k)) < 0.025 * math.log(k) and 0.6 / k < accuracy < 1.5 / k:
                return k
        return None

    @cached_property
    def learned(self) -> Learned | None:
        """How much of the uninformed loss, or of the errors of chance, the run has explained."""
        train, val = self.train, self.val
        if train is None and val is None:
            return None
        level = self.uninformed if self.uninformed is not None else self._beginning
        bottom = next((-self._unit(c) for c in (train, val) if c and c.flipped), 0.0)
        if level <= bottom or any(c.best < bottom - 0.02 * (level - bottom) for c in (train, val) if c):
            return None

        def share(value: float | None) -> float:
            return math.nan if value is None else (level - value) / (level - bottom)

        return Learned(
            level=level,
            bottom=bottom,
            known=self.uninformed is not None,
            start=share(train.start if train else None),
            train=share(train.tail if train else None),
            train_best=share(train.best if train else None),
            val_start=share(val.start if val else None),
            val=share(val.tail if val else None),
            val_best=share(val.best if val else None),
        )

    @cached_property
    def score_learned(self) -> float | None:
        """Share of a perfect score's lead over knowing nothing that a score has at its best.

        None where no score says by its name what knowing nothing is.
        """
        found = []
        for course in (self.train_score, self.val_score):
            if course is None or not course.flipped or not course.long_enough:
                continue
            nothing = next((value for name, value in NOTHING_AT if name.search(course.name)), None)
            if nothing is not None and "pr" not in re.split(r"[^a-z]+", course.name.lower()):
                found.append((-course.best / self._unit(course) - nothing) / (1 - nothing))
        return max(found, default=None)

    @cached_property
    def _beginning(self) -> float:
        """Level at which the curves begin: the higher of both.

        A first value that falls away at once counts no more than three times the second.

        A first epoch that begins far above knowing nothing (a bad initialisation) would otherwise make everything
        after it look settled.
        """
        firsts = []
        for course in (self.train, self.val):
            if course is not None:
                first, second = float(course.y[0]), float(course.y[1])
                firsts.append(min(first, 3 * second) if second > 0 else first)
        return max(firsts)

    @cached_property
    def scale(self) -> float | None:
        """The improvement achieved, the unit of every effect.

        From the uninformed level, or the start where it is unknown, to the best of both curves. None where nothing was
        achieved: flatness is decided first, and a start known only as a noisy first value has to be left by more
        than the noise makes of it (four standard deviations).
        """
        courses = [c for c in (self.train, self.val) if c]
        if not courses:
            return None
        known = self.uninformed is not None
        top = self.uninformed if self.uninformed is not None else self._beginning
        achieved = top - min(c.best for c in courses)
        highest = max(courses, key=lambda c: c.start)
        # Second differences of a few steep points would take their bend for noise: the later, straighter half is used.
        noise = highest.oscillation.amplitude if highest.oscillation else highest.noise.sigma
        return achieved if achieved > (0.0 if known else 4 * noise) else None

    @cached_property
    def unit(self) -> float | None:
        """The improvement achieved, where an effect measured in it calls a run ill.

        Where only the start of the curves says what knowing nothing costs, it may lie far above it: a first epoch
        that has learned nearly all leaves an improvement that noise is a large share of. Then it is at least what
        is left to improve at the end.
        """
        if self.scale is None or self.uninformed is not None or self.learned is None:
            return self.scale
        return max(self.scale, *(c.tail - self.learned.bottom for c in (self.train, self.val) if c))

    @cached_property
    def shape(self) -> Shape | None:
        """What stands out in the curves; None without any."""
        course = self.any_train or self.any_val
        if course is None:
            return None
        lost = course.divergence.lost if course.divergence.lost is not None else course.divergence.blown
        lost_at = None if lost is None else lost / max(1, course.steps.size - 1)
        train, val, learned = self.train, self.val, self.learned
        if train is None or learned is None:
            return Shape(lost_at=lost_at, first_excess=self._first_excess(course, learned))
        threshold = 0.05
        stands = (
            learned.most < threshold
            if learned.known
            else bool(self.symptoms and self.symptoms.has("underfitting", "frozen"))
        )
        reached = np.flatnonzero(train.y <= 0.5 * (train.start + train.best))
        moved = train.start - train.best
        setback, regained = _setback(train)
        turn = val.turning.index if val is not None else 0
        beside = float(np.interp(val.x[turn], train.x, train.y)) if val is not None else 0.0
        return Shape(
            lost_at=lost_at,
            first_excess=self._first_excess(course, learned),
            stands=stands,
            begins_there=stands and abs(learned.start - learned.train) < threshold and learned.start > -2 * threshold,
            above=learned.known and learned.most < -threshold and lost is None,
            memorised=learned.train >= 0.8,
            val_blind=val is not None and self._blind(train, val, learned),
            val_wrong=max(0.0, -learned.val) if val is not None else 0.0,
            val_first=val.start / train.start if val is not None and train.start > 0 else 1.0,
            quick=float(reached[0]) / train.y.size if reached.size and moved > 0 and self.scale else 1.0,
            apart=learned.train - learned.val if val is not None else 0.0,
            parted=(val.best - beside) / (learned.level - learned.bottom) if val is not None else 0.0,
            noise_ratio=train.tail / val.tail if val is not None and val.tail > 0 else 1.0,
            gain=self.further.gain / self.scale if self.further and self.scale else math.nan,
            setback=setback / self.scale if self.scale else 0.0,
            regained=regained,
        )

    def _blind(self, train: Course, val: Course, learned: Learned) -> bool:
        if learned.known:
            return learned.train > 0.1 and learned.val_best < 0.05
        ours, theirs = self.train_score, self.val_score
        accurate = ours is not None and theirs is not None and ours.flipped and "acc" in theirs.name.lower()
        if accurate and ours.long_enough and theirs.long_enough:  # type: ignore[union-attr]
            unit = 100.0 if min(ours.best, theirs.best) < -1.5 else 1.0  # type: ignore[union-attr]
            gained = (ours.start - ours.best) / unit, (theirs.start - theirs.best) / unit  # type: ignore[union-attr]
            return gained[0] > 0.1 and gained[1] < 0.25 * gained[0] and -theirs.best / unit < 0.5  # type: ignore[union-attr]
        return learned.train > 0.1 and val.best > 0.95 * val.start

    def _first_excess(self, course: Course, learned: Learned | None) -> float:
        first = float(course.raw[0])
        if not math.isfinite(first):
            return math.inf
        if course.flipped:
            return 1.0
        if learned is not None and learned.known:
            return first / learned.level
        score = self.train_score or self.val_score
        # Hardly ever right: the "accuracy" of a regression counts equal numbers.
        accurate = (
            score is not None
            and course is self.train_loss
            and "acc" in score.name.lower()
            and float(np.abs(score.y).max(initial=0)) > 0.02 * self._unit(score)
        )
        entropy = not any(w in course.name.lower() for w in (*OTHER_LOSSES, *SQUARED))
        if accurate and entropy and first > LOG_THOUSAND:
            return first / LOG_THOUSAND
        others = [float(c.y[i]) for c, i in ((self.train, 1), (self.val, 0)) if c is not None]
        return first / max(others) if others and max(others) > 0 else 1.0


def _setback(course: Course) -> tuple[float, bool]:
    n = course.y.size
    width, first = max(2, n // 16), max(1, n // 10)
    if n < first + width + 1:
        return 0.0, True
    sums = np.cumsum(np.concatenate(([0.0], course.y)))
    means = ((sums[width:] - sums[:-width]) / width)[first:]
    lowest = np.minimum.accumulate(means)
    worst = int(np.argmax(means - lowest))
    return float(means[worst] - lowest[worst]), bool(means[-1] <= lowest[worst])
