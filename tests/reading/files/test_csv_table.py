"""CSV: separators, empty cells and NaN, and what is no table of curves."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tracker_diag import ReadingError, read, read_all
from tracker_diag.core.run import Run


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "log.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def letters(run: Run, name: str) -> list[tuple[float, str]]:
    series = run.metrics[name]
    return [(s, "nan" if math.isnan(v) else f"{v:g}") for s, v in zip(series.steps, series.values, strict=True)]


@pytest.mark.parametrize(
    "text",
    [
        "epoch,loss\n1,0.9\n2,0.7\n",
        "epoch,loss\r\n1,0.9\r\n2,0.7\r\n",
        "epoch,loss\r1,0.9\r2,0.7\r",
        "epoch;loss\n1;0,9\n2;0,7\n",
        "epoch\tloss\n1\t0.9\n2\t0.7",
        " epoch , loss \n 1 , 0.9 \n\n 2 , 0.7 \n",
        "\ufeffepoch,loss\n1,0.9\n2,0.7\n",
        "epoch,loss\n1,0.9\n2,0.7\n".encode("utf-16"),
        ",epoch,loss\n0,1,0.9\n1,2,0.7\n",
        '"epoch","loss"\n"1","0.9"\n"2","0.7"\n',
        "metric,epoch,value\nloss,1,0.9\nloss,2,0.7\n",
        "epoch,loss,note\n1,0.9,first\n2,0.7,\n",
        "epoch,loss\n1,0.9\n2,0.7\n3",
    ],
)
def test_every_way_of_writing_a_table_says_the_same(tmp_path: Path, text: str | bytes) -> None:
    run = read(written(tmp_path, text))
    assert (run.id, letters(run, "loss")) == ("log", [(1, "0.9"), (2, "0.7")])


def test_where_nan_is_written_an_empty_cell_is_a_gap(tmp_path: Path) -> None:
    run = read(written(tmp_path, "epoch,loss,acc\n1,0.9,0.1\n2,nan,0.1\n3,,0.1\n"))
    assert letters(run, "loss") == [(1, "0.9"), (2, "nan")]


def test_where_it_is_not_an_empty_cell_may_be_nan(tmp_path: Path) -> None:
    run = read(written(tmp_path, "epoch,loss,acc\n1,0.9,0.1\n2,0.8,0.1\n3,,0.1\n4,,0.1\n"))
    assert letters(run, "loss") == [(1, "0.9"), (2, "0.8"), (3, "nan"), (4, "nan")]


def test_infinity_and_large_numbers_are_read(tmp_path: Path) -> None:
    run = read(written(tmp_path, "epoch,loss\n1,inf\n2,-Infinity\n3,1e400\n"))
    assert letters(run, "loss") == [(1, "inf"), (2, "-inf"), (3, "inf")]


def test_a_column_of_runs_gives_several(tmp_path: Path) -> None:
    path = written(tmp_path, "run,epoch,loss\na,1,0.9\nb,1,0.8\n")
    assert [run.id for run in read_all(path)] == ["a", "b"]
    with pytest.raises(ReadingError, match=r"holds 2 runs \('a', 'b'\): use tracker_diag.read_all"):
        read(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is empty"),
        ("\n\n", "it is empty"),
        ("epoch,loss\n", "it is empty: give one row per step"),
        ("1,2\n3,4\n", "its first line must name the columns"),
        ("loss,loss\n1,2\n", "two columns have the name 'loss'"),
        ("epoch,loss\n1,0.9,3\n", r"log.csv, line 2: 3 cells, but the header has 2"),
        ("\nepoch,loss\n\n1,0.9\n\n1,0.9,3\n", r"log.csv, line 6: 3 cells, but the header has 2"),
        ("epoch,loss\n1,0.9\n2,0.8\n3,x\n", r"log.csv, line 4, column loss: 'x' is not a number"),
        (
            '\nepoch,loss,note\n1,0.9,"two\nlines"\n\n2,0.8,\n3,x,\n',
            r"log.csv, line 7, column loss: 'x' is not a number",
        ),
        ("a,b\nx,y\n", "no metric among its columns 'a', 'b'"),
        ('epoch,loss\n1,"' + "9" * 200_000 + '"\n', "line 2: field larger than field limit"),
    ],
)
def test_what_is_no_table_of_curves_says_so(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ReadingError) as error:
        read(path)
    assert str(path) in str(error.value)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
