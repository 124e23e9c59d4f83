"""Runs and settings made to break what reads them: whatever a tracker might hold, drawn at random.

A case is a sound run with one part, and at times a second, made hostile. It follows from its seed and number alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from scripts.hostile.anything import DEEP, Random, anything, number, spoiled, text
from scripts.hostile.sound import plausible_profile, sound
from tracker_diag.roles.role_names import all_roles
from tracker_diag.roles.words import vocabulary
from tracker_diag.rules.registry import all_rules

SECOND = 0.15
"""How often a part beside the first is hostile too."""


@dataclass(frozen=True)
class Case:
    """What one run of the fuzzer is given.

    Attributes
    ----------
    category : str
        The part that is hostile for sure.
    data : dict
        As ``Run.from_dict`` reads it.
    settings : dict
        As ``parse_settings`` reads them.
    config : str
        Text of a configuration file; empty for none.
    """

    category: str
    data: dict[str, Any]
    settings: dict[str, Any] = field(default_factory=dict)
    config: str = ""


def make(seed: int, number: int) -> Case:
    """Make the case of this number; categories take turns."""
    rng = Random(f"{seed}/{number}")
    category = list(CATEGORIES)[number % len(CATEGORIES)]
    case = Case(category, sound(rng))
    for name, spoil in CATEGORIES.items():
        if name == category or rng.random() < SECOND:
            case = spoil(rng, case)
    return case


def values(rng: Random, case: Case) -> Case:
    """Curves of values that no loss has."""
    metrics = {}
    for name, points in case.data["metrics"].items():
        pool = [number(rng) for _ in range(rng.randint(1, 3))]
        share = rng.choice([0.0, 0.05, 0.5, 1.0])
        scale = rng.choice([1, 1, -1, 1e-300, 1e-10, 1e100, 1e300])
        metrics[name] = [
            [
                p[0],
                rng.choice(pool) if rng.random() < share else p[1] * scale if isinstance(p[1], float) else p[1],
                *p[2:],
            ]
            for p in points
        ]
    return _with(case, metrics=metrics)


def steps(rng: Random, case: Case) -> Case:
    """Steps that no counter has, and times that no clock shows."""
    metrics = {}
    one_for_all = rng.random() < 0.7
    choice = rng.choice(COUNTERS)
    for name, points in case.data["metrics"].items():
        n = len(points)
        counted = (choice if one_for_all else rng.choice(COUNTERS))(rng, n)
        clock = rng.choice([None, None, lambda i: 1e9 + i, lambda i: number(rng), lambda i: -i, lambda i: 1e308 * i])
        metrics[name] = [
            [s, p[1], *([clock(i)] if clock else [])] for i, (s, p) in enumerate(zip(counted, points, strict=True))
        ]
        if points and rng.random() < 0.02:
            metrics[name] = spoiled(rng, metrics[name], 1)
    return _with(case, metrics=metrics)


COUNTERS: list[Callable[[Random, int], list[Any]]] = [
    lambda rng, n: list(range(1 - n, 1)),
    lambda rng, n: list(range(-n, 0)),
    lambda rng, n: list(range(n, 0, -1)),
    lambda rng, n: [i - n // 2 for i in range(n)],
    lambda rng, n: [i // 2 for i in range(n)],
    lambda rng, n: [0] * n,
    lambda rng, n: [number(rng)] * n,
    lambda rng, n: [number(rng) for _ in range(n)],
    lambda rng, n: [None] * n,
    lambda rng, n: [rng.choice([None, i, math.nan]) for i in range(n)],
    lambda rng, n: [5e-324 * i for i in range(n)],
    lambda rng, n: [1e99 * i for i in range(n)],
    lambda rng, n: [-1e99 * i for i in range(n)],
    lambda rng, n: [2.0**i for i in range(n)],
    lambda rng, n: [1e15 + i for i in range(n)],
    lambda rng, n: [1.7e9 + i / 1e6 for i in range(n)],
    lambda rng, n: sorted(rng.gauss(0, 1) for _ in range(n)),
    lambda rng, n: [i + (1e12 if i == n - 1 else 0) for i in range(n)],
]


def params(rng: Random, case: Case) -> Case:
    """Parameters under every name, with values of every kind."""
    out: dict[Any, Any] = dict(case.data["params"])
    for _ in range(rng.randint(1, 8)):
        name = rng.choice(_names()) if rng.random() < 0.9 else text(rng)
        if rng.random() < 0.4:
            joint = rng.choice(["_", "", ".", "/"])
            for suffix in rng.sample(SUFFIXES, rng.randint(1, 4)):
                out[f"{name}{joint}{suffix}"] = anything(rng) if rng.random() < 0.2 else rng.choice([16, 32, 64])
        elif rng.random() < 0.15:
            out[rng.choice(["config", "model", "optimizer"])] = {name: anything(rng), text(rng): anything(rng)}
        else:
            out[name] = anything(rng)
    return _with(case, params=out)


SUFFIXES = ["1", "2", "3", "#", "_#", "##", "٣", "²", "x", "1.5", "0.units", "1_2", "9" * 400, "\0", "%s", "{0}"]


@cache
def _names() -> list[str]:
    book = vocabulary()
    words = [name for entry in book["params"].values() for name in entry["words"]]
    widths = ["hidden_units", "layers.units", "fc_dim"]  # as often as all others together: they are read as a series
    return [w.replace(" ", "_") for w in words] + widths * (len(words) // 6)


def profiles(rng: Random, case: Case) -> Case:
    """A dataset profile with parts that do not fit."""
    profile = _thinned(rng, plausible_profile(rng), rng.choice([0.0, 0.2, 0.5]))
    return _with(case, profile=_mapping(spoiled(rng, profile, rng.randint(0, 10))))


def _thinned(rng: Random, tree: Any, share: float) -> Any:
    if not isinstance(tree, dict):
        return tree
    # Facts that contradict each other are left out: fewer of them let more of the hostile ones through.
    return {key: _thinned(rng, x, share) for key, x in tree.items() if rng.random() >= share or key == "class_counts"}


def datasets(rng: Random, case: Case) -> Case:
    """Declared inputs with parts that do not fit."""
    inputs = [
        {
            "name": "data",
            "digest": rng.choice(["abc", ""]),
            "context": rng.choice(["train", "training", "validation", "eval", "test", ""]),
            "profile": {
                "num_rows": rng.choice([0, 5, 10**9, None]),
                "features_shape": rng.choice([[5, 3], {"a": [5, 2]}]),
            },
            "schema": {"mlflow_colspec": [{"name": "a", "type": "long"}, {"name": "b", "type": "double"}]},
        }
        for _ in range(rng.choice([1, 2, 3, 150]))
    ]
    kept = spoiled(rng, inputs, rng.randint(0, 6))
    return _with(case, datasets=[_mapping(x) for x in kept] if isinstance(kept, list) else [])


def models(rng: Random, case: Case) -> Case:
    """Summaries and descriptions of models whose counts are no counts."""
    count = rng.choice(["0", "1,234", "1.2", "9" * 400, ",", "1,,,2", "", "٣", "1" * 26 + ".5", "1e5", "-5"])
    line = rng.choice(
        ["Total params: {}", "Trainable params: {} (4.6 KB)", "{} M  Total params", "{}K    Trainable params"]
    )
    noise = rng.choice(
        ["", text(rng), "=" * 5000, "Total params" * 3000, "9," * 50_000, "dense (Dense) (None, 10) 7,850\n" * 50]
    )
    whole = [noise, line.format(count), "model", text(rng)]
    rng.shuffle(whole)
    layer = {"type": rng.choice(["Dense", text(rng), 3]), "units": number(rng), text(rng): anything(rng)}
    parts = {
        "framework": rng.choice(["keras", text(rng), None]),
        "layers": rng.choice([[], [layer], [layer] * 300, anything(rng)]),
        "output_shape": rng.choice([None, [None, 10], [number(rng)], anything(rng)]),
        "trainable_parameters": rng.choice([None, 5, -1, number(rng)]),
    }
    described = {key: part for key, part in parts.items() if rng.random() < 0.5}
    return _with(case, model_summary="\n".join(whole), model=rng.choice([None, described, described, anything(rng)]))


def tags(rng: Random, case: Case) -> Case:
    """Tags as somebody else may have written them under our prefix."""
    words = (
        [text(rng) for _ in range(5)] + [r.name for r in all_rules().values()][:5] + list(all_rules())[:5] + ["LC", "l"]
    )
    ignore = rng.choice([",", ", ", "\n", ",,"]).join(rng.choice(words) for _ in range(rng.choice([0, 1, 5, 300])))
    ours = ("verdict", "severity", "cause", "findings", "summary", "version", "fingerprint", "control")
    found: dict[str, Any] = {f"diag.{name}": text(rng) for name in ours if rng.random() < 0.5}
    found |= {text(rng): anything(rng) if rng.random() < 0.1 else text(rng) for _ in range(rng.randint(0, 3))}
    named = {"name": text(rng), "parent": text(rng)} if rng.random() < 0.5 else {}
    if rng.random() < 0.1:
        named |= {rng.choice(["start_time", "end_time"]): number(rng)}
    return _with(case, tags=found | {"diag.ignore": ignore}, **named)


def settings(rng: Random, case: Case) -> Case:
    """Settings that somebody typed, sound and unsound, as data and as a file."""
    rules, roles = list(all_rules().values()), list(all_roles())
    empty = [name for name, points in case.data["metrics"].items() if not points]
    names = [*case.data["metrics"], *empty * 3, *case.data["params"], "none such", text(rng)]
    chosen: dict[str, Any] = {}
    if rng.random() < 0.7:
        curves = ["train_loss", "val_loss", "train_score", "val_score", "learning_rate", "gradient_norm"]
        chosen["roles"] = {rng.choice(rng.choice([roles, curves])): rng.choice(names) for _ in range(rng.randint(1, 4))}
    if rng.random() < 0.3:
        chosen["vocabulary"] = {rng.choice(roles): [rng.choice(names), text(rng)]}
    if rng.random() < 0.3:
        chosen["directions"] = {rng.choice(names): rng.choice(["min", "max"]) for _ in range(3)}
    if rng.random() < 0.4:
        extremes = [0, 1, 0.5, 2, 10, 1e9, 1e-9]
        chosen["rules"] = {
            rule.name: {
                "severity": rng.choice(["ok", "info", "error"]),
                "thresholds": {key: rng.choice([*extremes, value]) for key, value in rule.thresholds.items()},
            }
            for rule in (rules if rng.random() < 0.5 else [rng.choice(rules)])
        }
    if rng.random() < 0.3:
        chosen[rng.choice(["select", "ignore"])] = [
            rng.choice(rules).name,
            rng.choice(["LC", "HY", "OP", "overfitting"]),
        ]
    if rng.random() < 0.2:
        chosen["experiments"] = {rng.choice(["*", "[", text(rng)]): dict(chosen)}
    if rng.random() < 0.3:
        chosen = _mapping(spoiled(rng, chosen, rng.randint(1, 3)))
    config = rng.choice(CONFIGS).replace("TEXT", text(rng)) if rng.random() < 0.2 else ""
    return Case(case.category, case.data, chosen, config)


CONFIGS = [
    "ignore: TEXT", "TEXT: TEXT", "TEXT", "prefix: 2024-01-01", "select: 2024-13-45", "roles: {TEXT: TEXT}", "- TEXT",
    "!!int ''", "!!timestamp x", "!!binary TEXT", "&a [*a]", "[" * DEEP, "{a: " * DEEP, "- " * DEEP, "? " * DEEP,
    "a:\n" * 50, "a = " + "[" * DEEP, "[tool.tracker-diag]\n" + "a." * DEEP + "b = 1",
    "[tool.tracker-diag]\nprefix = 'TEXT'",
    "\n".join(["a0: &a0 {k: v}", *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12))]),
    "\n".join(["a0: &a0 {k: v}", *(f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}" for i in range(1, 12))]),
]  # fmt: skip

CATEGORIES: dict[str, Callable[[Random, Case], Case]] = {
    f.__name__: f for f in (values, steps, params, profiles, datasets, models, tags, settings)
}


def _with(case: Case, **parts: Any) -> Case:
    return Case(case.category, case.data | parts, case.settings, case.config)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {"x": value}
