"""Pins what is used of wandb beyond its public interface.

Where one of these fails after an update of wandb, its message says what to do; nothing else than
``tracker_diag/adapters/wandb/private.py`` (for messages of the log ``segment.py`` and ``annotate.py``) should have to
change.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
import wandb
from wandb.apis.public.service_api import ServiceApi
from wandb.proto import wandb_api_pb2 as api_pb
from wandb.proto import wandb_internal_pb2 as pb
from wandb.sdk.lib import runid, wbauth
from wandb.sdk.lib.service.service_connection import WandbApiFailedError

import tracker_diag.adapters.wandb
from tests.adapters.wandb.server import Server
from tracker_diag.adapters.wandb import private

PACKAGE = Path(tracker_diag.adapters.wandb.__file__).parent


def test_the_connection_of_the_public_api_takes_graphql(online: object) -> None:
    api = private.open_api()
    assert isinstance(api._service_api, ServiceApi), "find where wandb.Api keeps its connection, for Core.__init__"
    parameters = inspect.signature(ServiceApi.execute_graphql).parameters
    assert {"query", "variables", "timeout"} <= set(parameters), "find how wandb.Api sends GraphQL, for Core.ask"
    assert {"request", "timeout"} <= set(inspect.signature(ServiceApi.send_api_request).parameters), (
        "find how wandb.Api talks to wandb-core, for Core._send"
    )
    assert private.Core(api).ask("query Viewer { viewer { username } }", {}) == {"viewer": {"username": "tester"}}


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (api_pb.ApiRequest, "read_run_history_request download_file_request upload_file_request"),
        (api_pb.ApiRequest, "mark_run_files_uploaded_request"),
        (api_pb.ReadRunHistoryRequest, "download_run_history_init download_run_history"),
        (api_pb.DownloadRunHistoryInit, "entity project run_id download_dir require_complete_history"),
        (api_pb.DownloadRunHistoryResponse, "downloaded_files errors"),
        (api_pb.DownloadFileRequest, "path url"),
        (api_pb.UploadFileRequest, "path url headers"),
        (api_pb.MarkRunFilesUploadedRequest, "entity project run_id files"),
        (api_pb.ApiErrorResponse, "message error_type http_status"),
        (pb.Record, "num history summary config run exit header files use_artifact"),
        (
            pb.RunRecord,
            "run_id entity project display_name run_group job_type sweep_id host notes tags resume start_time",
        ),
        (pb.HistoryRecord, "item step"),
        (pb.HistoryItem, "key nested_key value_json boolean integer number text"),
        (pb.SummaryRecord, "update remove"),
        (pb.SummaryItem, "key nested_key value_json"),
        (pb.RunExitRecord, "exit_code runtime"),
        (pb.UseArtifactRecord, "type name"),
        (pb.FilesItem, "path policy"),
    ],
)
def test_messages_have_the_fields_that_are_used(message: type, fields: str) -> None:
    gone = set(fields.split()) - {field.name for field in message.DESCRIPTOR.fields}
    assert not gone, f"{message.DESCRIPTOR.name} lost {gone}: see its new fields in wandb/proto, and use those"


def test_numbers_of_fields_that_are_told_apart_before_parsing() -> None:
    assert pb.Record.DESCRIPTOR.fields_by_name["num"].number == 1, "change _is_history in segment.py"
    assert pb.Record.DESCRIPTOR.fields_by_name["history"].number == 2, "change _HISTORY_TAG in segment.py"
    assert {f.name for f in pb.HistoryItem.DESCRIPTOR.oneofs_by_name["value"].fields} >= {"number", "text"}


def test_errors_say_their_status() -> None:
    response = api_pb.ApiErrorResponse(message="no", http_status=403)
    assert private.core_error(WandbApiFailedError("no", response)).status == 403
    late = WandbApiFailedError("POST … giving up after 3 attempt(s) while retrying: HTTP 429: slow down")
    assert private.core_error(late).status == 429, "find where wandb-core says the status after retries"
    upload = WandbApiFailedError("file transfer: upload: failed to upload: status: 403 Forbidden: body: …")
    assert private.core_error(upload).status == 403
    assert private.core_error(WandbApiFailedError("the service process is busy")).status is None
    assert hasattr(api_pb.ErrorType, "INCOMPLETE_RUN_HISTORY_ERROR"), "find how incomplete exports are told"


def test_no_error_shows_a_key() -> None:
    key = "0123456789abcdef0123456789abcdef01234567"
    assert key not in private.CoreError(f"bad key {key} in request", 400).brief


def test_credentials_are_found_without_asking(account_here: None, monkeypatch: pytest.MonkeyPatch) -> None:
    parameters = inspect.signature(wbauth.authenticate_session).parameters
    assert {"host", "source", "prompt", "no_offline", "update_session"} <= set(parameters), (
        "find how wandb looks for a key without prompting, for has_credentials"
    )
    assert private.has_credentials()
    monkeypatch.delenv("WANDB_API_KEY")
    wandb.teardown()
    assert not private.has_credentials()


def test_the_address_is_that_of_the_environment(account_here: None, server: Server) -> None:
    assert private.base_url() == server.url


def test_ids_of_runs_are_made_as_wandb_makes_them() -> None:
    assert re.fullmatch(r"[0-9a-z]{8}", private.new_run_id()), "see wandb.sdk.lib.runid"
    assert private.new_run_id() != runid.generate_id()


def test_nothing_private_is_used_elsewhere() -> None:
    """Outside private.py only the public names of wandb, and its messages, are imported."""
    for path in PACKAGE.glob("*.py"):
        if path.name != "private.py":
            imported = re.findall(r"^\s*(?:from|import) (wandb[\w.]*)", path.read_text(), re.MULTILINE)
            assert set(imported) <= {"wandb", "wandb.proto"}, path.name
            assert not re.search(r"\bwandb\.(?!proto\b)_|\b_service_api\b", path.read_text()), path.name


def test_public_names_that_are_used_exist() -> None:
    assert {"entity", "project", "id", "resume", "job_type", "reinit", "mode", "dir", "settings"} <= set(
        inspect.signature(wandb.init).parameters
    )
    assert "create_new" in str(inspect.signature(wandb.init).parameters["reinit"].annotation)
    assert {"silent", "console", "disable_git", "disable_code", "x_disable_stats", "x_disable_meta"} <= set(
        wandb.Settings.model_fields
    )


@pytest.mark.parametrize(
    ("message", "kinds"),
    [
        ("invalid character '<' looking for beginning of value", (True, True, False)),
        ("invalid character 'h' looking for beginning of value", (True, False, False)),
        ("json: cannot unmarshal array into Go value of type graphql.Response", (True, False, False)),
        ("exceeded max depth", (True, False, False)),
        ("input: boom", (False, False, True)),
        ("POST … giving up after 1 attempt(s): connection refused", (False, False, False)),
    ],
)
def test_what_is_no_answer_is_told_apart(message: str, kinds: tuple[bool, bool, bool]) -> None:
    error = private.core_error(WandbApiFailedError(message))
    found = (error.is_nonsense, error.is_page, error.is_refusal)
    assert found == kinds, "find the words wandb-core has for answers that are none, for CoreError"


def test_what_a_server_says_is_shown_and_not_obeyed() -> None:
    brief = private.CoreError("input: \x1b[2J http://bob:s3cret@h\u202e" + "x y" * 10_000, 400).brief
    assert brief.startswith("\\x1b[2J http://…@h\\u202ex yx")
    assert len(brief) <= 200
