"""The inputs of rules: what a rule's parameter names mean, each computed once a run and only if a rule asks.

A name is looked up here first (the properties of ``Evidence``), then among the run's parameters by role
(``batch_size``, ``optimizer``, …; see ``tracker_diag/core/vocabulary.yaml``). None stands for "the run does not hold
it".
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracker_diag.core.dataset import Dataset, read_dataset
from tracker_diag.core.observed import Learned, Shape, Symptoms
from tracker_diag.core.roles import Roles
from tracker_diag.core.run import Run, Series
from tracker_diag.stats.course import Course
from tracker_diag.stats.extrapolation import Extrapolation, extrapolate
from tracker_diag.stats.sequential import Look, look

FloatArray = NDArray[np.float64]


#: Cross-entropy of knowing nothing about a thousand classes, in nats: more than all but the largest vocabularies cost.
LOG_THOUSAND = math.log(1000)


class Evidence:
    """A run through the eyes of rules."""

    def __init__(self, run: Run, roles: Roles, siblings: tuple[Run, ...] = ()) -> None:
        self.run = run
        self.roles = roles
        self.siblings = siblings
        self.symptoms: Symptoms | None = None

    def get(self, name: str) -> Any:
        """The input of this name, or None."""
        if name in _COMPUTED:
            return getattr(self, name)
        return self.roles.params.get(name)

    # -- curves ------------------------------------------------------------------------------------------------------

    @cached_property
    def look(self) -> Look | None:
        """What may be judged of a run that is still going; None for one that has ended."""
        if not self.run.active:
            return None
        sizes = [
            len(s) for r, s in self.roles.metrics.items() if r in ("train_loss", "train_score", "val_loss", "val_score")
        ]
        return look(min(sizes)) if sizes else None

    @cached_property
    def level(self) -> float:
        """Share of the error probability that this look may spend: 1 for a run that has ended."""
        if not self.run.active:
            return 1.0
        return self.look.share if self.look else 0.0

    def _course(self, role: str) -> Course | None:
        series = self.roles.metrics.get(role)
        if series is None or len(series) < 2:
            return None
        flipped = self.roles.directions.get(role) == "max"
        steps, raw = series.steps, -series.values if flipped else series.values
        if self.run.active and np.isfinite(raw[-1]):
            # A run that is still going is judged at the rungs of a ladder; both curves at the same point of the run.
            at = self._judged_until
            keep = max(2, int(np.searchsorted(steps, at, side="right")))
            steps, raw = steps[:keep], raw[:keep]
        return Course(series.name, steps, raw, flipped)

    @cached_property
    def _judged_until(self) -> float:
        chosen = [
            s for r, s in self.roles.metrics.items() if r in ("train_loss", "train_score", "val_loss", "val_score")
        ]
        shortest = min(chosen, key=len)
        if self.look is None:
            return float(shortest.steps[-1])
        return float(shortest.steps[min(self.look.points, len(shortest)) - 1])

    @cached_property
    def train_loss(self) -> Course | None:
        """Training loss."""
        return self._course("train_loss")

    @cached_property
    def val_loss(self) -> Course | None:
        """Validation loss."""
        return self._course("val_loss")

    @cached_property
    def train_score(self) -> Course | None:
        """Training score, turned so that lower is better."""
        return self._course("train_score")

    @cached_property
    def val_score(self) -> Course | None:
        """Validation score, turned so that lower is better."""
        return self._course("val_score")

    @cached_property
    def _pair(self) -> tuple[Course | None, Course | None]:
        if self.train_loss and self.val_loss:
            return self.train_loss, self.val_loss
        if self.train_score and self.val_score:
            return self.train_score, self.val_score
        if self.train_loss:
            return self.train_loss, None
        if self.val_loss:
            return None, self.val_loss
        return self.train_score, self.val_score

    @cached_property
    def train(self) -> Course | None:
        """The training curve the verdict rests on: the loss; the score where both sides hold only that."""
        course = self._pair[0]
        return course if course and course.long_enough else None

    @cached_property
    def val(self) -> Course | None:
        """The validation curve beside it."""
        course = self._pair[1]
        return course if course and course.long_enough else None

    @cached_property
    def any_train(self) -> Course | None:
        """The training curve, however short, with values that are not finite."""
        return self._pair[0]

    @cached_property
    def any_val(self) -> Course | None:
        """The validation curve, however short, with values that are not finite."""
        return self._pair[1]

    @cached_property
    def rate_curve(self) -> Series | None:
        """The learning rate as logged over steps."""
        return self.roles.metrics.get("learning_rate")

    @cached_property
    def gradient_norm(self) -> Series | None:
        """The gradient norm as logged over steps."""
        return self.roles.metrics.get("gradient_norm")

    @cached_property
    def annealed(self) -> bool:
        """Whether the learning rate fell to less than a tenth of its peak, or a schedule that does so is configured."""
        curve = self.rate_curve
        if curve is not None and len(curve) >= 3:
            good = curve.values[np.isfinite(curve.values)]
            return bool(good.size and good[-1] < 0.1 * good.max())
        schedule = str(self.roles.params.get("scheduler") or "").lower()
        return any(word in schedule for word in ("cos", "linear", "poly", "onecycle", "one_cycle", "decay", "exp"))

    def clock(self, course: Course) -> FloatArray | None:
        """How far the optimiser has gone at each point of a course.

        The cumulative learning rate; steps where it was constant.

        None where the rate was annealed but not logged: then nothing says what more steps would bring.
        """
        curve = self.rate_curve
        if curve is None or len(curve) < 3 or not np.isfinite(curve.values).all():
            return None if self.annealed else course.x
        path = np.cumsum(np.maximum(curve.values, 0) * np.gradient(curve.steps))
        clock: FloatArray = np.interp(course.x, curve.steps, path)
        return clock if path[-1] > 0 else course.x

    @cached_property
    def further(self) -> Extrapolation | None:
        """What going on would bring to the validation curve (to training's, where there is none).

        None where nothing can be said.
        """
        course = self.val or self.train
        if course is None or course.x.size < 5:
            return None
        clock = self.clock(course)
        return None if clock is None else extrapolate(clock, course.y, floor=self._floor(course))

    @cached_property
    def further_train(self) -> Extrapolation | None:
        """What going on would bring to the training curve."""
        course = self.train
        if course is None or course.x.size < 5:
            return None
        clock = self.clock(course)
        return None if clock is None else extrapolate(clock, course.y, floor=self._floor(course))

    def _floor(self, course: Course) -> float:
        if course.flipped:
            lowest = float(course.y.min())
            return -1.0 if lowest >= -1.0 else (-100.0 if lowest >= -100.0 else -math.inf)
        return 0.0 if float(course.y.min()) >= 0 else -math.inf

    @cached_property
    def active(self) -> bool:
        """Whether the run may still log."""
        return self.run.active

    @cached_property
    def settled_from(self) -> float | None:
        """Step since which the learning rate is below a hundredth of its peak, if it is."""
        curve = self.rate_curve
        if curve is None or len(curve) < 3:
            return None
        low = np.flatnonzero(curve.values >= 0.01 * np.nanmax(curve.values))
        return float(curve.steps[low[-1]]) if low.size and low[-1] < len(curve) - 1 else None

    # -- levels ------------------------------------------------------------------------------------------------------

    @cached_property
    def uninformed(self) -> float | None:
        """The loss of a model that knows nothing of the input, where it is known.

        ln of the classes for a cross-entropy in nats; the target's variance for a squared error, from the dataset
        profile; minus the chance accuracy where the curves are accuracies (turned, as all courses are).
        """
        course = self.train or self.val or self.any_train or self.any_val
        if course is None:
            return None
        classes = self.n_classes or self._classes_shown
        word = f"{self.roles.params.get('loss_function') or ''} {course.name}".lower()
        if course in (self.train_score, self.val_score):
            unit = 100.0 if course.raw.size and np.nanmin(course.raw) < -1.5 else 1.0
            accuracy = course.flipped and "acc" in course.name.lower()
            return -unit / classes if accuracy and classes else None
        squared = any(w in word for w in ("mse", "squared", "l2loss"))
        if squared or self.roles.params.get("task") == "regression":
            variance = self.dataset.target.variance if self.dataset else None
            return variance if squared and variance else None
        if any(
            w in word for w in ("hinge", "focal", "mae", "huber", "l1loss", "perplex", "ctc", "triplet", "contrast")
        ):
            return None
        if classes and classes >= 2 and not self.roles.params.get("label_smoothing"):
            return math.log(classes)
        return None

    @cached_property
    def n_classes(self) -> int | None:
        """Number of classes, as configured or profiled."""
        profiled = self.dataset.target.n_classes if self.dataset else None
        value = self.roles.params.get("n_classes") or profiled
        if not isinstance(value, int | float) or not 1 <= value <= 1e7 or not float(value).is_integer():
            return None
        if value >= 2:
            return int(value)
        # One output is a regression, or two classes with a sigmoid; the loss or an accuracy tells.
        word = str(self.roles.params.get("loss_function") or "").lower()
        score = self.roles.metrics.get("val_score") or self.roles.metrics.get("train_score")
        binary = (
            "binary" in word
            or "bce" in word
            or "logistic" in word
            or (score is not None and "acc" in score.name.lower())
        )
        return 2 if binary else None

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
            k = round(math.exp(loss.tail))
            if k >= 2 and abs(loss.tail - math.log(k)) < 0.025 * math.log(k) and 0.6 / k < accuracy < 1.5 / k:
                return k
        return None

    @cached_property
    def learned(self) -> Learned | None:
        """How much of the uninformed loss the run has explained; for losses that are at least zero."""
        train, val = self.train, self.val
        if train is None and val is None:
            return None
        level = self.uninformed if self.uninformed is not None else self._beginning
        if level <= 0 or any(c.best < -0.02 * level for c in (train, val) if c):
            return None

        def share(value: float | None) -> float:
            return math.nan if value is None else 1 - value / level

        return Learned(
            level=level,
            known=self.uninformed is not None,
            start=share(train.start if train else None),
            train=share(train.tail if train else None),
            train_best=share(train.best if train else None),
            val_start=share(val.start if val else None),
            val=share(val.tail if val else None),
            val_best=share(val.best if val else None),
        )

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

        From the uninformed level, or the start where it is unknown, to the best of both curves.

        The unit of every effect. None where nothing was achieved: flatness is decided first.
        """
        courses = [c for c in (self.train, self.val) if c]
        if not courses:
            return None
        top = self.uninformed if self.uninformed is not None else self._beginning
        achieved = top - min(c.best for c in courses)
        return achieved if achieved > 0 else None

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
            quick=float(reached[0]) / train.y.size if reached.size and moved > 0 else 1.0,
            apart=learned.train - learned.val if val is not None else 0.0,
            parted=(val.best - beside) / learned.level if val is not None else 0.0,
            noise_ratio=train.tail / val.tail if val is not None and val.tail > 0 else 1.0,
            gain=self.further.gain / self.scale if self.further and self.scale else math.nan,
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
        if learned is not None and learned.known:
            return first / learned.level
        score = self.train_score or self.val_score
        if score is not None and course is self.train_loss and "acc" in score.name.lower() and first > LOG_THOUSAND:
            return first / LOG_THOUSAND
        others = [float(c.y[i]) for c, i in ((self.train, 1), (self.val, 0)) if c is not None]
        return first / max(others) if others and max(others) > 0 else 1.0

    # -- configuration and data --------------------------------------------------------------------------------------

    @cached_property
    def params(self) -> Mapping[str, Any]:
        """All parameters by role."""
        return self.roles.params

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The run's own name for each role."""
        return self.roles.names

    @cached_property
    def traits(self) -> frozenset[str]:
        """Kinds of training that the names give away: adversarial, reinforcement, contrastive, boosting, annealed."""
        return self.roles.traits

    @cached_property
    def profile(self) -> Mapping[str, Any] | None:
        """The dataset profile, as logged and unchecked; ``dataset`` is what it says."""
        return self.run.profile

    @cached_property
    def dataset(self) -> Dataset | None:
        """What the dataset profile and the declared inputs say; None without either."""
        return read_dataset(self.run.profile, self.run.datasets)

    @cached_property
    def model_summary(self) -> str | None:
        """The text of the model summary."""
        return self.run.model_summary

    @cached_property
    def n_weights(self) -> float | None:
        """Trainable weights, as configured or from the model summary.

        Else about width squared times depth, plus the inputs where they are known.
        """
        given = self.roles.params.get("n_parameters")
        if isinstance(given, int | float) and given > 0:
            return float(given)
        summary = (self.run.model_summary or "")[:200_000]
        found = re.search(
            r"(?:Total|Trainable) params[^0-9]{0,40}([\d,]+(?:\.\d+)?)\s*([KMB]?)\b", summary
        ) or re.search(r"([\d,]+(?:\.\d+)?)\s*([KMB]?)\s+(?:Total|Trainable) params", summary)
        if found:
            return float(found[1].replace(",", "")) * {"": 1, "K": 1e3, "M": 1e6, "B": 1e9}[found[2]]
        width, layers, inputs = (self.roles.params.get(k) for k in ("hidden_units", "layers", "n_features"))
        if not isinstance(width, int | float) or width < 1:
            return None
        depth = layers if isinstance(layers, int | float) and layers >= 1 else 1
        first = inputs if isinstance(inputs, int | float) and inputs > 0 else width
        return float(width * (first + (depth - 1) * width + (self.n_classes or 1)))

    @cached_property
    def n_train(self) -> int | None:
        """Training examples, as configured, profiled or declared as an input."""
        return self._count("n_train", "train")

    @cached_property
    def n_val(self) -> int | None:
        """Validation examples, as configured, profiled or declared as an input."""
        return self._count("n_val", "validation")

    @cached_property
    def n_val_seen(self) -> int | None:
        """Validation examples, as said or as an accuracy gives them away.

        Its values are multiples of one over their number.

        Only numbers up to 100 are read off, from at least four different values logged to five digits: larger ones
        need more digits than are logged.
        """
        if self.n_val is not None:
            return self.n_val
        score = self.roles.metrics.get("val_score")
        if score is None or "acc" not in score.name.lower():
            return None
        values = np.unique(score.values[np.isfinite(score.values)])
        values = values / 100 if values.size and values.max() > 1.5 else values
        if values.size < 4 or values.min() < 0:
            return None
        for n in range(2, 101):
            if (np.abs(values * n - np.round(values * n)) < 2e-5 * n).all():
                return n
        return None

    def _count(self, role: str, side: str) -> int | None:
        value = self.roles.params.get(role)
        if not isinstance(value, int | float) and self.dataset is not None:
            value = (self.dataset.train if side == "train" else self.dataset.validation).rows
        return int(value) if isinstance(value, int | float) and 0 < value < 1e15 else None

    @cached_property
    def curves_exist(self) -> bool | None:
        """True where there is a training or validation curve of at least two points; None otherwise."""
        return True if self.any_train or self.any_val else None


_COMPUTED = frozenset(n for n in dir(Evidence) if not n.startswith("_") and n not in ("get", "clock")) | {
    "run",
    "roles",
    "symptoms",
    "siblings",
}
