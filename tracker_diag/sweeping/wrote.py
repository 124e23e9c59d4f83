"""What was written onto one run, and where it can be seen, in one line."""

from __future__ import annotations

from tracker_diag.adapters.base import Listing
from tracker_diag.core.outgoing import clean, web_link
from tracker_diag.core.own import FOLDER
from tracker_diag.report.wording import counted
from tracker_diag.sweeping.judge import Judgement

_LONGEST = 60


def wrote(listing: Listing, judgement: Judgement, prefix: str, link: str | None, *, stored: bool, noted: bool) -> str:
    """Say what a diagnosis has written, and where.

    Parameters
    ----------
    listing : Listing
        The run.
    judgement : Judgement
        What was to be written.
    prefix : str
        Of the tags.
    link : str or None
        The run's address in the tracker's UI.
    stored : bool
        Whether the files could be stored.
    noted : bool
        Whether the description could take the section that was to be written, if there is one.
    """
    # The fingerprint is written last, beside those of the judgement.
    parts = [counted(len(judgement.tags) + 1, f"{prefix}* tag")]
    if stored and judgement.artifacts:
        parts.append(f"{counted(len(judgement.artifacts), 'file')} in {FOLDER}/")
    if noted and judgement.note:
        parts.append("a description section")
    where = f" ({clean(listing.experiment, _LONGEST)})" if listing.experiment else ""
    address = f"; {shown}" if (shown := web_link(link)) else ""
    return f"wrote to run '{clean(listing.name or listing.id, _LONGEST)}'{where}: {', '.join(parts)}{address}"
