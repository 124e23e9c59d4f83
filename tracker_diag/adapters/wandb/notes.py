"""A run's notes, which are the user's, with or without the section that a diagnosis may put into them."""

from __future__ import annotations

from tracker_diag.adapters.base import Diagnosis
from tracker_diag.core.section import State, state, with_section

EDITED = "the section in its notes, because somebody has edited it"
"""Why a section is left where it is."""


def noted(notes: str, diagnosis: Diagnosis) -> str:
    """Give the notes as a diagnosis leaves them: as they are where it carries nothing for them."""
    return notes if diagnosis.note is None else with_section(notes, diagnosis.note)


def is_edited(notes: str) -> bool:
    """Whether notes hold a section of ours that is not ours any more."""
    return state(notes) is State.EDITED
