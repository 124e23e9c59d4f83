"""What passes on its way out holds no secret, however it is spelled, and acts on nothing."""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tracker_diag.core import outgoing
from tracker_diag.core.outgoing import clean, clean_data, keep_secret, redacted, redacted_data, web_link

VARIABLES = (*outgoing.SECRETS, *outgoing.ADDRESSES, outgoing.NOTIFY, outgoing.TYPED)


@pytest.fixture(autouse=True)
def _no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


# Begins and ends as no word of ours does, so that it is not in an output by chance.
def passwords(middle: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return middle.map("q7Z{}k9".format)


printable = st.characters(min_codepoint=33, exclude_categories=("Cs", "Z", "Cc"))
anything = st.characters(min_codepoint=1, exclude_categories=("Cs",))


@given(
    password=passwords(st.text(printable, max_size=12)),
    address=st.sampled_from(
        [
            "https://bob:{}@h/a",
            "http://bob:{}@h:5000/#/x",
            "//bob:{}@h",
            "http:/bob:{}@h",
            "postgresql+psycopg2://b:{}@h/d",
        ]
    ),
    text=st.sampled_from(
        ["{}", "cannot reach {}: refused", "url='{}'", '["{}"]', "<{}>", "a\n{}\nb", r"http:\/\/x {}"]
    ),
)
def test_no_address_shows_its_password(password: str, address: str, text: str) -> None:
    assert "q7Z" not in clean(text.format(address.format(password)))
    assert "q7Z" not in redacted(text.format(quote(address.format(password), safe="")))


@settings(deadline=None)
@given(password=passwords(st.text(anything, max_size=12)), source=st.sampled_from(["variable", "address", "typed"]))
def test_no_spelling_of_a_known_password_is_shown(password: str, source: str) -> None:
    assume("\0" not in password)
    address = f"https://bob:{password}@h"
    spellings = [
        password,
        repr(password),
        ascii(password),
        repr(password.encode())[1:],
        json.dumps(password),
        json.dumps(password, ensure_ascii=False),
        html.escape(password),
        quote(password),
        quote(password, safe=""),
        re.sub("%..", lambda sign: sign[0].lower(), quote(password, safe="")),
        quote(password, safe="!$&'()*+,;=:"),
        quote_plus(password),
        " ".join(password.split()),
        re.sub("[\t\r\n]", "", password),
        json.dumps({"key": f"x {password} y"}),
        repr([f"x {password} y"]),
        repr(repr(f"{password} {password!r}")),
        json.dumps(json.dumps(repr(password))),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(outgoing.TYPED, raising=False)
        if source == "variable":
            patch.setenv("MLFLOW_TRACKING_PASSWORD", password)
        elif source == "address":
            patch.setenv("MLFLOW_TRACKING_URI", address)
        else:
            patch.setenv(outgoing.TYPED, "[]")
            keep_secret(address)
        for spelling in spellings:
            if spelling == repr(password.encode())[1:] and not password.isascii():
                continue
            for shown in (clean(f"a {spelling} b"), redacted(spelling)):
                assert "q7Z" not in shown, spelling
                assert "k9" not in shown, spelling
        data = redacted_data({password: [password, {"x": (password, 3)}], "n": 1.5, "none": None})
        assert data == {"…": ["…", {"x": ["…", 3]}], "n": 1.5, "none": None}


@pytest.mark.parametrize(
    ("address", "password"),
    [
        ("https://bob:hunter2@host", "hunter2"),
        ("//bob:hunter2@host", "hunter2"),
        ("http:/bob:hunter2@host", "hunter2"),
        ("http:bob:hunter2@host", "hunter2"),
        ("http//bob:hunter2@host", "hunter2"),
        ("bob:hunter2@host", "hunter2"),
        ("https://bob:hun/ter2@host", "hun/ter2"),
        ("https://bob:hun#ter2@host", "hun#ter2"),
        ("https://bob:hun?ter2@host", "hun?ter2"),
        ("https://bob:hun@ter2@host", "hun@ter2"),
        ("https://bob:hun ter2@host", "hun ter2"),
        ("https://bob:hun%20ter2@host", "hun ter2"),
        ("https://bob:hunter2@host/a@b", "hunter2"),
        ("https://hunter2@host", "hunter2"),
    ],
)
def test_the_password_of_a_typed_address_is_known_wherever_it_stands(address: str, password: str) -> None:
    assert password in redacted(password)
    keep_secret(address)
    assert redacted(f"x{password}y") == "x…y"
    assert password not in clean(f"cannot parse {address!r}")


@pytest.mark.parametrize(
    "text",
    [
        "s3://bucket/data@v2",
        "models:/net@champion",
        "file:///home/me@corp/mlruns",
        "/home/me@corp/mlruns",
        "recall@5: 0.3, hits:@10, val//recall@5",
        "me@corp.com",
        "C:/Users/me@corp",
        "http://127.0.0.1:5000 cannot be reached",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert clean(text) == text
    if " " not in text:
        keep_secret(text)
        assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://token@host/path@v2", "https://…@host/path@v2"),
        ("x=https://t:p@h", "x=https://…@h"),
        (r"https:\/\/bob:pw@h", r"https:\/\/…@h"),
        ("next=https%3A%2F%2Fbob%3Apw%40h", "next=https%3A%2F%2F…%40h"),
        ("https://a:b@h https://c:d@i", "https://…@h https://…@i"),
        ("https://bob:@h", "https://…@h"),
    ],
)
def test_the_user_part_of_an_address_is_hidden(text: str, shown: str) -> None:
    assert redacted(text) == shown


def test_what_basic_authentication_sends_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "bob")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hun ter2")
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://eve:hun%20ter3@h")
    for user in ("bob:hun ter2", f"api:{'k' * 40}", "eve:hun ter3"):
        assert clean(f"Authorization: Basic {b64encode(user.encode()).decode()}").startswith("Authorization: Basic …")


def test_the_addresses_of_messages_are_secrets_in_whole_and_in_their_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    token = "TIiajkdnlazkcOXrIdevi7FQ"
    monkeypatch.setenv(
        outgoing.NOTIFY, f"slack://T1JJ3T3L2/A1BRTD4JD/{token}/#general json://bob:hunter2@10.0.0.1:8080/n"
    )
    assert clean(f"POST /services/T1JJ3T3L2/{token} failed") == "POST /services/T1JJ3T3L2/… failed"
    assert clean("the service at 10.0.0.1:8080 said hunter2") == "the service at 10.0.0.1:8080 said …"
    monkeypatch.delenv(outgoing.NOTIFY)
    keep_secret("json://127.0.0.1/s3cret", whole=True)
    assert clean("json://127.0.0.1/s3cret was refused") == "… was refused"


def test_short_passwords_are_known_only_inside_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "ab")
    assert clean("http://x:ab@h has tabs") == "http://…@h has tabs"


def test_what_is_cut_is_not_cut_inside_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "q7Z" + "x" * 97)
    for length in range(1, 200):
        assert "q7Z" not in clean(" " * length + "q7Z" + "x" * 97, 100)
    for length in range(3990, 4320):
        assert "q7Z" not in clean(("q7Z" + "x" * 97) * 43 + "-" * (length - 4000) + "q7Z" + "x" * 97, 100)


def test_no_text_takes_more_than_its_length_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "a b")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "a & b")
    for part in (
        "/",
        "://",
        "a@",
        "://@",
        "%2f",
        "\\/",
        "//a",
        "/-",
        "://-",
        ":",
        "a ",
        "%aa",
        "a&amp;",
        "a+",
        "\\x0a",
    ):
        redacted(part * 40_000 + "@")
        redacted("a" + part * 40_000)


def test_a_text_ends_within_its_limit_escapes_included() -> None:
    assert clean("\x1b" * 50, 20) == "\\x1b" * 4 + "\\x1…"
    assert len(clean("x" * 10**6, 80)) == 80


@given(st.text(st.characters(), max_size=200), st.integers(1, 60))
def test_any_text_becomes_one_line_that_acts_on_nothing(text: str, limit: int) -> None:
    shown = clean(text, limit)
    assert len(shown) <= limit
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)


def test_data_for_a_log_are_cleaned_throughout() -> None:
    assert clean_data({"a\x1b": ["b\nc", 1, True, None, ("d\x07",)]}) == {
        "a\\x1b": ["b c", 1, True, None, ["d\\x07"]],
    }


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:5000/#/experiments/1/runs/a", "https://wandb.ai/acme/my%20net/runs/x", "http://[::1]:5000/#/x"],
)
def test_an_address_of_a_page_is_a_link(address: str) -> None:
    assert web_link(address) == address


@pytest.mark.parametrize(
    "address",
    [
        *(
            None,
            "",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "http://h/a b",
            "http://h/\x1b]8;;",
            "http://h/\u202e",
        ),
        *("http://bob:hunter2@h/x", "http://h/\nx", "http://h/<x>", "http://h/x)", "http://h/@all", "http://h\n"),
    ],
)
def test_any_other_address_is_none(address: str | None) -> None:
    assert web_link(address) == ""


@pytest.mark.parametrize("scheme", ["Basic", "basic", "Bearer", "bearer"])
def test_what_a_server_echoes_of_a_request_is_hidden(scheme: str) -> None:
    sent = b64encode(b"bob:hunter2secretcred").decode()
    for text in (f"hdr {{'Authorization': '{scheme} {sent}'}}", f"authorization: {scheme}  {sent}\nx"):
        assert sent not in clean(text)
    assert clean("use Basic authentication, or a Bearer token") == "use Basic authentication, or a Bearer token"


@pytest.mark.parametrize("foreign", ["x", "5", "[1]", '{"a": 1}', "[" * 100_000])
def test_typed_secrets_of_a_foreign_form_are_none(monkeypatch: pytest.MonkeyPatch, foreign: str) -> None:
    monkeypatch.setenv(outgoing.TYPED, foreign)
    assert clean("a text") == "a text"
    keep_secret("http://bob:hunter2@h")
    assert "hunter2" not in clean("hunter2")
