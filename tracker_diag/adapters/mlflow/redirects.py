"""Redirects of a server: followed where they stay with the host that was named, told otherwise."""

from __future__ import annotations

from urllib.parse import SplitResult, urljoin, urlsplit

from tracker_diag.adapters.mlflow.refusals import ElsewhereError
from tracker_diag.core.outgoing import clean

MOST = 5
"""Redirects that are followed for one request."""
REDIRECTS = (301, 302, 303, 307, 308)
"""Statuses of answers that are one."""
_SAME_METHOD = (307, 308)


class Trail:
    """Where one request has been sent on.

    Parameters
    ----------
    name : str
        The server as it is shown.
    method : str
        Of the request; what a redirect would make another request of is not followed.
    address : str
        To which the request was sent, with user and password.
    """

    def __init__(self, name: str, method: str, address: str) -> None:
        self._name = name
        self._method = method
        self._at = address
        self._seen = {address}

    def follow(self, status: int, location: str | None) -> tuple[str, str]:
        """Where to send the request next.

        Returns
        -------
        base : str
            Scheme, user and password, host and port.
        rest : str
            Path and query.

        Raises
        ------
        ElsewhereError
            If it leads to another host, from https to http, in a circle, or to another kind of request.
        """
        here = urlsplit(self._at)
        there = _address(self._at, location or "")
        if there is None:
            raise ElsewhereError(f"{self._name} redirects to an invalid address: check the tracking URI")
        same_host = there.hostname == here.hostname
        if not same_host or (here.scheme, there.scheme) == ("https", "http") or not self._keeps_method(status):
            raise ElsewhereError(
                f"{self._name} redirects to {_shown(there)}: give that address as the tracking URI, or log in"
            )
        user, sign, _ = here.netloc.rpartition("@")
        base = f"{there.scheme}://{user}{sign}{there.netloc.rpartition('@')[2]}"
        rest = f"{there.path}?{there.query}" if there.query else there.path
        self._at = base + rest
        if self._at in self._seen or len(self._seen) > MOST:
            raise ElsewhereError(f"{self._name} redirects in a loop: check the tracking URI")
        self._seen.add(self._at)
        return base, rest

    def _keeps_method(self, status: int) -> bool:
        return self._method == "GET" or status in _SAME_METHOD


def _address(base: str, location: str) -> SplitResult | None:
    try:
        there = urlsplit(urljoin(base, location))
        _ = there.port
    except ValueError:
        return None
    return there if location and there.scheme in ("http", "https") and there.hostname else None


def _shown(parts: SplitResult) -> str:
    return clean(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", 200)
