from __future__ import annotations

import pytest

from tracker_diag.adapters.address import check_address, shown_address
from tracker_diag.adapters.base import TrackerError
from tracker_diag.core.outgoing import TYPED

PASSWORD = "pa55/w0#rd?x"


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that was typed is remembered after the test."""
    monkeypatch.setenv(TYPED, "[]")


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:5000", "https://mlflow.corp/team/a", "http://[::1]:5000", "https://bob:pa55@host", "HTTP://h"],
)
def test_what_is_an_address_passes(address: str) -> None:
    check_address(address, "the tracking URI")


@pytest.mark.parametrize(
    "address",
    [
        "//bob:pa55w0rd@h",
        "http:/bob:pa55w0rd@h",
        "http:///bob:pa55w0rd@h",
        "http://bob:pa55/w0rd@h",
        "http://bob:12/pa55w0rd@h",
        "http://bob:pa55#w0rd@h",
        "http://bob:pa55?w0rd@h",
        "http://bob:pa55w0rd@h:port",
        "http://bob:pa55w0rd@h:99999",
        "http://bob:pa55w0rd@[x",
        "http://bob:pa55w0rd@",
        "ftp://bob:pa55w0rd@h",
        "http://",
        "nonsense",
        "",
    ],
)
def test_what_is_none_is_refused_without_its_password(address: str) -> None:
    with pytest.raises(TrackerError, match="the tracking URI is not an address: give one like http") as caught:
        check_address(address, "the tracking URI")
    for text in (str(caught.value), shown_address(address)):
        assert "pa55" not in text
        assert "w0rd" not in text
        assert "\n" not in text


def test_a_password_that_ends_an_address_too_soon_is_explained() -> None:
    with pytest.raises(TrackerError, match="in a password, write / as %2F, # as %23 and \\? as %3F"):
        check_address(f"http://bob:{PASSWORD}@h", "the tracking URI")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://user:pa55@127.0.0.1:1/mlflow?token=t", "http://127.0.0.1:1/mlflow"),
        ("https://pa55w0rd@host:5000/a", "https://host:5000/a"),
        ("http://host:5000", "http://host:5000"),
        ("http://host/\x1b[2J\nx", "http://host/\\x1b[2J x"),
    ],
)
def test_an_address_is_shown_without_what_is_secret(address: str, shown: str) -> None:
    assert shown_address(address) == shown


@pytest.mark.parametrize("page", ["#/experiments/1", "/#/experiments/1?searchFilter=x", "#/"])
def test_the_address_of_a_page_is_told_what_to_write(page: str) -> None:
    with pytest.raises(TrackerError) as caught:
        check_address(f"http://bob:pa55@host:5000/ml{page}", "the tracking URI")
    assert str(caught.value) == "the tracking URI is the address of a page: use http://host:5000/ml"
