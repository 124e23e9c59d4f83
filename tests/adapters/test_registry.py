from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.adapters import registry
from tracker_diag.adapters.locating import Asked, Location, LocationError, Opening, Tracker
from tracker_diag.adapters.registry import names

HEX = "0123456789abcdef" * 2


def locate(text: str, tracker: str | None = None) -> Location:
    """Where a run is that was named so."""
    return registry.locate(Asked(text), tracker)


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ("acme/vision/ab12cd34", Location("wandb", "acme/vision/ab12cd34", project="acme/vision")),
        ("vision/ab12cd34", Location("wandb", "vision/ab12cd34", project="vision")),
        (f"acme/vision/{HEX}", Location("wandb", f"acme/vision/{HEX}", project="acme/vision")),
        (
            "https://wandb.ai/acme/my%20vision/runs/ab12/logs?nw=x#top",
            Location("wandb", "acme/my vision/ab12", uri="https://api.wandb.ai", project="acme/my vision"),
        ),
        (
            "http://localhost:8080/acme/vision/runs/ab12",
            Location("wandb", "acme/vision/ab12", uri="http://localhost:8080", project="acme/vision"),
        ),
        (
            "https://forge.coreweave.com/wandb/acme/vision/runs/ab12",
            Location("wandb", "acme/vision/ab12", uri="https://api.forge.coreweave.com", project="acme/vision"),
        ),
        (
            "https://app.acme.example/acme/vision/runs/ab12",
            Location("wandb", "acme/vision/ab12", uri="https://api.acme.example", project="acme/vision"),
        ),
        (HEX, Location("mlflow", HEX)),
        (f"  {HEX}\n", Location("mlflow", HEX)),
        (f"runs:/{HEX}/model", Location("mlflow", HEX)),
        (
            f"http://127.0.0.1:5000/#/experiments/1/runs/{HEX}",
            Location("mlflow", HEX, uri="http://127.0.0.1:5000"),
        ),
        (
            f"https://host/mlflow/#/experiments/12/runs/{HEX}/model-metrics?x=1",
            Location("mlflow", HEX, uri="https://host/mlflow"),
        ),
        (
            f"http://127.0.0.1:5000/ml/#/experiments/1/runs/{HEX}?workflowType=machine_learning",
            Location("mlflow", HEX, uri="http://127.0.0.1:5000/ml"),
        ),
        (
            f"http://h:5000/#/experiments/1/runs/{HEX}/artifacts/diagnosis/report.html?workflowType=machine_learning",
            Location("mlflow", HEX, uri="http://h:5000"),
        ),
        (f"http://h:5000/#/runs/{HEX}?workflowType=machine_learning", Location("mlflow", HEX, uri="http://h:5000")),
        (
            f"http://127.0.0.1:5000/#/compare-runs?runs=[%22{HEX}%22]&experiments=[%221%22]",
            Location("mlflow", HEX, uri="http://127.0.0.1:5000"),
        ),
        (
            f'https://host/ml/#/compare-runs?experiments=["1"]&runs=["{HEX}","{HEX}"]',
            Location("mlflow", HEX, uri="https://host/ml"),
        ),
        ("./runs", Location("wandb", folder="./runs")),
        ("/data/wandb", Location("wandb", folder="/data/wandb")),
        ("wandb", Location("wandb", folder="wandb")),
        (
            "wandb/offline-run-20260101_000000-ab12",
            Location("wandb", folder="wandb/offline-run-20260101_000000-ab12"),
        ),
        ("a/b/run-ab12.wandb", Location("wandb", folder="a/b/run-ab12.wandb")),
        ("file:///data/my%20runs", Location("wandb", folder="/data/my runs")),
    ],
)
def test_the_form_tells_the_tracker(text: str, location: Location) -> None:
    assert locate(text) == location


@pytest.mark.parametrize("tracker", ["wandb", "mlflow"])
def test_a_bare_word_is_an_id_where_the_tracker_is_said(tracker: str) -> None:
    assert locate("ab12cd34", tracker) == Location(tracker, "ab12cd34")


@pytest.mark.parametrize("name", ["lr-search/0.1", "a/b/c"])
def test_a_run_of_mlflow_may_have_a_slash_in_its_name_where_the_store_is_mlflows(name: str) -> None:
    assert locate(name, "mlflow") == Location("mlflow", name)
    for uri in ("sqlite:///mlflow.db", "postgresql+psycopg2://h/db"):
        assert registry.locate(Asked(name, uri)) == Location("mlflow", name, uri)
    assert locate(name).tracker == "wandb"


@pytest.mark.parametrize("uri", ["http://127.0.0.1:5000", "https://mlflow.example/"])
def test_a_key_of_wandb_is_not_sent_to_what_may_be_another_server(monkeypatch: pytest.MonkeyPatch, uri: str) -> None:
    monkeypatch.delenv("WANDB_BASE_URL", raising=False)
    with pytest.raises(LocationError, match="add --tracker wandb or --tracker mlflow"):
        registry.locate(Asked("a/b/c", uri))
    assert registry.locate(Asked("a/b/c", uri), "wandb").uri == uri
    monkeypatch.setenv("WANDB_BASE_URL", uri.rstrip("/"))
    assert registry.locate(Asked("a/b/c", uri)).tracker == "wandb"


def test_hex_digits_may_be_an_id_on_wandb_where_that_is_said() -> None:
    assert locate(HEX, "wandb") == Location("wandb", HEX)


@pytest.mark.parametrize(
    "text",
    [
        *("a/b/c/d", "a//b", "a/ b", "ftp://host/a/b/runs/c", "http://host", "https://[::1"),
        *("https://wandb.ai/acme/vision", "http://127.0.0.1:5000/#/models", "http://host/#/compare-runs?runs=[]"),
        *("http://host/#/compare-runs?runs={%221%22:2}", "http://host/#/compare-runs", "http://host/#/experimental/1"),
    ],
)
def test_what_names_no_run_is_told_the_forms(text: str) -> None:
    with pytest.raises(LocationError, match="is not the name of a run; give ") as error:
        locate(text)
    assert all(registry.find(name).forms in str(error.value) for name in names())
    assert "\n" not in str(error.value)


def test_an_address_of_several_runs_is_told_how_to_name_one() -> None:
    other = HEX[::-1]
    with pytest.raises(LocationError) as error:
        locate(f"http://me:secret@host:5000/ml/#/compare-runs?runs=[%22{HEX}%22,%22{other}%22]&experiments=[%221%22]")
    assert str(error.value) == (
        "this address compares 2 runs: name one with --tracking-uri http://host:5000/ml --run-id ID, "
        f"where ID is one of {HEX}, {other}"
    )


@pytest.mark.parametrize(
    "page",
    [
        *("experiments/1", "experiments/1?searchFilter=x", "experiments/1/runs?workflowType=machine_learning"),
        *("experiments/1/traces", "experiments/1/runs", "compare-experiments/s?experiments=[%221%22,%222%22]"),
    ],
)
def test_an_address_of_an_experiment_is_told_how_to_take_its_runs(page: str) -> None:
    with pytest.raises(LocationError, match="shows an experiment, not a run") as error:
        locate(f"http://127.0.0.1:5000/ml/#/{page}")
    assert "`tracker-diag sweep --tracking-uri http://127.0.0.1:5000/ml --experiment NAME`" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_contradiction_is_said() -> None:
    with pytest.raises(LocationError, match="is a run of mlflow, not of wandb: leave --tracker out"):
        locate(f"runs:/{HEX}", "wandb")


@pytest.mark.parametrize(
    "text",
    [
        *("https://me:secret@host/nothing", "http:/me:secret@host", "//me:secret@host:1\n//", "http://me:secret/x@h"),
        *("ftp://me:se#cret@host", "http://secret@host", "http://me:secret@[::1", f"{'x' * 300}://me:secret@host"),
    ],
)
def test_no_password_is_shown(text: str) -> None:
    with pytest.raises(LocationError) as error:
        locate(text, "mlflow")
    assert "cret" not in str(error.value)


def test_what_was_typed_is_shown_as_text() -> None:
    with pytest.raises(LocationError) as error:
        locate("a\x1b[2J//\u202e")
    assert str(error.value).startswith("'a\\x1b[2J//\\u202e' is not the name of a run")


@pytest.mark.parametrize(
    ("prefix", "said"),
    [
        ("mlflow.", "'mlflow.' is reserved: MLflow keeps its own tags there; use another, such as 'diag.'"),
        ("MLflow.diag.", "'mlflow.' is reserved"),
        ("wandb", "'wandb.' is reserved: W&B keeps its own facts there"),
        ("wandb.diag.", "'wandb.' is reserved"),
    ],
)
@pytest.mark.parametrize("tracker", names())
def test_a_prefix_of_any_tracker_s_own_tags_is_refused(tracker: str, prefix: str, said: str) -> None:
    with pytest.raises(LocationError, match=said):
        registry.open_tracker(Location(tracker), Opening(prefix))


@given(st.text(max_size=60), st.sampled_from([None, *names()]))
def test_any_text_gives_a_location_or_the_named_error(text: str, tracker: str | None) -> None:
    try:
        found = locate(text, tracker)
    except LocationError:
        return
    assert found.run_id or found.folder or not text.strip()


@pytest.mark.parametrize("word", ["wandb", "run-20240101_000000-abc", "x.wandb", "."])
def test_a_bare_word_is_a_folder_only_where_nothing_else_is_said(word: str) -> None:
    assert locate(word) == Location("wandb", folder=word)
    assert locate(word, "wandb") == Location("wandb", word)
    assert registry.locate(Asked(word, projects=("e/p",))) == Location("wandb", word, project="e/p")
    assert registry.locate(Asked(word, "http://host:1")) == Location("mlflow", word, "http://host:1")


@pytest.mark.parametrize("thing", [None, 3, "x", object(), {"a": 1}, Path("none")])
def test_what_is_of_no_tracker_is_not_recognised(thing: object) -> None:
    assert registry.recognise(thing) is None


def test_a_tracker_of_another_package_that_fails_to_recognise_is_told_and_passed_over(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ours = registry.find("mlflow")

    def fails(thing: object) -> Location | None:
        raise RuntimeError("no licence")

    broken = Tracker("Acme", "acme", ours.locate, ours.open, ours.policy, fails)
    monkeypatch.setattr(registry, "names", lambda: ("acme",))
    monkeypatch.setattr(registry, "_usable", lambda name: broken)
    with caplog.at_level(logging.WARNING, "tracker_diag"):
        assert registry.recognise(object()) is None
    assert "the tracker acme: RuntimeError: no licence" in caplog.text
