"""How tags with a prefix (``diag.verdict``) are written where tags are plain words: as words, and in the summary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from tracker_diag.adapters.wandb.history import as_number

FINGERPRINT = "fingerprint"
# Files that training code may leave for us: a dataset's profile, under diagnosis/, and a model's summary.
PROFILE, MODEL_SUMMARY = "profile.json", "model_summary.txt"
# The only files that are ever deleted; whatever else lies beside them (profile.json) is the user's.
REPORTS = ("report.json", "report.html", "suggested_config.yaml")
# As MLflow has it, so that a diagnosis reads the same everywhere.
LONGEST = 8000
USERS = ("ignore", "control")
_WORD_TAGS = ("verdict", "severity")


@dataclass(frozen=True, slots=True)
class Names:
    """Spellings of a prefix.

    Attributes
    ----------
    prefix : str
        Of the tags, ``diag.``. Words are then ``diag:<verdict>`` and ``diag:<severity>``, keys of the summary
        ``diag/<name>``.
    """

    prefix: str

    @property
    def _stem(self) -> str:
        return self.prefix.rstrip("./:-_") or self.prefix

    def words(self, tags: Mapping[str, str]) -> list[str]:
        """Plain words for the tags of a diagnosis (without the prefix)."""
        return [f"{self._stem}:{tags[name]}" for name in _WORD_TAGS if tags.get(name)]

    def key(self, name: str) -> str:
        """Key in the summary."""
        return f"{self._stem}/{name}"

    def keys(self, tags: Mapping[str, str]) -> dict[str, str]:
        """Keys and values in the summary for the tags of a diagnosis; never one that is the user's."""
        return {self.key(name): shorten(value) for name, value in tags.items() if name not in USERS}

    def is_own_word(self, word: str) -> bool:
        """Whether a word is one that a diagnosis wrote."""
        return word.startswith(f"{self._stem}:")

    def is_own_key(self, key: str) -> bool:
        """Whether a key of the summary is one that a diagnosis wrote."""
        return key.startswith(f"{self._stem}/") and key not in {self.key(name) for name in USERS}

    def replace_words(self, words: Iterable[str], tags: Mapping[str, str]) -> list[str]:
        """Take the words of a run, with those of an earlier diagnosis replaced."""
        return list(dict.fromkeys([*(word for word in words if not self.is_own_word(word)), *self.words(tags)]))

    def read(
        self, words: Iterable[str], config: Mapping[str, Any], summary: Mapping[str, Any], **facts: str | None
    ) -> dict[str, str]:
        """Tags of a run.

        Parameters
        ----------
        words : iterable of str
            The run's plain tags: each becomes a tag without a value, save those of a diagnosis.
        config, summary : mapping
            Keys ``diag/<name>`` become ``diag.<name>``; the user's ``diag/ignore`` and ``diag/control`` may stand in
            either, and the summary's, which can be set later, wins.
        **facts : str or None
            Further tags, ``group="ablation"`` becoming ``wandb.group``; None is left out.
        """
        tags = {word: "" for word in words if not self.is_own_word(word)}
        tags |= {f"wandb.{name}": value for name, value in facts.items() if value}
        start = f"{self._stem}/"
        for key, value in config.items():
            if key.startswith(start) and key[len(start) :] in USERS:
                tags[self.prefix + key[len(start) :]] = as_text(value)
        for key, value in summary.items():
            if key.startswith(start):
                tags[self.prefix + key[len(start) :]] = as_text(value)
        return tags

    def without_own(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Config or summary without anything under the prefix, the user's keys included."""
        return {key: value for key, value in values.items() if not key.startswith(f"{self._stem}/")}


def shorten(value: str) -> str:
    """Cut a text that is too long for a tag."""
    return value if len(value) <= LONGEST else value[: LONGEST - 1] + "…"


def as_text(value: Any) -> str:
    """Write a value as a tag's; a list, as a user may give for ``diag/ignore``, is joined by commas."""
    if isinstance(value, list | tuple):
        return ",".join(str(part) for part in value)
    return value if isinstance(value, str) else str(value)


def latest_values(
    summary: Mapping[str, Any], names: Names, steps: Mapping[str, float] = MappingProxyType({})
) -> dict[str, tuple[float, float]]:
    """Take the step and value logged last for each metric from a summary.

    A summary knows one last step, of the whole run; ``steps`` holds those of single metrics. A value that
    ``define_metric`` replaced by its minimum or maximum stands under ``<metric>.min``.
    """
    step = as_number(summary.get("_step"))
    latest: dict[str, tuple[float, float]] = {}

    def visit(name: str, value: Any) -> None:
        if isinstance(value, Mapping):
            if "_type" not in value:
                for part, inner in value.items():
                    visit(f"{name}.{part}", inner)
        elif (number := as_number(value)) is not None:
            latest[name] = (steps.get(name, 0.0 if step is None else step), number)

    for name, value in names.without_own(summary).items():
        if not name.startswith("_"):
            visit(name, value)
    return latest
