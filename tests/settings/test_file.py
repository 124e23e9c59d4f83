"""Configuration files that somebody else wrote: refused in one line that names the file, before they can do harm."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.settings.file import MOST_BYTES
from tracker_diag.settings.settings import Settings, SettingsError, load_settings

DEEP = 100_000


def bomb(use: str) -> str:
    lines = [f"a{i}: &a{i} " + use.format(", ".join([f"*a{i - 1}"] * 9)) for i in range(1, 30)]
    return "\n".join(["a0: &a0 {k: v}", *lines])


YAML = {
    "ignore: [overfiting]": "ignore: no rule 'overfiting'; did you mean 'overfitting'?",
    "- a": "holds list: give a mapping of settings",
    "prefix: 2024-01-01": "prefix: 2024-01-01 is read as a date: put it in quotes",
    "2024-01-01: x": "2024-01-01 is read as a date: put it in quotes",
    "roles: {val_loss: 2024-01-01}": "roles.val_loss: 2024-01-01 is read as a date: put it in quotes",
    "prefix: 2024-13-45": "month must be in 1..12",
    "experiments: {a: {ignore: 2024-01-01}}": "experiments.a: ignore: ",
    "experiments: {a: {ignor: [x]}}": "experiments.a: ignor: no such setting; did you mean 'ignore'?",
    bomb("[{}]"): "more than 10,000 values",
    bomb("{{<<: [{}]}}"): "more than 10,000 values",
    "&a [*a]": "*a refers to nothing defined before it",
    "[" * DEEP: "nested more than 20 levels deep",
    "{a: " * (DEEP // 2): "nested more than 20 levels deep",
    "- " * DEEP: "nested more than 20 levels deep",
    "? " * DEEP: "nested more than 20 levels deep",
    "".join(" " * i + "a:\n" for i in range(600)): "nested more than 20 levels deep",
    "ignore: [" + "a," * DEEP + "]": "more than 10,000 values",
    "prefix: " + "a" * DEEP: "a text of more than 10,000 characters",
    "prefix: 1" + ":1" * DEEP: "a text of more than 10,000 characters",
    "prefix: " + "a" * MOST_BYTES: "has 262,152 bytes, more than the limit of 262,144",
    "!!int ''": "IndexError",
    "!!timestamp x": "AttributeError",
    "!!bool x": "KeyError",
    "!!python/object/apply:os.system [ls]": "line 1, column 1: could not determine a constructor for the tag",
    "[a": "line 1, column 3: while parsing a flow sequence: expected",
    "prefix: \0": "line 1, column 9: special characters are not allowed",
    "9" * 5000: "Exceeds the limit",
}
TOML = {
    "[tool.tracker-diag]\nprefix = 2024-01-01": "prefix: 2024-01-01 is read as a date: put it in quotes",
    "a = " + "[" * DEEP: "nested too deeply",
    "a = " + "{a = " * (DEEP // 4): "nested too deeply",
    "a." * DEEP + "b = 1": "line 1: a name of more than 50 parts",
    "\n[" + "a . " * (DEEP // 2) + "b]": "line 2: a name of more than 50 parts",
    '"a".' * (DEEP // 2) + "b = 1": "line 1: a name of more than 50 parts",
    "'a'." * (DEEP // 2) + "b = 1": "line 1: a name of more than 50 parts",
    '"\\"".' * (DEEP // 4) + "b = 1": "line 1: a name of more than 50 parts",
    "[tool.tracker-diag]\nrules = " + "{a = " * 30 + "1" + "}" * 30: "nested more than 20 levels deep",
    "[tool.tracker-diag]\n" + "\n".join(f"k{i} = 1" for i in range(12_000)): "more than 10,000 values",
    "[tool.tracker-diag]\nprefix = " + "9" * 5000: "Exceeds the limit",
    "[tool]\ntracker-diag = 3": "holds int: give a mapping of settings",
    "[": "Invalid initial character for a key part",
}


def refusal(path: Path) -> str:
    with pytest.raises(SettingsError) as refused:
        load_settings(path)
    assert len(str(refused.value).splitlines()) == 1
    assert len(str(refused.value)) <= 500
    assert str(refused.value).count(str(path)) == 1
    return str(refused.value)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [("a.yaml", *case) for case in YAML.items()] + [("pyproject.toml", *case) for case in TOML.items()],
    ids=lambda text: text[:25],
)
def test_what_cannot_be_used_is_refused_in_one_line(name: str, text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert refusal(path).startswith(f"{path}: ")
    assert said in refusal(path)


@pytest.mark.parametrize("name", ["a.yaml", "a.toml"])
def test_what_is_no_file_is_not_waited_for(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    assert refusal(tmp_path / name).endswith("not a regular file")
    (tmp_path / "folder.yaml").mkdir()
    assert refusal(tmp_path / "folder.yaml").endswith("Is a directory")
    assert refusal(tmp_path / "none.yaml").endswith("No such file or directory")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    assert "can't decode" in refusal(tmp_path / "bytes.yaml")


def test_a_name_that_moves_the_cursor_is_shown(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"\\x1b\[2J"):
        load_settings(tmp_path / "\x1b[2J\n.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing",
        "\n" * 10_000,
        "rules: &usual {overfitting: {severity: info}}\nexperiments: {a: {rules: *usual}, b: {rules: *usual}}",
        "x: &x {severity: info}".replace("x: &x", "rules: {overfitting: &x") + ", unstable: {<<: *x}}",
    ],
)
def test_what_people_write_is_read(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    assert isinstance(load_settings(path), Settings)


def test_a_project_s_file_without_our_table_sets_nothing(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text("tool = 3\n" + "a.b.c.d.e = 'x.y.z'\n", encoding="utf-8")
    assert load_settings(path) == Settings()
    path.write_text(f"[tool.other]\ndots = '{'.' * 1000}'\n[tool.tracker-diag]\nartifacts = 'all'\n", encoding="utf-8")
    assert load_settings(path).artifacts == "all"


@given(
    st.text() | st.text(st.sampled_from("[]{}:,-?&*a!|>'\"#%\n \t=."), max_size=60), st.sampled_from(["yaml", "toml"])
)
def test_settings_or_one_line(tmp_path_factory: pytest.TempPathFactory, text: str, ending: str) -> None:
    path = tmp_path_factory.getbasetemp() / f"any.{ending}"
    path.write_text(text, encoding="utf-8", errors="replace")
    said = ""
    try:
        load_settings(path)
    except SettingsError as error:
        said = str(error)
    assert len(said.splitlines()) <= 1
