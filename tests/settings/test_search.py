"""Which file of settings is used: upwards as far as the folders are the user's own, and no further."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracker_diag.settings.search import settings_file
from tracker_diag.settings.settings import SettingsError, load_settings

YAML, TOML = "tracker-diag.yaml", "pyproject.toml"


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder; the working folder lies two below it, and the home folder elsewhere."""
    top = tmp_path / "top"
    (top / "a" / "b").mkdir(parents=True)
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(top / "a" / "b")
    return top


def test_nothing_is_found_where_nothing_is(top: Path) -> None:
    assert settings_file() is None
    assert load_settings().ignore == ()


@pytest.mark.parametrize("root", [".git", ".hg"])
def test_above_it_is_looked_for_up_to_the_top_of_the_repository(top: Path, root: str) -> None:
    (top / YAML).write_text("ignore: [HY003]")
    assert settings_file() is None
    (top / root).mkdir()
    assert settings_file() == top / YAML
    assert load_settings().ignore == ("HY003",)
    (top / "a" / root).write_text("gitdir: elsewhere")
    assert settings_file() is None


def test_in_no_repository_up_to_the_home_folder(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (top / YAML).write_text("ignore: [HY003]")
    (top.parent / YAML).write_text("ignore: [HY008]")
    monkeypatch.setenv("HOME", str(top))
    assert settings_file() == top / YAML
    monkeypatch.setenv("HOME", str(top / "a"))
    assert settings_file() is None


def test_the_nearest_wins_and_a_file_of_ours_beats_that_of_the_project(top: Path) -> None:
    (top / ".git").mkdir()
    (top / YAML).write_text("ignore: [HY003]")
    (top / "a" / TOML).write_text("[tool.tracker-diag]\nignore = ['LC104']")
    assert load_settings().ignore == ("LC104",)
    (top / "a" / YAML).write_text("ignore: [LC108]")
    assert load_settings().ignore == ("LC108",)
    Path(TOML).write_text("[tool.tracker-diag]\nignore = ['LC101']")
    assert settings_file() == Path(TOML)
    assert load_settings().ignore == ("LC101",)


def test_a_project_that_sets_nothing_is_passed_by(top: Path) -> None:
    (top / ".git").mkdir()
    (top / YAML).write_text("ignore: [HY003]")
    Path(TOML).write_text("[tool.ruff]\nline-length = 100")
    (top / "a" / TOML).write_text("[project]\nname = 'x'")
    assert load_settings().ignore == ("HY003",)
    Path(TOML).write_text("[tool.tracker-diag]")
    assert settings_file() == Path(TOML)
    assert load_settings().ignore == ()


def test_a_file_that_is_named_beats_all(top: Path) -> None:
    Path(YAML).write_text("ignore: [HY003]")
    (top / "other.yaml").write_text("ignore: [LC104]")
    assert load_settings(top / "other.yaml").ignore == ("LC104",)
    (top / TOML).write_text("[tool.ruff]")
    assert load_settings(top / TOML).ignore == ()


@pytest.mark.parametrize(
    ("name", "text"), [(YAML, "ignor: []"), (TOML, "[tool.tracker-diag]\nignor = []"), (TOML, "=")]
)
def test_an_error_names_the_file(top: Path, name: str, text: str) -> None:
    (top / ".git").mkdir()
    (top / name).write_text(text)
    with pytest.raises(SettingsError, match=f"^{top / name}: "):
        load_settings()


def test_a_folder_that_is_gone_holds_no_settings(top: Path) -> None:
    Path.cwd().rmdir()
    assert settings_file() is None


def test_without_a_home_only_the_working_folder_counts(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", nowhere)
    (top / YAML).write_text("ignore: [HY003]")
    assert settings_file() is None
    Path(YAML).write_text("ignore: [LC104]")
    assert settings_file() == Path(YAML)
