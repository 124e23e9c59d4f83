"""What a user may set: rules, severities, thresholds and names, by file, by experiment or by tag."""

from __future__ import annotations

import difflib
import hashlib
import json
import posixpath
import re
from collections.abc import Iterable, Mapping
from datetime import date, time
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tracker_diag.core.finding import Severity
from tracker_diag.core.outgoing import clean
from tracker_diag.core.plain import plain
from tracker_diag.roles.role_names import all_roles
from tracker_diag.rules.registry import all_rules, find_rule
from tracker_diag.rules.rule import Rule
from tracker_diag.rules.spelling import normal
from tracker_diag.settings.file import MOST_VALUES
from tracker_diag.settings.file import SettingsError as SettingsError
from tracker_diag.settings.search import read_or_say, settings_file

LONGEST_PREFIX = 50
"""Letters: trackers take keys of 250, and the longest of ours has to follow."""
_PREFIX = re.compile(r"[A-Za-z0-9_\-. :/]+")
_NEEDED = {
    **dict.fromkeys(("tuple_type", "list_type"), "give a list"),
    **dict.fromkeys(("dict_type", "model_type"), "give a mapping"),
    **dict.fromkeys(("float_type", "int_type", "bool_type"), "give a number"),
    "string_type": "give a text, in quotes",
    "string_too_short": "must not be empty",
    "invalid_key": "keys must be texts: put them in quotes",
}
"""pydantic's types of errors in plain words."""
LONGEST_IGNORE = 5_000
"""Letters of a run's ``ignore`` tag that are read: what MLflow takes of a tag, and far more than all rules have."""
ROLES_SHOWN = 5
"""Roles that are named where none is spelt nearly as the one that was asked for."""
UNKNOWN_SHOWN = 3
"""Words of it that are not a rule and are told one by one."""


class RuleSettings(BaseModel):
    """Settings of one rule."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    severity: Severity | None = Field(default=None, description="highest severity that the rule may report")
    thresholds: dict[str, float | int | bool | str] = Field(
        default_factory=dict, description="thresholds by name; the rule's page lists them"
    )


class Settings(BaseModel):
    """All settings. Those that are not given keep their defaults.

    Examples
    --------
    >>> from tracker_diag import Settings
    >>> settings = Settings(ignore=("HY003",), experiments={"vision-*": {"artifacts": "all"}})
    >>> settings.for_experiment("vision-7").artifacts, settings.for_experiment("text").artifacts
    ('all', 'findings')
    >>> settings.digest() == Settings(ignore=("HY003",)).digest()
    False
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    select: tuple[str, ...] = Field(
        default=(), description="run only these rules: codes, names, or prefixes such as LC; empty runs all rules"
    )
    ignore: tuple[str, ...] = Field(default=(), description="do not run these rules: codes, names, or prefixes")
    rules: dict[str, RuleSettings] = Field(
        default_factory=dict, description="highest severity and thresholds of a rule, by its name or code"
    )
    roles: dict[str, str] = Field(
        default_factory=dict, description="metric or parameter to use for a role, e.g. val_loss: my/metric"
    )
    vocabulary: dict[str, list[str]] = Field(
        default_factory=dict, description="more names to recognise as a role, e.g. val_loss: [holdout_nll]"
    )
    directions: dict[str, str] = Field(
        default_factory=dict, description="by metric name, 'min' if lower is better or 'max' if higher is better"
    )
    prefix: str = Field(default="diag.", min_length=1, description="prefix of every tag that tracker-diag writes")
    artifacts: str = Field(
        default="findings",
        pattern="^(findings|all|none)$",
        description="which runs get report files: those with a warning or error (findings), all, or none",
    )
    note: bool = Field(default=False, description="also write the diagnosis into the run's description")
    experiments: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="the same settings for experiments whose name matches a pattern"
    )

    def model_post_init(self, _: Any) -> None:
        """Check the names of rules and thresholds, which pydantic cannot know."""
        for key in ("select", "ignore"):
            for word in getattr(self, key):
                _check_rule_word(word, key)
        for word, chosen in self.rules.items():
            found = find_rule(word)
            if found is None:
                raise SettingsError(f"rules: {_no_rule(word)}")
            _check_thresholds(f"rules.{word}.thresholds", chosen.thresholds, found)
        self._check_names()
        _check_prefix(self.prefix)
        for pattern, part in self.experiments.items():
            # Checked here, not when the first run of such an experiment is met in the middle of a sweep.
            if "experiments" in part:
                raise SettingsError(f"experiments.{pattern}: remove the inner 'experiments', which cannot be nested")
            parse_settings(part, where=f"experiments.{pattern}")

    def _check_names(self) -> None:
        for key in ("roles", "vocabulary"):
            for role in getattr(self, key):
                if role not in all_roles():
                    some = f"; roles are {', '.join(islice(all_roles(), ROLES_SHOWN))}, …"
                    raise SettingsError(f"{key}: no role {role!r}" + (_nearest(role, all_roles()) or some))
        for metric, direction in self.directions.items():
            if direction not in ("min", "max"):
                raise SettingsError(f"directions.{metric}: {direction!r} is not 'min' or 'max'")

    def for_experiment(self, experiment: str) -> Settings:
        """Lay the settings of the patterns that match an experiment's name over these.

        Parameters
        ----------
        experiment : str
            Its name.

        Returns
        -------
        Settings
            These where no pattern matches.
        """
        merged = self.model_dump(exclude_unset=True)
        patterns = merged.pop("experiments", {})
        changed = False
        for pattern, part in patterns.items():
            if fnmatchcase(experiment, pattern):
                merged, changed = _overlay(merged, part), True
        return parse_settings(merged, where=f"experiments ({experiment})") if changed else self

    def digest(self) -> str:
        """Hash all that was set and a diagnosis rests on; part of a run's fingerprint.

        Returns
        -------
        str
            12 hexadecimal digits.
        """
        # Whether there is a section in the description is read from the description itself.
        text = json.dumps(self.model_dump(mode="json", exclude_defaults=True, exclude={"note"}), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def parse_settings(data: Mapping[str, Any], where: str = "settings") -> Settings:
    """Read settings from plain data.

    Raises
    ------
    SettingsError
        Names the key, and the nearest one that exists.
    """
    if _holds_more_than(2 * MOST_VALUES, data):
        raise SettingsError(f"{where}: more than {2 * MOST_VALUES:,} values: keep only what differs from the defaults")
    try:
        return Settings.model_validate(dict(data))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        # What may be one of several types, each of them names as a further part of the path.
        loc = first["loc"][:4] if "thresholds" in first["loc"][2:3] else first["loc"]
        path = ".".join(str(x)[:80] for x in loc)
        if first["type"] == "extra_forbidden":
            key = str(first["loc"][-1])
            known = RuleSettings.model_fields if first["loc"][0] == "rules" else Settings.model_fields
            raise SettingsError(
                f"{where}: {path}: no such setting" + (_nearest(key, known) or f"; choose from {', '.join(known)}")
            ) from None
        raise SettingsError(": ".join(x for x in (where, path, _needed(first)) if x)) from None
    except SettingsError as error:
        raise SettingsError(f"{where}: {error}") from None
    except Exception as error:  # noqa: BLE001  data may be nested so deeply that pydantic cannot say what is wrong
        raise SettingsError(f"{where}: a value cannot be read ({type(error).__name__})") from None


def _holds_more_than(most: int, data: Any) -> bool:
    """Whether plain data hold more values, each counted as often as it stands there; takes no more than so many."""
    todo = [data]
    for _ in range(most):
        if not todo:
            return False
        value = todo.pop()
        inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple | set) else ()
        todo.extend(islice(inner, most))
    return bool(todo)


def _needed(error: Mapping[str, Any]) -> str:
    """Say in plain words what pydantic misses."""
    if error["loc"] == ("artifacts",):
        return "choose findings, all or none"
    if error["loc"] == ("note",):
        return "choose true or false"
    if isinstance(error["input"], date | time):
        return f"{error['input']} is read as a date: put it in quotes"
    context = error.get("ctx", {})
    if "error" in context:
        return str(context["error"])
    if error["type"] == "enum":
        return f"choose from {', '.join(Severity)}"
    return _NEEDED.get(error["type"], str(error["msg"]))


def load_settings(path: Path | None = None) -> Settings:
    """Read settings from a file.

    Parameters
    ----------
    path : Path, optional
        Without one, ``tracker-diag.yaml`` or ``[tool.tracker-diag]`` of pyproject.toml, here or in a folder above
        (:func:`tracker_diag.settings.search.settings_file`).

    Returns
    -------
    Settings
        The defaults where there is no such file.

    Raises
    ------
    SettingsError
        If the file cannot be read, or holds what cannot be used.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tracker_diag import load_settings
    >>> load_settings().ignore
    ()
    >>> text = Path("tracker-diag.yaml").write_text("ignore: [HY003]", encoding="utf-8")
    >>> load_settings().ignore
    ('HY003',)
    """
    path = settings_file() if path is None else path
    data = None if path is None else read_or_say(path)
    if data is None:
        return Settings()
    if not isinstance(data, Mapping):
        raise SettingsError(f"{path}: holds {type(data).__name__}: give a mapping of settings")
    return parse_settings(data, where=str(path))


def matches(word: str, code: str, name: str) -> bool:
    """Whether a word of ``select`` or ``ignore`` means this rule: its name in any spelling, or how its code begins."""
    form = normal(word)
    return bool(form) and (form == normal(name) or normal(code).startswith(form))


def ignored_words(text: str, where: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Read the ``ignore`` tag of a run: rules to leave out, separated by commas.

    Parameters
    ----------
    text : str
        Whatever the tag holds; what is beyond 5,000 letters is not read.
    where : str
        The tag's name, for the notes.

    Returns
    -------
    words : tuple of str
        Those that mean a rule or a cause.
    notes : tuple of str
        The nearest rule for each of the first words that mean none, and how many more there are; of a text that is
        too long nothing but that.
    """
    read = text if len(text) <= LONGEST_IGNORE else text[:LONGEST_IGNORE].rpartition(",")[0]
    meant = {w: is_known(w) for part in read.split(",") if (w := part.strip())}
    known, unknown = ([w for w, rule in meant.items() if rule is wanted] for wanted in (True, False))
    notes = [clean(f"{where}: {_no_rule(w)}", 300) for w in unknown[:UNKNOWN_SHOWN]]
    if len(unknown) > UNKNOWN_SHOWN:
        notes.append(f"{where}: {len(unknown) - UNKNOWN_SHOWN:,} more words name no rule")
    if len(read) < len(text):
        notes = [f"{where}: only the first {LONGEST_IGNORE:,} of {len(text):,} characters were read"]
    return tuple(known), tuple(notes)


def _misfit(value: object, default: float) -> str:
    """Say why a value cannot be a threshold; empty if it can."""
    shown = str(plain(value))[:40]
    if not isinstance(value, int | float) or isinstance(value, bool):
        return f"{shown!r} is not a number"
    if value == 0:
        return ""
    positive = default >= 0
    if not (value > 0 if positive else value < 0):
        return f"{shown} is not allowed: give 0 or a {'positive' if positive else 'negative'} number"
    # Beyond this range products and quotients of thresholds leave that of numbers.
    if not 1e-15 <= abs(value) <= 1e15:
        sign = "" if positive else "-"
        return f"{shown} is not allowed: give 0 or a number from {sign}1e-15 to {sign}1e15"
    return ""


def is_known(word: str) -> bool:
    """Whether a word of ``select`` or ``ignore`` means any rule, or a cause that one names."""
    return any(matches(word, r.code, r.name) or r.is_called(word) for r in all_rules().values())


def _check_thresholds(where: str, chosen: Mapping[str, Any], rule: Rule) -> None:
    for threshold, value in chosen.items():
        if threshold not in rule.thresholds:
            raise SettingsError(
                f"{where}.{threshold}: {rule.name} has no such threshold"
                + (
                    _nearest(threshold, rule.thresholds) or f"; choose from {', '.join(rule.thresholds)}"
                    if rule.thresholds
                    else "; it has none"
                )
            )
        if misfit := _misfit(value, rule.thresholds[threshold]):
            raise SettingsError(f"{where}.{threshold}: {misfit}")


def _check_rule_word(word: str, where: str) -> None:
    if not is_known(word):
        raise SettingsError(f"{where}: {_no_rule(word)}")


def _no_rule(word: str) -> str:
    rules = all_rules().values()
    return f"no rule {word[:40]!r}" + _nearest(word, [r.name for r in rules] + [r.code for r in rules])


def _check_prefix(prefix: str) -> None:
    if len(prefix) > LONGEST_PREFIX:
        raise SettingsError(f"prefix: {prefix[:20]!r}… has {len(prefix):,} characters: use at most {LONGEST_PREFIX}")
    if not _PREFIX.fullmatch(prefix):
        raise SettingsError(f"prefix: {prefix!r}: use only letters, digits, spaces and _ - . : /")
    # MLflow stores a tag as a file of its name, and refuses names that are not plain paths.
    key = f"{prefix}verdict"
    if ".." in prefix or key.startswith("/") or posixpath.normpath(key) != key:
        raise SettingsError(f"prefix: {prefix!r} must not begin with '/' or './', or contain '..' or '//'")


def _nearest(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def _overlay(base: dict[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in part.items():
        old = out.get(key)
        out[key] = _overlay(old, value) if isinstance(old, dict) and isinstance(value, Mapping) else value
    return out
