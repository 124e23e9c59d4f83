"""The Dockerfile: what decides whether its image may run where nothing is trusted."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _instructions(text: str) -> list[tuple[str, str]]:
    """Names and arguments, with continued lines joined and comments left out."""
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#")).replace("\\\n", " ")
    return [
        (name.upper(), rest.strip()) for name, _, rest in (line.partition(" ") for line in lines.splitlines() if line)
    ]


INSTRUCTIONS = _instructions((ROOT / "Dockerfile").read_text(encoding="utf-8"))
LAST = INSTRUCTIONS[max(i for i, (name, _) in enumerate(INSTRUCTIONS) if name == "FROM") :]


def _last(name: str) -> str:
    return [rest for known, rest in LAST if known == name][-1]


def test_the_bases_are_slim_and_name_a_minor_version_that_the_package_runs_on() -> None:
    bases = {rest.split()[0] for name, rest in INSTRUCTIONS if name == "FROM"}
    (version,) = {re.fullmatch(r"python:(3\.\d+)-slim-[a-z]+", base)[1] for base in bases}  # type: ignore[index]
    assert f"Programming Language :: Python :: {version}" in PROJECT["project"]["classifiers"]


def test_nobody_is_root_whom_kubernetes_could_not_tell_from_root() -> None:
    names = [name for name, _ in LAST]
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", _last("USER"))
    # What comes later would be written by that user, into folders that are not for writing.
    assert not {"RUN", "COPY", "ADD"} & set(names[names.index("USER") :])


def test_nothing_is_fetched_but_by_pip_and_nothing_of_the_build_is_left() -> None:
    assert not [rest for name, rest in INSTRUCTIONS if name == "ADD" or "curl" in rest or "wget" in rest]
    assert [rest.split()[0] for name, rest in LAST if name == "COPY"] == ["--from=build"]
    assert "RUN" not in {name for name, _ in LAST}


def test_it_runs_the_command_that_the_package_installs() -> None:
    (command,) = json.loads(_last("ENTRYPOINT"))
    assert command in PROJECT["project"]["scripts"]
    assert json.loads(_last("CMD")) == ["--help"]
    (folder,) = {shlex.split(rest)[-1] for name, rest in LAST if name == "COPY"}
    environment = dict(word.split("=", 1) for word in shlex.split(_last("ENV")))
    assert environment["PATH"].startswith(f"{folder}/bin:")
    assert environment["HOME"] == "/tmp"
    assert _last("WORKDIR") != "/tmp"


def test_its_labels_say_what_the_project_says() -> None:
    labels = dict(word.split("=", 1) for word in shlex.split(_last("LABEL")))
    prefix = "org.opencontainers.image."
    urls = PROJECT["project"]["urls"]
    assert {key.removeprefix(prefix) for key in labels} == {
        *("title", "description", "licenses"),
        *("url", "source", "documentation"),
    }
    assert labels[f"{prefix}title"] == PROJECT["project"]["name"]
    assert labels[f"{prefix}licenses"] == PROJECT["project"]["license"]
    for label, name in {"url": "Homepage", "source": "Source", "documentation": "Documentation"}.items():
        assert labels[f"{prefix}{label}"] == urls[name]


def test_what_is_copied_is_sent_to_the_builder_and_is_all_that_pip_needs() -> None:
    copied = {
        word for name, rest in INSTRUCTIONS if name == "COPY" and "--from" not in rest for word in rest.split()[:-1]
    }
    ignore = [x for x in (ROOT / ".dockerignore").read_text().splitlines() if x and not x.startswith("#")]
    assert ignore[0] == "*"
    assert {line.removeprefix("!") for line in ignore if line.startswith("!")} == copied
    hatch = PROJECT["tool"]["hatch"]
    pages = {part["path"] for part in hatch["metadata"]["hooks"]["fancy-pypi-readme"]["fragments"]}
    licences = set(PROJECT["project"]["license-files"])
    assert copied == {"pyproject.toml", *pages, *licences, *hatch["build"]["targets"]["wheel"]["packages"]}


def test_the_extras_that_it_installs_exist() -> None:
    (extras,) = [
        found[1] for name, rest in INSTRUCTIONS if name == "RUN" and (found := re.search(r"\.\[([\w,]+)\]", rest))
    ]
    assert set(extras.split(",")) <= set(PROJECT["project"]["optional-dependencies"])


@pytest.mark.parametrize("text", ["FROM a\n# c\nRUN b && \\\n    c\n", "from a\nRUN b &&  c\n"])
def test_instructions_are_read_as_docker_reads_them(text: str) -> None:
    assert [(name, rest.split()) for name, rest in _instructions(text)] == [
        ("FROM", ["a"]),
        ("RUN", ["b", "&&", "c"]),
    ]
