"""The changes that a cause calls for, as YAML that goes into a configuration as it is."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import yaml

from tracker_diag.core.finding import Change, Prescription
from tracker_diag.core.outgoing import clean, redacted, redacted_data, well_formed
from tracker_diag.core.plain import plain
from tracker_diag.report.wording import shown


def entries(prescription: Prescription) -> list[str]:
    """Write each change as an entry of a flat mapping, in the run's own names; a comment above says what was before.

    Parameters
    ----------
    prescription : Prescription
        Of two changes of one parameter the first is written.

    Returns
    -------
    list of str
        Each of a comment and an entry; together valid YAML, whatever the run's texts are.
    """
    named: dict[str, Change] = {}
    for change in prescription.changes:
        named.setdefault(well_formed(redacted(change.param)), change)
    return [_entry(param, change) for param, change in named.items()]


def comment(text: str) -> list[str]:
    """Comment lines; cleaned of line breaks first, after which a text cannot leave its comment."""
    return [f"# {line}" for line in textwrap.wrap(clean(text), 98, break_on_hyphens=False)]


def _entry(param: str, change: Change) -> str:
    before = "not logged before" if change.before is None else f"was {shown(change.before)}"
    entry = yaml.safe_dump({param: _portable(change.after)}, default_flow_style=False, width=10_000)
    return "\n".join([*comment(before), entry.rstrip("\n")])


def _portable(value: Any) -> Any:
    """Plain data without secrets, whose texts any YAML parser can hold."""
    return json.loads(well_formed(json.dumps(redacted_data(plain(value)), ensure_ascii=False)))
