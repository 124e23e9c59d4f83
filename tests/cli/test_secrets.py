"""No address that was typed, however malformed, shows its password; nor does anything else on its way out."""

from __future__ import annotations

import io
import json
import logging
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from tests.cli.conftest import Invoke
from tracker_diag.adapters.base import Failure
from tracker_diag.cli import summary
from tracker_diag.cli.errors import complain
from tracker_diag.cli.watch import JsonLines, TextLines
from tracker_diag.core import outgoing
from tracker_diag.core.finding import Severity
from tracker_diag.sweeping.notify import digest
from tracker_diag.sweeping.result import Row, Swept

MALFORMED = [
    "https://bob:hunter2@127.0.0.1:9",
    "//bob:hunter2@127.0.0.1:9",
    "http:/bob:hunter2@127.0.0.1:9",
    "http//bob:hunter2@127.0.0.1:9",
    "bob:hunter2@127.0.0.1:9",
    "http://bob:hunter2/x@127.0.0.1:9",
    "http://bob:hunter2#x@127.0.0.1:9",
    "http://bob:hunter2?x@127.0.0.1:9",
    "http://bob:hunter2 x@127.0.0.1:9",
    "http://bob:hunter2@[::1",
    "http://bob:hunter2@h:port",
    "postgresql://bob:hunter2@127.0.0.1:9/db",
    "nothing://bob:hunter2@h",
]


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(outgoing.TYPED, "[]")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")


@pytest.mark.parametrize("address", MALFORMED)
def test_a_tracking_uri_shows_no_password(diag: Invoke, address: str) -> None:
    for words in (["diagnose", "-r", "0" * 32], ["sweep", "--all"], ["clean", "--all", "--yes"]):
        result = diag(*words, uri=address)
        assert "hunter2" not in result.output
        assert result.exit_code in (2, 3, 4)


@pytest.mark.parametrize("address", [*MALFORMED, "http://bob:hunter2/x@h", "https://bob:hunter2@wandb.ai/a/b"])
def test_a_run_id_shows_no_password(diag: Invoke, address: str) -> None:
    result = diag("diagnose", "--run-id", address)
    assert "hunter2" not in result.output
    assert result.exit_code in (2, 3, 4)


@pytest.mark.parametrize("address", MALFORMED)
def test_words_that_are_not_understood_show_no_password(diag: Invoke, address: str) -> None:
    for words in ([address], ["sweep", address], ["sweep", f"--tracking-url={address}"], ["sweep", "--limit", address]):
        result = diag(*words, uri=None)
        assert "hunter2" not in result.output
        assert result.exit_code == 2


@pytest.mark.parametrize("variable", ["MLFLOW_TRACKING_SERVER_CERT_PATH", "MLFLOW_TRACKING_CLIENT_CERT_PATH"])
def test_a_certificate_that_is_not_there_shows_no_password(
    diag: Invoke, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "/nowhere/cert.pem")
    result = diag("diagnose", "-r", "0" * 32, uri="https://bob:hunter2@127.0.0.1:9")
    assert "hunter2" not in result.output


def test_processes_that_are_started_later_know_what_was_typed(diag: Invoke) -> None:
    diag("diagnose", "-r", "0" * 32, uri="http:/bob:hunter2@h")
    diag("sweep", "--all", "--notify", "json://127.0.0.1:9/s3cret")
    known = json.loads(os.environ[outgoing.TYPED])
    assert "hunter2" in known
    assert "json://127.0.0.1:9/s3cret" in known


def test_the_password_in_a_run_of_a_store_is_in_no_output(
    diag: Invoke, store: str, runs: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    client = mlflow.MlflowClient(store)
    client.set_tag(runs["overfitting-1"], "mlflow.runName", "net of hunter2")
    client.log_param(runs["overfitting-1"], "weight_decay", "hunter2")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hunter2")
    said = [diag("diagnose", "-r", runs["overfitting-1"], "--format", x).output for x in ("text", "json", "markdown")]
    said += [
        diag("sweep", "--all", "--force", "--note", "--summary", "s.json", "--log-format", x).output
        for x in ("text", "json")
    ]
    said += [Path("s.json").read_text()]
    assert "net of …" in said[0]
    folder = mlflow.artifacts.download_artifacts(
        run_id=runs["overfitting-1"], artifact_path="diagnosis", tracking_uri=store
    )
    said += [path.read_text() for path in Path(folder).iterdir()]
    tags = client.get_run(runs["overfitting-1"]).data.tags
    said += [value for key, value in tags.items() if key.startswith("diag.")] + [tags["mlflow.note.content"]]
    assert not [text for text in said if "hunter2" in text]


def _table(text: str) -> str:
    row = Row(text, text, text, text, text, Severity.WARNING, text, text, news=True, not_stored=text)
    swept = Swept((row,) * 50, (row,) * 3, (Failure(text, text),) * 30, {text: 3}, error=text)
    file = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(summary, "stdout", lambda: Console(file=file, width=400, markup=False, emoji=False))
        summary.show_table(swept, write=True, scope=text)
    return file.getvalue() + summary.closing_line(swept, write=True, scope=text)


def _summary(text: str, folder: Path) -> str:
    row = Row(text, text, text, text, text, Severity.WARNING, text, text, news=True, not_stored=text)
    swept = Swept((row,), (row,) * 3, (Failure(text, text),), {text: 3}, error=text)
    summary.write_summary(folder / "s.json", summary.summary(swept, text))
    return json.dumps(json.loads((folder / "s.json").read_text()), ensure_ascii=False)


def _record(text: str) -> logging.LogRecord:
    try:
        raise KeyError(text)
    except KeyError as error:
        record = logging.LogRecord("tracker_diag", logging.ERROR, "", 0, "%s", (text,), (KeyError, error, None))
    record.data = {"run": text, "more": [text]}
    return record


middles = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=("Cs", "Z", "Cc")), max_size=8
)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("summary")


@settings(deadline=None, max_examples=60)
@given(password=middles.map("q7Z{}k9".format), known=st.booleans())
def test_no_output_of_the_command_line_shows_a_password(folder: Path, password: str, known: bool) -> None:
    said = f"{password} {password!r}" if known else f"see https://bob:{password}@host/x for more"
    with pytest.MonkeyPatch.context() as patch:
        if known:
            patch.setenv("WANDB_API_KEY", password)
        lines = io.StringIO()
        patch.setattr("sys.stderr", lines)
        complain(said)
        message = digest([Row("a", said, said, said, said, Severity.ERROR, said, said, news=True)], said)
        assert message is not None
        outputs = [lines.getvalue(), _table(said), _summary(said, folder), *message]
        record = _record(said)
        as_json = json.loads(JsonLines().format(record))
        outputs += [TextLines().format(record), json.dumps(as_json, ensure_ascii=False), as_json["traceback"]]
        for output in outputs:
            text = "".join(output.split())
            assert "q7Z" not in text
            assert "k9" not in text
