"""A filter means here what it means to MLflow's own store."""

from __future__ import annotations

import math
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag, ViewType
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

from tests.adapters.mlflow.conftest import knows_null, make_database
from tracker_diag.adapters.base import Failure, Listing, Query, QueryError
from tracker_diag.adapters.mlflow import connect, database
from tracker_diag.adapters.mlflow.matching import Filter, Searchable, read_filter

START = 1_700_000_000_000

RUNS: dict[str, dict[str, object]] = {
    "plain": {"params": {"lr": "0.1", "opt": "sgd"}, "metrics": {"loss": 0.5, "acc": 1.0}, "tags": {"team": "red"}},
    "upper": {"params": {"lr": "0.1", "opt": "SGD"}, "metrics": {"loss": -2.0}, "tags": {"team": "Red"}},
    "nan": {"params": {"lr": "0.2"}, "metrics": {"loss": math.nan, "acc": 0.0}},
    "infinite": {"params": {"lr": "1e-3"}, "metrics": {"loss": math.inf, "acc": -math.inf}, "tags": {"team": ""}},
    "system": {"params": {"opt": "adam"}, "metrics": {"system/cpu": 50.0, "val/loss": 0.25}},
    "lines": {"params": {"opt": "a_b"}, "tags": {"note": "two\nlines", "team": "100%", "x y": "spaced"}},
    "letters": {"params": {"opt": "axb", "Lr": "0.1"}, "tags": {"team": "it's", "a.b": "dotted", "quote": 'a"b'}},
    "data": {"datasets": [("wine", "abc", "training"), ("wine", "abc2", "validation")]},
    "other data": {"datasets": [("Beer", "def", "training")], "status": "FAILED"},
    "bare data": {"datasets": [("wine", "abc", None)], "status": "KILLED"},
    "going": {"status": "RUNNING", "params": {"lr": "0.1"}},
    "empty": {},
}

FILTERS = """
params.lr = '0.1'
params.lr != '0.1'
params.`lr` = "0.1" AND params.opt = 'sgd'
parameters."opt" LIKE 's%'
params.opt LIKE 'S_D'
params.opt ILIKE 's%'
params.opt LIKE 'a_b'
params.opt LIKE '%'
params.opt LIKE ''
params.Lr = '0.1'
params.lr IS NULL
params.lr IS NOT NULL and params.opt IS NULL
params.nobody != 'x'
metrics.loss > 0
metrics.loss >= 0.5
metrics.loss < 1
metrics.loss <= -2
metrics.loss = 0
metrics.loss != 0
metrics.loss != 0.5
metrics.loss > -1e300
metrics.acc < 0.5
metrics.acc = 1
metrics.loss > 1e300
metrics."system/cpu" >= 50
metrics.`system/cpu` < 50
metrics."val/loss" < 1
metrics.nobody != 1
tags.team = 'red'
tags.team != 'red'
tags.team LIKE 'R%'
tags.team ILIKE 'r%'
tags.team = ''
tags.team LIKE '100%'
tags.team = "it's"
tags.quote = 'a"b'
tags.team IS NULL
tags.team IS NOT NULL
tags.note LIKE 'two%'
tags.note LIKE '%lines'
tags.note LIKE 'two_lines'
tags.note ILIKE '%WO%'
tags.`x y` = 'spaced'
tags."a.b" = 'dotted'
tags.a.b = 'dotted'
tags.`diag.verdict` IS NULL
tags.mlflow.runName = 'plain'
tag.team = 'red' and parameter.lr = '0.1' and metric.loss > 0
attributes.status = 'FINISHED'
attributes.status != 'FINISHED'
status = 'RUNNING'
attributes.status LIKE 'F%'
attr.status ILIKE 'f%'
run.status = 'KILLED'
attributes.run_name = 'plain'
attributes.run_name != 'plain'
run_name LIKE '%data'
attributes.`Run name` ILIKE 'PL%'
attributes.user_id = 'ada'
attributes.user_id != 'ada'
attributes.user_id LIKE '_d_'
attributes.start_time > 1700000003000
attributes.created <= 1700000003000
start_time != 1700000000000
start_time > 1700000000000.5
attributes.end_time > 0
attributes.end_time != 0
end_time <= 1700000101000
attributes.artifact_uri LIKE '%artifacts'
attributes.run_id LIKE '%'
attributes.run_id IN ('{plain}', '{going}', 'nobody')
attributes.run_id NOT IN ('{plain}', '{going}')
run_id = '{empty}'
run_id IN ('{empty}')
datasets.name = 'wine'
datasets.name != 'wine'
dataset.name LIKE 'w%'
datasets.name ILIKE 'b%'
datasets.name IN ('wine', 'beer')
datasets.name NOT IN ('wine')
datasets.digest = 'abc'
datasets.digest != 'abc'
datasets.digest LIKE 'abc%' and datasets.context = 'validation'
datasets.context = 'training'
datasets.context != 'training'
datasets.context LIKE '%ing'
datasets.context IN ('training', 'validation')
datasets.name = 'wine' and datasets.context = 'training' and attributes.status = 'FINISHED'
params.lr = '0.1' AND tags.team = 'red' AND metrics.loss < 1 AND attributes.end_time > 0
""".strip().splitlines()

REFUSED = [
    "params.lr ~~ '0.1'",
    "params.lr = 0.1",
    "params.lr > '0.1'",
    "params.lr = '0.1' OR params.lr = '0.2'",
    "params.lr NOT LIKE '0.1'",
    "metrics.loss = '1'",
    "metrics.loss LIKE 1",
    "params.lr = 'none of the runs' and metrics.loss LIKE 1",
    "attributes.colour = 'red'",
    "attributes.status > 'FINISHED'",
    "attributes.status IN ('FINISHED')",
    "attributes.run_id = ('a', 'b')",
    "attributes.run_id LIKE ('a', 'b')",
    "attributes.run_id IN ()",
    "datasets.name IN (wine)",
    "datasets.profile = 'x'",
    "metrics.loss IS NULL",
    "nobody.x = '1'",
    "params.lr = '0.1'; DROP TABLE runs",
    "lr",
    "(((((",
    "params.lr = '0.1",
    "a\0b",
    "params.lr =\n'0.1\n",
]


def _log(uri: str, location: str) -> dict[str, str]:
    """Log all runs, and one of each kind that is never found; gives their ids by name."""
    client = MlflowClient(uri)
    experiment = client.create_experiment("searched", location)
    ids = {}
    for number, (name, run) in enumerate({**RUNS, "deleted": RUNS["plain"]}.items()):
        made = client.create_run(
            experiment, START + 1000 * number, {"mlflow.user": "ada" if number % 3 else "bob"}, run_name=name
        )
        ids[name] = made.info.run_id
        client.log_batch(
            ids[name],
            metrics=[
                Metric(key, value, START + step, step)
                for key, last in run.get("metrics", {}).items()  # type: ignore[attr-defined]
                for step, value in enumerate([0.75, last])
            ],
            params=[Param(key, value) for key, value in run.get("params", {}).items()],  # type: ignore[attr-defined]
            tags=[RunTag(key, value) for key, value in run.get("tags", {}).items()],  # type: ignore[attr-defined]
        )
        for title, digest, context in run.get("datasets", []):  # type: ignore[attr-defined]
            tags = [] if context is None else [InputTag("mlflow.data.context", context)]
            client.log_inputs(ids[name], [DatasetInput(Dataset(title, digest, "local", "{}"), tags)])
        if run.get("status") != "RUNNING":
            client.set_terminated(ids[name], run.get("status"), START + 100_000 + 1000 * number)
    client.delete_run(ids.pop("deleted"))
    return ids


Store = tuple[str, dict[str, str]]  # address, ids by name


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Store:
    uri = f"sqlite:///{tmp_path_factory.mktemp('searched')}/mlflow.db"
    make_database(uri)
    return uri, _log(uri, "mlflow-artifacts:/1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Store:
    root = tmp_path_factory.mktemp("searched folder")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        ids = _log(str(root), (root / "1").as_uri())
    return str(root), ids


def _found(store: Store, condition: str, limit: int | None = None) -> list[str]:
    uri, ids = store
    names = {run_id: name for name, run_id in ids.items()}
    adapter = connect(uri)
    listed = list(adapter.list_runs(Query(("searched",), filter=condition.format(**ids), limit=limit)))
    adapter.close()
    assert not [entry for entry in listed if isinstance(entry, Failure)]
    return [names[entry.id] for entry in listed]


def _expected(store: Store) -> dict[str, set[str]]:
    """What MLflow's own store finds, on the database that it made itself."""
    uri, ids = store
    names = {run_id: name for name, run_id in ids.items()}
    own = SqlAlchemyStore(uri, "mlflow-artifacts:/")
    pages = {x: own.search_runs(["1"], x.format(**ids), ViewType.ACTIVE_ONLY, 1000) for x in FILTERS}
    own.engine.dispose()
    return {condition: {names[run.info.run_id] for run in page} for condition, page in pages.items()}


OF_THE_NEWEST = pytest.mark.skipif(not knows_null(), reason="a filter means what it means to the newest MLflow")


@OF_THE_NEWEST
def test_a_database_and_a_folder_find_what_mlflow_finds(sqlite: Store, folder: Store) -> None:
    found = {condition: set(_found(sqlite, condition)) for condition in FILTERS}
    expected = _expected(sqlite)
    assert found == expected
    assert sum(0 < len(runs) < len(RUNS) for runs in found.values()) > 60  # they tell runs apart
    of_folder = {condition: set(_found(folder, condition)) for condition in FILTERS if "system/" not in condition}
    assert of_folder == {condition: expected[condition] for condition in of_folder}


@OF_THE_NEWEST
def test_postgresql_finds_the_same(postgres_store: tuple[str, Path], sqlite: Store) -> None:
    uri, _ = postgres_store
    store = (uri, _log(uri, "mlflow-artifacts:/1"))
    assert {x: set(_found(store, x)) for x in FILTERS} == {x: set(_found(sqlite, x)) for x in FILTERS}


@pytest.mark.parametrize("page", [1, 5, 500])
def test_pages_of_any_size_find_the_same_and_a_limit_counts_what_matches(
    sqlite: Store, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    every = _found(sqlite, "params.lr = '0.1'")
    assert every == ["going", "upper", "plain"]
    monkeypatch.setattr(database, "_PAGE", page)
    assert _found(sqlite, "params.lr = '0.1'") == every
    assert _found(sqlite, "params.lr = '0.1'", limit=2) == every[:2]
    assert _found(sqlite, "params.lr = '0.1' and status = 'FINISHED'", limit=1) == ["upper"]


@pytest.mark.parametrize("condition", REFUSED)
def test_what_mlflow_cannot_read_is_refused_in_a_line(sqlite: Store, folder: Store, condition: str) -> None:
    for uri, _ in (sqlite, folder):
        adapter = connect(uri)
        with pytest.raises(QueryError, match=r"^the filter was refused: ") as caught:
            adapter.list_runs(Query(everything=True, filter=condition))
        assert "\n" not in str(caught.value)
        adapter.close()


@given(st.text(alphabet="ab_%."), st.text(alphabet="aAb\n."), st.sampled_from(["LIKE", "ILIKE"]))
def test_like_is_what_its_definition_says(like: str, value: str, comparator: str) -> None:
    defined = re.escape(like).replace("%", ".*").replace("_", ".")
    flags = re.DOTALL | (re.IGNORECASE if comparator == "ILIKE" else 0)
    found = read_filter(f"params.opt {comparator} '{like}'").matches(Searchable(params={"opt": value}))
    assert found == bool(re.fullmatch(defined, value, flags))


def test_many_percent_signs_are_no_way_to_occupy_the_machine() -> None:
    # By its definition alone this takes longer than the universe has lasted.
    assert not read_filter(f"params.opt LIKE '{'%a' * 99}b'").matches(Searchable(params={"opt": "a" * 6_000}))


def test_no_filter_asks_for_every_run() -> None:
    for blank in ("", " \n"):
        assert not read_filter(blank)
        assert read_filter(blank).matches(Searchable())
    assert Filter().keys("tag") == frozenset()


def test_a_filter_opens_no_store_of_mlflow(sqlite: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("MLflow's store was opened")

    monkeypatch.setattr(SqlAlchemyStore, "__init__", never)
    assert _found(sqlite, "params.lr = '0.1'")


def test_a_run_that_no_filter_can_be_tried_on_is_a_failure_among_the_others(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    make_database(uri)
    ids = _log(uri, "mlflow-artifacts:/1")
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as connection:
        connection.execute("UPDATE params SET value = x'ff00' WHERE run_uuid = ? AND key = 'lr'", (ids["nan"],))
        connection.commit()
    adapter = connect(uri)
    found = list(adapter.list_runs(Query(("searched",), filter="params.lr LIKE '0.1'")))
    adapter.close()
    assert [entry.id for entry in found if isinstance(entry, Failure)] == [ids["nan"]]
    assert {entry.id for entry in found if isinstance(entry, Listing)} == {ids[x] for x in ("plain", "upper", "going")}


@pytest.mark.parametrize("value", [1700000003000, "1700000003000"])
def test_a_time_is_a_number_even_where_the_parser_leaves_it_a_text(
    monkeypatch: pytest.MonkeyPatch, value: object
) -> None:
    # Parsers before 3.17 do; the one that is installed may not.
    parsed = [{"type": "attribute", "key": "start_time", "comparator": ">", "value": value}]
    monkeypatch.setattr("mlflow.utils.search_utils.SearchUtils.parse_search_filter", lambda _: parsed)
    wanted = read_filter("attributes.start_time > 1700000003000")
    assert [wanted.matches(Searchable({"start_time": START + x})) for x in (3000, 3001)] == [False, True]
