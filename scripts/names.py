"""What real names of metrics and parameters are taken for, and whether that is right.

tests/data/names/ holds sets of names as frameworks, repositories and people write them, each name labelled with what it
is by someone who did not look at the resolver. Here each set becomes a run of plausible curves, the resolver is asked,
and every role it fills is judged against the labels:

    wrong      a loss role on what is no loss of that split; on a part or an error where the loss itself is there; on a
               part where the other split has its whole loss. A score role on what is no score of that split, or held to
               improve the wrong way. A learning rate, a gradient norm and so on that is something else
    arguable   one part of a loss for want of the whole, or as a score that falls; where the label leaves the split
               open, a loss as training's, a score as validation's, a reward as either's
    missing    a role that an honest reader fills from these names, filled with none of them

What is called test counts as the held-out curve where nothing of the set is validation's. Parts of one split that were
added up are right. Parameters are counted besides: unread are those with a role that the resolver did not see.

    python -m scripts.names             the totals of each file
    python -m scripts.names --errors    and every role that is wrong, arguable or missing

The exit code is 1 where a role is wrong that is not among the known ones (KNOWN_WRONG), 0 otherwise.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal

import numpy as np

from scripts.name_sets import FILES, Label, NameSet, load, run_of
from tracker_diag import Run
from tracker_diag.core.run import Series
from tracker_diag.roles.parts import SUM
from tracker_diag.roles.resolve import Roles, resolve
from tracker_diag.roles.role_names import param_roles
from tracker_diag.settings.settings import Settings

#: Roles that are known to be wrong, by the set's source. tests/roles/test_real_names.py fails when one is mended.
KNOWN_WRONG: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        source: frozenset(roles.split())
        for source, roles in (
            ("MMPretrain (MMEngine)", "train_score"),
            ("MMAction2 1 (MMEngine): bare top1_acc of the batches, acc/top1 of the validation", "train_score"),
            ("BasicSR, Real-ESRGAN (TensorBoard: losses/…, metrics/Set5/psnr)", "train_score"),
            ("3D Gaussian splatting, TensorBoard", "val_loss"),
            ("Prophet: cross-validation by horizon", "train_score"),
            ("MindSpore callbacks with hand-written evaluation", "train_score"),
            ("Beginner's tutorial: running loss and best accuracy only", "train_score"),
            ("VAE: the bound itself is logged, larger is better", "test_loss"),
            ("Distillation by hand", "train_loss"),
            (
                "Tianxiaomo/pytorch-YOLOv4 (the average precision of the held-out set is written under train/)",
                "train_score",
            ),
            ("AdaBins, depth with adaptive bins (Metrics/ is the held-out set)", "train_loss"),
            ("Barlow Twins, evaluation by a linear layer (stats.txt)", "train_score"),
            ("hifi-gan, vocoder (the mel error is what one watches)", "train_loss"),
            ("DiGress, graph diffusion, W&B", "train_loss"),
            ("WeNet, TensorBoard (cv is the cross-validation set)", "train_score"),
            (
                "openvpi/DiffSinger, variance model (parts of the loss are logged, and scores under metrics/)",
                "train_loss",
            ),
            ("mbrl-lib, ensemble of dynamics models (val_score is an error)", "train_score val_score"),
            ("robomimic, behavioural cloning with rollouts", "train_score"),
            ("Offline-to-online agent by hand, W&B without any prefix", "train_score"),
            ("trlx, PPO on texts", "train_score"),
            (
                "Capitals restored in Czech text, Keras on neptune (the error is one minus the accuracy)",
                "train_score val_score",
            ),
            ("Chinese, spectra by a generator (on the set … of the …)", "val_score"),
        )
    }
)

#: Parameters that say two things: how long one waits says that one stops early, a model's name that it is pretrained.
_AS_GOOD = MappingProxyType({"patience": "early_stopping", "model": "pretrained"})

Mark = Literal["right", "arguable", "wrong"]


@dataclass(frozen=True)
class Taken:
    """A name that was taken for a role.

    Attributes
    ----------
    role : str
    addends : tuple of str
        The name, or those that were added up.
    mark : {'right', 'arguable', 'wrong'}
    why : str
        What it is instead, empty where it is right.
    """

    role: str
    addends: tuple[str, ...]
    mark: Mark
    why: str = ""


@dataclass(frozen=True)
class Judged:
    """What was made of a set.

    Attributes
    ----------
    names : NameSet
    taken : tuple of Taken
        Metrics, by role.
    missing : mapping of str to tuple of str
        Expected roles that none of their names fills, to what fills them instead.
    unread : tuple of str
        Metrics that play no role as a loss or score and are not the learning rate.
    params : tuple of Taken
        Parameters, by role.
    unread_params : tuple of str
        Those with a role that the resolver knows and did not give them.
    """

    names: NameSet
    taken: tuple[Taken, ...]
    missing: Mapping[str, tuple[str, ...]]
    unread: tuple[str, ...]
    params: tuple[Taken, ...]
    unread_params: tuple[str, ...]

    def by_role(self, role: str) -> Taken | None:
        """Whatever metric was taken for a role."""
        return next((t for t in self.taken if t.role == role), None)

    @property
    def wrong(self) -> frozenset[str]:
        """Roles that are wrong."""
        return frozenset(t.role for t in self.taken if t.mark == "wrong")


# -- the run -------------------------------------------------------------------------------------------------------


# -- the judgement -------------------------------------------------------------------------------------------------


def judge(names: NameSet) -> Judged:
    """Ask the resolver, and judge what it says."""
    run = run_of(names)
    return judged(names, run, resolve(run, Settings()))


def judged(names: NameSet, run: Run, roles: Roles) -> Judged:
    """Judge what the names of a run were taken for."""
    addends = {
        role: (series.name,) if series.name in names.metrics else tuple(series.name.split(SUM))
        for role, series in roles.metrics.items()
    }
    taken = []
    for role, series in roles.metrics.items():
        better = roles.facts[role].better if role in roles.facts else None
        mark, why = _mark(names, role, addends, "max" if _is_turned(series, run) else better)
        taken.append(Taken(role, addends[role], mark, why))
    placed = {
        name for t in taken for name in t.addends if t.role.endswith(("_loss", "_score")) or t.role == "learning_rate"
    }
    params, unread_params = _params(names, roles)
    return Judged(
        names=names,
        taken=tuple(taken),
        missing=_missing(names, addends),
        unread=tuple(name for name in names.metrics if name not in placed),
        params=params,
        unread_params=unread_params,
    )


def _is_turned(series: Series, run: Run) -> bool:
    """Whether a likelihood was made a loss by turning its sign: as it was logged, more is better."""
    return series.name in run.metrics and np.array_equal(series.values, -run.metrics[series.name].values)


def _mark(names: NameSet, role: str, taken: Mapping[str, Sequence[str]], better: str | None) -> tuple[Mark, str]:
    split, _, what = role.partition("_")
    labels = [names.metrics[name] for name in taken[role]]
    if what == "loss" and len(labels) > 1:
        return _sum_mark(names, split, labels)
    label = labels[0]
    if what not in ("loss", "score"):
        return ("right", "") if role in label.kinds else ("wrong", str(label))
    if label.better is not None and label.better != better:
        return "wrong", f"{label}, held to get better the other way"
    if what == "score":
        return _score_mark(names, split, label, better)
    beside = taken.get({"train_loss": "val_loss", "val_loss": "train_loss"}.get(role, ""), ())
    return _loss_mark(names, split, label, [names.metrics[name] for name in beside])


def _sum_mark(names: NameSet, split: str, labels: Sequence[Label]) -> tuple[Mark, str]:
    strange = [label for label in labels if not label.kinds & {"loss", "part"} or not _is_of(names, label, split)]
    if strange:
        return "wrong", f"{strange[0]} among them"
    mixed = {"loss", "part"} <= {label.main for label in labels}
    return ("wrong", "the whole loss and its parts added up") if mixed else ("right", "")


def _loss_mark(names: NameSet, split: str, label: Label, beside: Sequence[Label]) -> tuple[Mark, str]:
    if not label.kinds & {"loss", "part", "score"}:
        return "wrong", str(label)
    if not _is_of(names, label, split):
        bare = label.split == "none" and split == "train"
        return "arguable" if bare else "wrong", str(label)
    if "loss" in label.kinds:
        return "right", ""
    if _has_loss(names, label.split):
        return "wrong", f"{label}, and the loss itself is there"
    if label.main != "part":
        return "right", ""
    if [other.main for other in beside] == ["loss"]:
        return "wrong", f"{label}, held against the whole of the other split"
    return "arguable", str(label)


def _score_mark(names: NameSet, split: str, label: Label, better: str | None) -> tuple[Mark, str]:
    of_it, falls = _is_of(names, label, split), better == "min"
    if label.kinds & {"score", "reward"} or ("loss" in label.kinds and falls):
        bare = label.split == "none" and (split == "val" or "reward" in label.kinds)
        return ("right", "") if of_it else ("arguable" if bare else "wrong", str(label))
    return ("arguable" if "part" in label.kinds and of_it and falls else "wrong"), str(label)


def _is_of(names: NameSet, label: Label, split: str) -> bool:
    """Whether it may stand for this split: it is of it, or test's where nothing is validation's."""
    return label.split == split or (label.split == "test" and split == "val" and not _has_validation(names))


def _has_validation(names: NameSet) -> bool:
    kinds = {"loss", "part", "score", "reward"}
    return any(each.split == "val" and each.main in kinds and not each.once for each in names.metrics.values())


def _has_loss(names: NameSet, split: str) -> bool:
    return any(each.split == split and each.main == "loss" and not each.once for each in names.metrics.values())


def _missing(names: NameSet, taken: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    missing = {}
    for role, wanted in names.expect.items():
        split, _, what = role.rpartition("_")
        # The only held-out curve is validation's, whatever it is called.
        fillers = (f"val_{what}", f"test_{what}") if split in ("held_out", "test") else (role,)
        got = tuple(n for filler in fillers if filler in taken for n in taken[filler])
        if not set(got) & set(wanted):
            missing[role] = got
    return missing


def _params(names: NameSet, roles: Roles) -> tuple[tuple[Taken, ...], tuple[str, ...]]:
    taken, unread = [], []
    known = set(param_roles())
    for name, (_, wanted) in names.params.items():
        got = sorted(role for role in roles.params if roles.names.get(role) == name)
        for role in got:
            right = wanted in got or role == _AS_GOOD.get(wanted)
            taken.append(Taken(role, (name,), *(("right", "") if right else ("wrong", wanted))))
        if not got and wanted in known:
            unread.append(name)
    return tuple(taken), tuple(unread)


@cache
def all_judged() -> Mapping[str, tuple[Judged, ...]]:
    """Every set of every file, judged."""
    return MappingProxyType({file: tuple(judge(names) for names in load(file)) for file in FILES})


# -- what is told --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Totals:
    """Counts over sets."""

    sets: int
    roles: int
    wrong: int
    arguable: int
    expected: int
    missing: int
    params: int
    wrong_params: int
    unread_params: int


def totals(sets: Iterable[Judged]) -> Totals:
    """Count."""
    kept = list(sets)
    marks = [t.mark for j in kept for t in j.taken]
    params = [t.mark for j in kept for t in j.params]
    return Totals(
        sets=len(kept),
        roles=len(marks),
        wrong=marks.count("wrong"),
        arguable=marks.count("arguable"),
        expected=sum(len(j.names.expect) for j in kept),
        missing=sum(len(j.missing) for j in kept),
        params=sum(len(j.names.params) for j in kept),
        wrong_params=params.count("wrong"),
        unread_params=sum(len(j.unread_params) for j in kept),
    )


def unknown_wrong(sets: Iterable[Judged]) -> dict[str, frozenset[str]]:
    """Roles that are wrong and not known to be, by source."""
    found = {j.names.source: j.wrong - KNOWN_WRONG.get(j.names.source, frozenset()) for j in sets}
    return {source: roles for source, roles in found.items() if roles}


def errors(sets: Iterable[Judged]) -> Iterator[str]:
    """Every role that is wrong, arguable or missing, below its set."""
    for j in sets:
        lines = [f"{t.mark:8}  {t.role}: {SUM.join(t.addends)} is {t.why}" for t in j.taken if t.mark != "right"]
        lines += [
            f"missing   {role}: {' or '.join(j.names.expect[role])}" + (f", not {SUM.join(got)}" if got else "")
            for role, got in j.missing.items()
        ]
        lines += [
            f"{t.mark:8}  parameter {t.role}: {SUM.join(t.addends)} is {t.why}" for t in j.params if t.mark != "right"
        ]
        if lines:
            yield j.names.source
            yield from (f"  {line}" for line in lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.names", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--errors", action="store_true", help="print every role that is wrong, arguable or missing")
    options = parser.parse_args(arguments)
    by_file = all_judged()
    everything = [j for sets in by_file.values() for j in sets]
    if options.errors:
        print("\n".join(errors(everything)), end="\n\n")
    heads = ("sets", "roles", "wrong", "arguable", "expected", "missing", "params", "wrong", "unread")
    width = max(map(len, FILES))
    print(f"{'':{width}}", *(f"{head:>8}" for head in heads))
    for file, sets in (*by_file.items(), ("all", everything)):
        print(f"{file:{width}}", *(f"{count:8}" for count in vars(totals(sets)).values()))
    surprises = unknown_wrong(everything)
    for source, roles in surprises.items():
        print(f"wrong, and not known to be: {source}: {', '.join(sorted(roles))}", file=sys.stderr)
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
