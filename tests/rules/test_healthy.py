"""A healthy run stays green, whatever its configuration says: configuration alone is at most info.

What is tried follows from the rules: every parameter that one of them asks for at odd and extreme values, alone, with
each other parameter of the same rule, and all of them at once.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.rules.runs import SOUND, a_run, both, failures, falling, healthy, judge, noise
from tracker_diag import Settings, Severity, diagnose
from tracker_diag.evidence.registry import all_inputs, letters
from tracker_diag.roles.param_values import coerce, fits, kind_of
from tracker_diag.roles.role_names import param_roles
from tracker_diag.roles.words import vocabulary
from tracker_diag.rules import registry
from tracker_diag.rules.registry import all_rules
from tracker_diag.rules.rule import Rule

#: What some rules find risky, in the names of a run: beside what is tried by itself.
KNOWN: Mapping[str, Mapping[str, Any]] = {
    "learning-rate-too-high": {"optimizer": "sgd", "lr": 1000.0},
    "learning-rate-too-low": {"lr": 1e-12},
    "gradient-clipping-masks-rate": {"optimizer": "sgd", "clip_norm": 1e-9},
    "batch-too-large": {"batch_size": 100_000, "n_train": 100_000},
    "batch-too-small-for-rate": {"batch_size": 1, "optimizer": "sgd", "lr": 100.0},
    "too-few-updates": {"epochs": 1, "batch_size": 512, "n_train": 512},
    "unscaled-initialisation": {"init": "zeros"},
    "initial-loss-off": {"num_classes": 10},
    "dead-relu": {"activation": "relu", "lr": 100.0},
    "exploding-gradients": {"layers": 500, "norm": "none"},
    "vanishing-gradients": {"activation": "sigmoid", "layers": 500},
    "too-deep": {"layers": 1000},
    "too-few-hidden-units": {"hidden_units": 1},
    "too-many-hidden-units": {"hidden_units": 10**6, "n_train": 500},
    "network-too-big-for-data": {"n_parameters": 10**12, "n_train": 200},
    "network-too-small-for-data": {"n_parameters": 1, "n_train": 10**9},
    "output-loss-mismatch": {"output_activation": "softmax", "loss": "CrossEntropyLoss"},
    "missing-nonlinearity": {"activation": "linear", "layers": 30},
    "no-regularisation": {"dropout": 0.0, "weight_decay": 0.0, "augmentation": False, "early_stopping": False},
    "regularisation-too-strong": {"dropout": 0.99, "weight_decay": 1000.0},
    "no-early-stopping": {"epochs": 10**6, "early_stopping": False},
    "constant-input": {"n_features": 1},
    "repeated-batch": {"n_train": 10**6},
    "label-mismatch": {"n_train": 50},
    "unshuffled": {"shuffle": False},
    "too-few-examples": {"n_train": 3},
    "random-relation": {"task": "classification"},
    "label-noise": {"n_train": 10**6, "dropout": 0.0},
    "unscaled-inputs": {"scaler": "none"},
    "preprocessing-mismatch": {"scaler": "none"},
}


#: Values for every parameter; which of them a role can have, its own check says.
ODD = (0, 1e-12, 0.5, 0.999, 1, 50, 1000.0, 10**6, 10**12, True, "none", "another", (1,) * 50)

#: What the curves are of: another number there makes other curves of them, and a validation set of one example warns by
#: itself (validation-too-small).
FACTS = frozenset({"n_classes", "n_val", "label_smoothing"})


def noisy(seed: int) -> dict[str, Any]:
    """A healthy run of another pace, level and noise."""
    rng = np.random.default_rng(seed)
    end, pace = rng.uniform(0.05, 0.6), rng.uniform(2, 6)
    sigma = rng.uniform(0.001, 0.01)
    return both(
        np.abs(falling(end, pace) + noise(sigma, seed)),
        np.abs(falling(end * 1.1, pace) + noise(1.5 * sigma, seed + 100)),
    )


#: Healthy runs, made once: what is tried changes their parameters only.
RUNS = tuple(a_run(curves) for curves in (healthy(), noisy(1), noisy(2), healthy(0.05)))


def asked(rule: Rule) -> frozenset[str]:
    """What a rule asks for, itself or through its inputs, by the name of a parameter or as a text in the code.

    What an input asks for to read a curve is left out.
    """
    inputs = all_inputs()
    seen: set[str] = set()
    ahead = [*rule.needs, *rule.wants]
    while ahead:
        name = ahead.pop()
        if name not in seen and "C" not in letters(name):
            seen.add(name)
            ahead += [*inputs[name].needs, *inputs[name].wants]
    code = [inspect.getmodule(rule.check) or rule.check, *(c for name in seen if (c := inputs[name].compute))]
    return frozenset(seen.union(*map(texts, code)))


def texts(code: Any) -> set[str]:
    """Every text in a module or function."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(code)))
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def values(role: str) -> list[Any]:
    """Odd and extreme values of a parameter: those of ``ODD`` that it can have, and every word that is known for it."""
    found: dict[str, Any] = {}
    for value in (*ODD, *vocabulary()["values"].get(kind_of(role), ())):
        read = coerce(role, value)
        if fits(read):
            found.setdefault(repr(read), value)
    return list(found.values())


def alone(role: str) -> list[dict[str, Any]]:
    return [{role: value} for value in values(role)]


def paired(rule: Rule) -> list[dict[str, Any]]:
    """The rule's parameters two by two, at the ends of their values and at the words that the rule names."""
    named = asked(rule)
    ends = {role: ends_of(values(role), named) for role in sorted(named.intersection(param_roles()) - FACTS)}
    return [{a: x, b: y} for a, b in combinations(ends, 2) for x, y in product(ends[a], ends[b])]


def ends_of(tried: list[Any], named: frozenset[str]) -> list[Any]:
    """None, the least and the most of numbers; of words those that are named, and one more."""
    numbers = [value for value in tried if not isinstance(value, str)]
    words = [value for value in tried if isinstance(value, str)]
    return [*numbers[:2], *numbers[2:][-1:], *words[:1], *(word for word in words[1:] if word in named)]


def shares(rules: Iterable[Rule]) -> dict[str, list[dict[str, Any]]]:
    """What is tried of pairs by the rule's name; what two rules ask for is tried for the first of them."""
    taken: set[str] = set()
    found = {}
    for one in rules:
        new = {repr(tried): tried for tried in paired(one) if repr(tried) not in taken}
        taken.update(new)
        if new:
            found[one.name] = list(new.values())
    return found


def at_once() -> list[dict[str, Any]]:
    """Every parameter at its first value, then at its second, and so on."""
    tried = {role: values(role) for role in ROLES}
    return [{role: v[i % len(v)] for role, v in tried.items()} for i in range(max(map(len, tried.values())))]


def alarms(tried: Iterable[Mapping[str, Any]]) -> list[str]:
    """The configurations under which a healthy run is not a green good fit, and what is said of it."""
    found = []
    for i, configuration in enumerate(tried):
        report = diagnose(
            replace(RUNS[i % len(RUNS)], params={**SOUND, **configuration}),
            Settings(roles={role: role for role in configuration}),
        )
        assert failures(report) == []
        if report.verdict != "good-fit" or report.severity.rank > Severity.INFO.rank:
            names = ", ".join(f.name for f in report.findings if f.severity.rank > Severity.INFO.rank)
            found.append(f"{configuration}: {report.verdict}; {names}")
    return found


ROLES = sorted({*param_roles()} - FACTS)
PAIRS = shares(all_rules().values())


@pytest.mark.parametrize("role", ROLES)
def test_an_odd_value_is_at_most_info(role: str) -> None:
    assert values(role)
    assert alarms(alone(role)) == []


@pytest.mark.parametrize("name", PAIRS)
def test_odd_values_of_two_parameters_of_a_rule_are_at_most_info(name: str) -> None:
    assert alarms(PAIRS[name]) == []


def test_odd_values_of_all_parameters_at_once_are_at_most_info() -> None:
    assert alarms(at_once()) == []


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_what_is_known_to_be_risky_is_at_most_info(name: str) -> None:
    for curves in (healthy(), healthy(0.05), noisy(1), noisy(2)):
        report = judge(curves, {**SOUND, **KNOWN[name]})
        assert report.verdict == "good-fit"
        assert report.severity.rank <= Severity.INFO.rank, report.findings


def test_everything_known_to_be_risky_at_once_is_at_most_info() -> None:
    everything = {key: value for params in KNOWN.values() for key, value in params.items()}
    report = judge(healthy(), {**SOUND, **everything})
    assert report.severity.rank <= Severity.INFO.rank, report.findings


HEAD = """
from tracker_diag.core.finding import Severity
from tracker_diag.rules.hypothesis import LikelihoodRatio
from tracker_diag.rules.registry import rule

class Likelihoods:
    BAD = LikelihoodRatio(100.0, "it is so configured")
    SO = LikelihoodRatio(100.0, "it is so configured", "params")

def said(observation):
    return planted.hypothesis(prior=1.0, observations=[observation()], message="bad", advice="do not")
"""

#: Rules that look at the configuration alone; what they warn of from there; and where that is found.
WARNS = {
    "of one value": """
@rule("XX901", "planted")
def planted(momentum: float):
    return planted.finding(Severity.WARNING, 1.0, "bad") if momentum > 0.99 else None
""",
    "of two values": """
@rule("XX901", "planted", likelihoods=Likelihoods)
def planted(batch_size: int, learning_rate: float, *, prior: float = 1.0):
    return said(Likelihoods.BAD) if batch_size == 1 and learning_rate > 10 else None
""",
    "of a word and a value, by role": """
@rule("XX901", "planted", likelihoods=Likelihoods)
def planted(params: object, *, prior: float = 1.0):
    return said(Likelihoods.BAD) if params.get("optimizer") == "sgd" and params.get("epochs", 0) > 9999 else None
""",
    "of what an input makes of them": """
@rule("XX901", "planted", likelihoods=Likelihoods)
def planted(n_updates: int, *, prior: float = 1.0):
    return said(Likelihoods.BAD) if n_updates < 2 else None
""",
}
RANKS = """
@rule("XX901", "planted", likelihoods=Likelihoods)
def planted(momentum: float, *, prior: float = 1.0):
    return said(Likelihoods.SO)
"""

Plant = Callable[[str], Rule]


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    """Registers a rule for the length of a test."""
    monkeypatch.setattr(registry, "_RULES", dict(all_rules()))

    def planted(text: str) -> Rule:
        path = tmp_path / "planted.py"
        path.write_text(HEAD + text, encoding="utf-8")
        spec = spec_from_file_location("planted", path)
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "planted", module)
        spec.loader.exec_module(module)
        found: Rule = module.planted
        return found

    yield planted
    all_rules.cache_clear()


@pytest.mark.parametrize("text", WARNS.values(), ids=WARNS)
def test_a_rule_that_warns_of_configuration_alone_is_found(plant: Plant, text: str) -> None:
    rule = plant(text)
    tried = [c for role in sorted(asked(rule).intersection(param_roles()) - FACTS) for c in alone(role)]
    found = alarms([*tried, *paired(rule)])
    assert found
    assert all(said.endswith("planted") for said in found)


def test_a_rule_that_only_ranks_by_configuration_is_not(plant: Plant) -> None:
    rule = plant(RANKS)
    assert alarms([*alone("momentum"), *paired(rule)]) == []


@pytest.mark.parametrize("seed", range(20))
def test_healthy_runs_of_many_paces_are_green(seed: int) -> None:
    assert judge(noisy(seed), SOUND).severity.rank <= Severity.INFO.rank
