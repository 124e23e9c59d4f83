"""What would be released: built here without the network, and read as PyPI, pip and a packager read it."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from readme_renderer import markdown

from scripts.releasing.building import Built, same, sdist_files, wheel_files
from scripts.releasing.steps import StepError, run, step
from tests.copies import ROOT
from tracker_diag.core.project import REPOSITORY, SITE
from tracker_diag.core.version import __version__

README = (ROOT / "README.md").read_text(encoding="utf-8")


def _build(tree: Path, folder: Path) -> None:
    run(sys.executable, "-m", "hatchling", "build", "-d", folder, cwd=tree)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("dist")
    _build(ROOT, folder)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return Built(sdist, wheel)


@pytest.fixture(scope="module")
def metadata(built: Built) -> Message:
    files = wheel_files(built.wheel)
    (name,) = [name for name in files if name.endswith(".dist-info/METADATA")]
    return Parser().parsestr(files[name].decode("utf-8"))


def test_the_wheel_holds_the_package_as_git_has_it_and_nothing_else(built: Built) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "tracker_diag"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    there = {name for name in listed if (ROOT / name).is_file()}
    files = {name for name in wheel_files(built.wheel) if ".dist-info/" not in name}
    assert files == there
    assert {Path(name).suffix for name in files} == {".py", ".typed", ".j2", ".js", ".yaml"}


def test_the_sdist_holds_what_a_build_needs_and_neither_tests_nor_pages(built: Built, tmp_path: Path) -> None:
    names = set(sdist_files(built.sdist))
    assert {name.partition("/")[0] for name in names} == {
        *("tracker_diag", "pyproject.toml", "PKG-INFO", ".gitignore"),
        *("README.md", "CHANGELOG.md", "LICENSE", "CITATION.cff", "SECURITY.md"),
    }
    with tarfile.open(built.sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (tree,) = tmp_path.iterdir()
    _build(tree, tmp_path / "again")
    (wheel,) = (tmp_path / "again").glob("*.whl")
    assert same(wheel, built.wheel) > 500


def test_wheels_that_differ_are_told_apart(tmp_path: Path) -> None:
    contents: dict[str, dict[str, str]] = {
        "a.whl": {"x.py": "1", "y.py": "2", "p.dist-info/RECORD": "here"},
        "b.whl": {"x.py": "1", "y.py": "3", "z.py": "", "p.dist-info/RECORD": "there"},
    }
    for wheel, files in contents.items():
        with zipfile.ZipFile(tmp_path / wheel, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
    assert same(tmp_path / "a.whl", tmp_path / "a.whl") == 2
    with pytest.raises(StepError, match=r"differ in 2 files: y\.py, z\.py$"):
        same(tmp_path / "a.whl", tmp_path / "b.whl")


def test_the_metadata_say_what_the_project_says(metadata: Message) -> None:
    assert (metadata["Name"], metadata["Version"]) == ("tracker-diag", __version__)
    assert (metadata["License-Expression"], metadata.get_all("License-File")) == ("Apache-2.0", ["LICENSE"])
    urls = dict(line.split(", ") for line in metadata.get_all("Project-URL", []))
    assert urls.keys() == {"Homepage", "Documentation", "Source", "Changelog", "Issues"}
    assert (urls["Homepage"], urls["Source"], urls["Documentation"]) == (REPOSITORY, REPOSITORY, SITE)
    assert all(url.startswith((REPOSITORY, SITE)) for url in urls.values())
    assert (ROOT / urls["Changelog"].removeprefix(f"{REPOSITORY}/blob/main/")).is_file()


class _Addresses(HTMLParser):
    """Where links and pictures of a page lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("href", "src")]


def test_the_page_on_pypi_leads_to_files_that_are_there(metadata: Message) -> None:
    page = markdown.render(metadata.get_payload())
    assert page is not None
    addresses = _Addresses(page).found
    assert len(addresses) > 10
    files = f"{REPOSITORY}/blob/v{__version__}/"
    pictures = f"{files.replace('github.com', 'raw.githubusercontent.com').replace('/blob/', '/')}docs/images/"
    assert any(address.startswith(pictures) for address in addresses)
    for address in addresses:
        assert address.startswith(("https://", "#")), address
        for place in (files, files.replace("github.com", "raw.githubusercontent.com").replace("/blob/", "/")):
            if address.startswith(place):
                assert (ROOT / address.removeprefix(place).partition("#")[0]).exists(), address


def test_the_page_on_pypi_has_the_code_of_the_readme(metadata: Message) -> None:
    blocks = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
    assert blocks.findall(README)
    assert blocks.findall(metadata.get_payload()) == blocks.findall(README)


def test_the_licence_is_apache_to_the_letter() -> None:
    text = (ROOT / "LICENSE").read_bytes()
    assert sha256(text).hexdigest() == "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


def test_the_citation_says_what_the_project_says() -> None:
    cited: dict[str, Any] = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= cited.keys()
    assert (cited["license"], cited["repository-code"], cited["url"]) == ("Apache-2.0", REPOSITORY, SITE)
    # It stands in tracker_diag/core/version.py, and nowhere else.
    assert "version" not in cited


def test_a_vulnerability_is_reported_in_private() -> None:
    page = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert f"]({REPOSITORY}/security/advisories/new)" in page
    assert (ROOT / "docs" / "safety.md").is_file()
    assert f"]({SITE}safety/)" in page


def test_a_step_prints_one_line_and_a_failure_is_seen_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with step("Counting") as said:
        said.append("3 files")
    with pytest.raises(StepError, match=r"(?s)exit code 3, not 0.out.err"), step("Failing"):
        run(sys.executable, "-c", "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)", cwd=tmp_path)
    assert re.fullmatch(r"Counting … 3 files \(\d+ s\)\nFailing … failed\n", capsys.readouterr().out)
