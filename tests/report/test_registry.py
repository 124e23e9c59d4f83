"""A format is one new file, or a function of another package: it is listed, offered and used without any other edit."""

from __future__ import annotations

import ast
import io
import shutil
from pathlib import Path

import pytest
from rich.console import Console

import tracker_diag
from tests.copies import install, python
from tracker_diag.core.finding import Severity
from tracker_diag.core.plugins import FORMATS
from tracker_diag.core.report import Report
from tracker_diag.report import formats, registry
from tracker_diag.report.registry import UnknownFormatError, find_format, names, render
from tracker_diag.report.schema import read_report, to_json

SOURCE = Path(tracker_diag.__file__).parent
FILES = sorted(path for path in Path(formats.__path__[0]).glob("*.py") if path.stem != "__init__")

FORMAT = '''"""The verdict in capitals, for those who are far from the screen."""


def render(report):
    """Write the verdict."""
    return report.verdict.upper()
'''

PACKAGE = """
import sys

print("imported", file=sys.stderr)
NUMBER = 7


def short(report, *, mark="!"):
    return f"{report.verdict}{mark}"


def ruler(report, console):
    return "-" * console.width


def html(report):
    return "not yours"


def raises(report):
    raise KeyError("first\\nsecond")


def nothing(report):
    return None


def greedy(report, console, more):
    return ""
"""

POINTS = {
    **{name: f"acme_formats:{name}" for name in ("short", "ruler", "html", "lost", "raises", "nothing", "greedy")},
    "number": "acme_formats:NUMBER",
    "gone": "acme_nowhere:render",
}


def console() -> Console:
    return Console(file=io.StringIO(), width=80, legacy_windows=False)


def diag(folder: Path, *words: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command line."""
    done = python("-m", "tracker_diag", *words, first=folder, cwd=folder)
    return done.returncode, done.stdout, done.stderr


def offered(folder: Path, command: str) -> str:
    """What the help of a command says, on one line."""
    code, said, complained = diag(folder, command, "--help")
    assert (code, complained) == (0, "")
    return " ".join(said.split())


@pytest.mark.parametrize("name", names())
def test_every_format_renders_every_report(name: str, report: Report) -> None:
    page = console()
    text = render(name, report, page)
    assert text or report.severity.rank < Severity.WARNING.rank
    assert text == render(name, report, console())
    assert isinstance(page.file, io.StringIO)
    assert page.file.getvalue() == ""


def test_the_default_comes_first_then_the_other_files_by_name() -> None:
    assert names()[0] == registry.DEFAULT == "text"
    assert list(names()[1:]) == [path.stem for path in FILES if path.stem != "text"]


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_a_format_says_first_what_it_is_for(file: Path) -> None:
    first = (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").partition("\n")[0]
    assert first.endswith(".")
    assert len(first.split()) > 4


def test_an_unknown_format_names_those_that_there_are() -> None:
    with pytest.raises(UnknownFormatError, match=f"^format xml: choose one of {', '.join(names())}$"):
        find_format("xml")
    assert issubclass(UnknownFormatError, ValueError)


def test_a_defect_of_ours_is_not_taken_for_one_of_another_package(
    samples: dict[str, Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(report: Report) -> str:
        raise KeyError(report.verdict)

    monkeypatch.setattr(registry, "find_format", lambda _: fails)
    with pytest.raises(KeyError, match="overfitting"):
        render("html", samples["overfitting"], console())


def test_names_import_no_format(tmp_path: Path) -> None:
    done = python(
        "-c",
        "import sys\n"
        "from tracker_diag.report.registry import names\n"
        "names()\n"
        "print(*[m for m in sys.modules if m.startswith('tracker_diag.report.formats.')"
        " or m in ('rich', 'jinja2', 'pydantic', 'numpy')])",
    )
    assert (done.stdout, done.stderr) == ("\n", "")


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory, samples: dict[str, Report]) -> Path:
    """A copy of the package with one more format in it, and a report."""
    folder = tmp_path_factory.mktemp("copied")
    shutil.copytree(SOURCE, folder / "tracker_diag", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "tracker_diag" / "report" / "formats" / "capitals.py").write_text(FORMAT, encoding="utf-8")
    (folder / "report.json").write_bytes(to_json(samples["overfitting"]))
    return folder


WITH_CAPITALS = sorted({*names(), "capitals"}, key=lambda name: (name != "text", name))


@pytest.mark.parametrize("command", ["report", "diagnose"])
def test_a_new_file_is_offered(copied: Path, command: str) -> None:
    assert f"{', '.join(WITH_CAPITALS[:-1])} or {WITH_CAPITALS[-1]}" in offered(copied, command)


def test_a_new_file_is_used(copied: Path) -> None:
    assert diag(copied, "report", "report.json", "--format", "capitals") == (0, "OVERFITTING\n", "")


def test_a_new_file_is_among_the_choices(copied: Path) -> None:
    said = f"error: --format xml: choose one of {', '.join(WITH_CAPITALS)}\n"
    assert diag(copied, "report", "report.json", "--format", "xml") == (2, "", said)


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory, samples: dict[str, Report]) -> Path:
    """A folder with another package that adds formats, as an installer leaves it, and a report."""
    folder = tmp_path_factory.mktemp("others")
    install(folder, "acme-formats", {"acme_formats": PACKAGE}, {FORMATS: POINTS})
    (folder / "report.json").write_bytes(to_json(samples["overfitting"]))
    return folder


@pytest.mark.parametrize("command", ["report", "diagnose"])
def test_formats_of_others_are_offered_last_and_not_imported(others: Path, command: str) -> None:
    said = f"{', '.join(names())}, gone, greedy, lost, nothing, number, raises, ruler or short"
    assert said in offered(others, command)


def test_formats_of_others_are_not_imported_for_ours(others: Path) -> None:
    saved = read_report((others / "report.json").read_text(encoding="utf-8"))
    text = render("markdown", saved, console())
    assert diag(others, "report", "report.json", "--format", "markdown") == (0, text, "")


@pytest.mark.parametrize(("name", "text"), [("short", "overfitting!\n"), ("ruler", "-" * 100 + "\n")])
def test_a_format_of_another_package_is_used(others: Path, name: str, text: str) -> None:
    assert diag(others, "report", "report.json", "--format", name) == (0, text, "imported\n")


def test_a_name_of_ours_stays_ours(others: Path) -> None:
    code, said, complained = diag(others, "report", "report.json", "--format", "html")
    assert (code, said.startswith("<!doctype html>")) == (0, True)
    assert complained == (
        "tracker_diag.formats 'html' of acme-formats 1.0 is left out: tracker_diag has one of that name\n"
    )


def test_a_stream_of_another_encoding_gets_no_letter_that_it_has_not(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    code, said, complained = diag(copied, "report", "report.json")
    assert (code, complained) == (0, "")
    assert said.isascii()
    assert "-> Add dropout" in said


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("gone", 2, "tracker_diag.formats 'gone' of acme-formats 1.0 cannot be used: ModuleNotFoundError: "),
        ("lost", 2, "tracker_diag.formats 'lost' of acme-formats 1.0 cannot be used: AttributeError: "),
        ("number", 2, "format number (acme_formats:NUMBER) cannot be used: it is no function"),
        ("raises", 4, r"format raises (acme_formats:raises) failed: KeyError: 'first\nsecond'"),
        ("nothing", 4, "format nothing (acme_formats:nothing) failed: TypeError: it gave NoneType in place of str"),
        ("greedy", 4, "format greedy (acme_formats:greedy) failed: TypeError: greedy() missing 1 required "),
    ],
)
def test_a_broken_format_of_another_package_is_one_line(others: Path, name: str, code: int, said: str) -> None:
    left, shown, complained = diag(others, "report", "report.json", "--format", name)
    lines = [line for line in complained.splitlines() if line != "imported"]
    assert (left, shown, len(lines)) == (code, "", 1)
    assert lines[0].startswith(f"error: {said}")
