"""How tags with a prefix (``diag.verdict``) are written where tags are plain words: as words, and in the summary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from tracker_diag.adapters.wandb.history import as_number, leaves
from tracker_diag.adapters.wandb.policy import POLICY
from tracker_diag.core import own
from tracker_diag.core.finding import Severity

_WORD_TAGS = ("verdict", "severity")
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Names:
    """Spellings of a prefix.

    Attributes
    ----------
    prefix : str
        Of the tags, ``diag.``. Words are then ``diag:<verdict>`` and ``diag:<severity>``, keys of the summary
        ``diag/<name>``.
    verdicts : frozenset of str
        What a diagnosis may have written as a verdict.
    """

    prefix: str
    verdicts: frozenset[str] = frozenset()

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
        """Give the keys and values in the summary for the tags of a diagnosis; never one that is the user's."""
        kept = {name: value for name, value in tags.items() if name not in own.USERS}
        return {self.key(name): own.shortened(value, POLICY.longest) for name, value in kept.items()}

    def is_own_word(self, word: str, summary: Mapping[str, Any] = _NOTHING) -> bool:
        """Whether a word is one that a diagnosis wrote: a verdict or a severity.

        Parameters
        ----------
        word : str
            A plain tag of the run.
        summary : mapping
            The run's: a word that its keys say again is ours too, though this version knows no such verdict.
        """
        start = f"{self._stem}:"
        said = (summary.get(self.key(name)) for name in _WORD_TAGS)
        what = word[len(start) :]
        return word.startswith(start) and (what in self.verdicts or what in list(Severity) or what in said)

    def is_own_key(self, key: str) -> bool:
        """Whether a key of the summary is one that a diagnosis wrote."""
        return bool(own.owned([key], f"{self._stem}/"))

    def replace_words(
        self, words: Iterable[str], tags: Mapping[str, str], summary: Mapping[str, Any] = _NOTHING
    ) -> list[str]:
        """Take the words of a run, with those of an earlier diagnosis replaced; the summary is the run's."""
        others = (word for word in words if not self.is_own_word(word, summary))
        return list(dict.fromkeys([*others, *self.words(tags)]))

    def read(
        self, words: Iterable[str], config: Mapping[str, Any], summary: Mapping[str, Any], **facts: str | None
    ) -> dict[str, str]:
        """Read the tags of a run.

        Parameters
        ----------
        words : iterable of str
            The run's plain tags: each becomes a tag without a value, save those of a diagnosis.
        config, summary : mapping
            Of the summary, keys ``diag/<name>`` that a diagnosis writes become ``diag.<name>``, where they hold a text
            of a length that is written. The user's ``diag/ignore`` and ``diag/control`` may stand in either, and the
            summary's, which can be set later, wins.
        **facts : str or None
            Further tags, ``group="ablation"`` becoming ``wandb.group``; None is left out.
        """
        tags = {word: "" for word in words if not self.is_own_word(word, summary)}
        tags |= {f"wandb.{name}": value for name, value in facts.items() if value}
        for values in (config, summary):
            for name in own.USERS:
                if self.key(name) in values:
                    tags[self.prefix + name] = own.shortened(as_text(values[self.key(name)]), POLICY.longest)
        for name in own.TAGS:
            value = summary.get(self.key(name))
            if isinstance(value, str) and len(value) <= POLICY.longest:
                tags[self.prefix + name] = value
        return tags

    def without_own(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Config or summary without anything under the prefix, the user's keys included."""
        return {key: value for key, value in values.items() if not key.startswith(f"{self._stem}/")}


def as_text(value: Any) -> str:
    """Write a value as a tag's; a list, as a user may give for ``diag/ignore``, is joined by commas."""
    if isinstance(value, list | tuple):
        return ",".join(str(part) for part in value)
    return value if isinstance(value, str) else str(value)


def latest_values(
    summary: Mapping[str, Any], names: Names, steps: Mapping[str, float] = MappingProxyType({})
) -> dict[str, tuple[float, float]]:
    """Take the step and value logged last for each metric from a summary.

    A summary knows one last step, of the whole run; ``steps`` holds those of single metrics, or of all that is nested
    in one key. A value that ``define_metric`` replaced by its minimum or maximum stands under ``<metric>.min``.
    """
    step = as_number(summary.get("_step"))
    latest: dict[str, tuple[float, float]] = {}
    for key, value in names.without_own(summary).items():
        last = steps.get(key, 0.0 if step is None else step)
        for path, leaf in () if key.startswith("_") else leaves((key,), value):
            if (number := as_number(leaf)) is not None:
                name = ".".join(path)
                latest[name] = (steps.get(name, last), number)
    return latest
