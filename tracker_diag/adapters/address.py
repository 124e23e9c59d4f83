"""Addresses of servers as a user typed them: checked before anything is sent, and shown without what is secret."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from tracker_diag.adapters.base import TrackerError
from tracker_diag.core.outgoing import HIDDEN, clean, keep_secret

_LONGEST = 200


def shown_address(address: str) -> str:
    """Show an address without user, password and query, however malformed it is."""
    return re.split("[?#]", clean(address, _LONGEST).replace(f"{HIDDEN}@", ""), maxsplit=1)[0]


def check_address(address: str, what: str) -> None:
    """Refuse an address of which another program might take the wrong part for the host.

    Parameters
    ----------
    address : str
        As it was typed.
    what : str
        What the address is called where the user gives it: ``the tracking URI``.

    Raises
    ------
    TrackerError
        If it has no host, has an invalid port, a query, or a password with ``/``, ``?`` or ``#``, or is the address of
        a page (``…/#/experiments/1``).
    """
    keep_secret(address)
    form = f"{what} is not an address: give one like http://host:port"
    user = address.partition("://")[2].rpartition("@")[0]
    if ":" in user and set(user) & set("/?#"):
        raise TrackerError(f"{form}; in a password, write / as %2F, # as %23 and ? as %3F")
    try:
        parts = urlsplit(address)
        known = parts.scheme.lower() in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise TrackerError(form)
    if parts.query and "@" not in parts.query:
        raise TrackerError(f"{what} has a query: use {shown_address(address).rstrip('/')}")
    if parts.fragment and "@" not in parts.fragment:
        raise TrackerError(f"{what} is the address of a page: use {shown_address(address).rstrip('/')}")
