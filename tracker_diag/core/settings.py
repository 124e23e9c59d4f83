"""What a user may set: which rules, how severe, which thresholds, which names; by file, by experiment, by tag."""

from __future__ import annotations

import difflib
import hashlib
import json
import math
import tomllib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tracker_diag.core.finding import Severity
from tracker_diag.core.rule import all_rules, find_rule

FILE_NAME = "tracker-diag.yaml"


class SettingsError(ValueError):
    """A configuration that cannot be used; says where, and the nearest name that could."""


class RuleSettings(BaseModel):
    """What may be set for one rule."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    severity: Severity | None = Field(default=None, description="the highest severity it may have")
    thresholds: dict[str, float | int | bool | str] = Field(default_factory=dict, description="see the rule's page")


class Settings(BaseModel):
    """Everything a user may set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    select: tuple[str, ...] = Field(
        default=(), description="run these rules only: codes, names, or prefixes such as LC; empty means all"
    )
    ignore: tuple[str, ...] = Field(default=(), description="leave these out: codes, names, or prefixes")
    rules: dict[str, RuleSettings] = Field(
        default_factory=dict, description="severity and thresholds, by name or code of the rule"
    )
    roles: dict[str, str] = Field(
        default_factory=dict, description="take this metric or parameter for this role, e.g. val_loss: my/metric"
    )
    vocabulary: dict[str, list[str]] = Field(
        default_factory=dict, description="further words for a role, e.g. val_loss: [holdout_nll]"
    )
    directions: dict[str, str] = Field(
        default_factory=dict, description="metric name to 'min' or 'max': which way is better"
    )
    prefix: str = Field(default="diag.", min_length=1, description="prefix of every tag that is written")
    artifacts: str = Field(
        default="findings",
        pattern="^(findings|all|none)$",
        description="reports for runs that are not green, for all, or for none",
    )
    experiments: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="the same keys for experiments whose name matches a pattern"
    )

    def model_post_init(self, _: Any) -> None:
        """Check the names of rules and thresholds, which pydantic cannot know."""
        for key in ("select", "ignore"):
            for word in getattr(self, key):
                _check_rule_word(word, key)
        for word, chosen in self.rules.items():
            found = find_rule(word)
            if found is None:
                _check_rule_word(word, "rules", prefixes=False)
                continue
            for threshold, value in chosen.thresholds.items():
                if threshold not in found.thresholds:
                    raise SettingsError(
                        f"rules.{word}.thresholds.{threshold}: {found.name} has no such threshold"
                        + (_nearest(threshold, found.thresholds) or f"; it has {', '.join(found.thresholds) or 'none'}")
                    )
                if not _is_number(value) or (threshold == "prior" and float(value) < 0):
                    raise SettingsError(f"rules.{word}.thresholds.{threshold}: {value!r} does not fit; it is a number")
        from tracker_diag.core.roles import all_roles  # which itself needs the settings

        for role in (*self.roles, *self.vocabulary):
            if role not in all_roles():
                raise SettingsError(f"no role {role!r}" + _nearest(role, all_roles()))
        for metric, direction in self.directions.items():
            if direction not in ("min", "max"):
                raise SettingsError(f"directions.{metric}: {direction!r} is neither 'min' nor 'max'")

    def for_experiment(self, experiment: str) -> Settings:
        """These settings with those of the patterns that match the experiment's name laid over them."""
        merged = self.model_dump(exclude_unset=True)
        patterns = merged.pop("experiments", {})
        changed = False
        for pattern, part in patterns.items():
            if fnmatchcase(experiment, pattern):
                merged, changed = _overlay(merged, part), True
        return parse_settings(merged, where=f"experiments ({experiment})") if changed else self

    def digest(self) -> str:
        """Short hash of all that was set; part of a run's fingerprint."""
        text = json.dumps(self.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def parse_settings(data: Mapping[str, Any], where: str = "settings") -> Settings:
    """Settings from plain data.

    Raises
    ------
    SettingsError
        Names the key, and the nearest one that exists.
    """
    try:
        return Settings.model_validate(dict(data))
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(x) for x in first["loc"])
        if first["type"] == "extra_forbidden":
            key = str(first["loc"][-1])
            known = RuleSettings.model_fields if first["loc"][0] == "rules" else Settings.model_fields
            raise SettingsError(
                f"{where}: {path}: no such key" + (_nearest(key, known) or f"; known are {', '.join(known)}")
            ) from None
        said = str(first["ctx"]["error"]) if "error" in first.get("ctx", {}) else first["msg"]
        raise SettingsError(": ".join(x for x in (where, path, said) if x)) from None
    except SettingsError as error:
        raise SettingsError(f"{where}: {error}") from None


def load_settings(path: Path | None = None) -> Settings:
    """Settings from a file; without one, from ``tracker-diag.yaml`` or ``[tool.tracker-diag]`` of pyproject.toml here.

    Raises
    ------
    SettingsError
        If the file cannot be read, or holds what cannot be used.
    """
    if path is None:
        if Path(FILE_NAME).is_file():
            path = Path(FILE_NAME)
        elif Path("pyproject.toml").is_file():
            path = Path("pyproject.toml")
        else:
            return Settings()
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".toml":
            data: Any = tomllib.loads(text).get("tool", {}).get("tracker-diag", {})
        else:
            data = yaml.safe_load(text) or {}
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror or error}") from None
    except (yaml.YAMLError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {' '.join(str(error).split())}") from None
    if not isinstance(data, Mapping):
        raise SettingsError(f"{path}: a mapping of settings is needed, not {type(data).__name__}")
    return parse_settings(data, where=str(path))


def matches(word: str, code: str, name: str) -> bool:
    """Whether a word of ``select`` or ``ignore`` means this rule."""
    return bool(word) and (word.lower() == name or code.startswith(word.upper()))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_known(word: str) -> bool:
    """Whether a word of ``select`` or ``ignore`` means any rule, or a cause that one names."""
    return any(matches(word, r.code, r.name) or word.lower() in r.also for r in all_rules().values())


def _check_rule_word(word: str, where: str, *, prefixes: bool = True) -> None:
    rules = all_rules().values()
    if is_known(word) if prefixes else any(word in (r.code, r.name) for r in rules):
        return
    raise SettingsError(
        f"{where}: no rule {word!r}" + _nearest(word, [r.name for r in rules] + [r.code for r in rules])
    )


def _nearest(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def _overlay(base: dict[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in part.items():
        old = out.get(key)
        out[key] = _overlay(old, value) if isinstance(old, dict) and isinstance(value, Mapping) else value
    return out
