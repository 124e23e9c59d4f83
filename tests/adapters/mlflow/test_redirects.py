from __future__ import annotations

import pytest

from tracker_diag.adapters.base import TrackerError
from tracker_diag.adapters.mlflow.redirects import MOST, Trail

HOME = "https://bob:pa55word@host:5000/mlflow/api?x=1"


@pytest.mark.parametrize(
    ("method", "status", "location", "base", "rest"),
    [
        ("GET", 302, "/other?y=2", "https://bob:pa55word@host:5000", "/other?y=2"),
        ("GET", 301, "https://host/a", "https://bob:pa55word@host", "/a"),
        ("GET", 303, "https://HOST:5001", "https://bob:pa55word@HOST:5001", ""),
        ("POST", 307, "api/", "https://bob:pa55word@host:5000", "/mlflow/api/"),
        ("PUT", 308, "https://eve:else@host/a", "https://bob:pa55word@host", "/a"),
    ],
)
def test_what_stays_with_the_host_is_followed(method: str, status: int, location: str, base: str, rest: str) -> None:
    assert Trail("it", method, HOME).follow(status, location) == (base, rest)


def test_a_redirect_to_https_is_followed() -> None:
    assert Trail("it", "GET", "http://host/a").follow(301, "https://host/a") == ("https://host", "/a")


@pytest.mark.parametrize(
    ("method", "status", "location", "leads"),
    [
        ("GET", 302, "https://login.corp/sso?from=host", "https://login.corp"),
        ("GET", 302, "//login.corp/", "https://login.corp"),
        ("GET", 302, "http://host:5000/mlflow", "http://host:5000"),
        ("GET", 302, "https://eve:pa55word@host.evil/", "https://host.evil"),
        ("GET", 302, "https://host@evil/", "https://evil"),
        ("POST", 302, "/login", "https://host:5000"),
        ("PUT", 303, "/", "https://host:5000"),
    ],
)
def test_anything_else_is_told_and_not_followed(method: str, status: int, location: str, leads: str) -> None:
    with pytest.raises(TrackerError) as caught:
        Trail("it", method, HOME).follow(status, location)
    assert str(caught.value) == f"it redirects to {leads}: give that address as the tracking URI, or log in"


@pytest.mark.parametrize("location", [None, "", "file:///etc/passwd", "http://[x", "http://host:port/", "javascript:x"])
def test_what_leads_nowhere_is_told(location: str | None) -> None:
    with pytest.raises(TrackerError, match="it redirects to an invalid address: check the tracking URI"):
        Trail("it", "GET", HOME).follow(302, location)


def test_a_circle_ends_at_once() -> None:
    trail = Trail("it", "GET", "https://host/a")
    trail.follow(302, "/b")
    with pytest.raises(TrackerError, match="in a loop"):
        trail.follow(302, "/a")


def test_a_long_way_has_an_end() -> None:
    trail = Trail("it", "GET", "https://host/a")
    for i in range(MOST):
        trail.follow(302, f"/{i}")
    with pytest.raises(TrackerError, match="in a loop"):
        trail.follow(302, "/one-more")
