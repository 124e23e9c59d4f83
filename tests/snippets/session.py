"""Runs what a page tells its reader to run: one folder, one shell, one Python a page."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import io
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from tests.copies import ROOT
from tests.mlflow_server import serving
from tests.snippets import command_lines
from tests.snippets.blocks import Block
from tracker_diag.cli import app

#: What pages may use where it is installed.
FRAMEWORKS = {"torch", "keras", "lightning", "transformers", "tensorflow", "datasets"}
_NEEDS = {"torch": "torch", "keras": "keras", "lightning": "lightning", "transformers": "transformers"}


@dataclass(slots=True)
class Session:
    """A reader at work: where, and with what in place of the addresses and names that pages give as examples."""

    folder: Path
    replaced: dict[str, str]
    stack: contextlib.ExitStack
    names: dict[str, Any] = field(default_factory=dict)
    lacking: set[str] = field(default_factory=set)

    def run(self, block: Block) -> str:
        """Run a block of commands or of Python; gives what is printed."""
        if block.language in ("python", "py"):
            return self._python(block)
        return "".join(self._command(self._real(line)) for line in command_lines.lines(block))

    def _real(self, text: str) -> str:
        for example, real in self.replaced.items():
            text = text.replace(example, real)
        return text

    def _python(self, block: Block) -> str:
        needs = {
            _NEEDS[name]
            for name in re.findall(r"tracker_diag\.probes(?:\.| import )(\w+)", block.text)
            if name in _NEEDS
        }
        for node in ast.walk(ast.parse(block.text)):
            if isinstance(node, ast.Import):
                needs |= {alias.name.partition(".")[0] for alias in node.names} & FRAMEWORKS
            if isinstance(node, ast.ImportFrom) and node.module:
                needs |= {node.module.partition(".")[0]} & FRAMEWORKS
        lacking = {name for name in needs if importlib.util.find_spec(name) is None}
        self.lacking |= lacking
        # What comes later on a page builds on what came before.
        if self.lacking:
            return ""
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(self._real(block.text), str(block), "exec"), self.names)
        return said.getvalue()

    def _command(self, line: str) -> str:
        if re.search(r"[|;<>&`]|\$\(|^for |^if ", re.sub(r"'[^']*'|\"[^\"]*\"", "", line).partition(" #")[0]):
            return self._shell(line)
        words = shlex.split(line, comments=True)
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            return self._shell(line)
        program = words[0].removeprefix(".venv/bin/") if words else ""
        match program:
            case "" | "cd":
                return ""
            case "export":
                os.environ |= dict(os.path.expandvars(word).split("=", 1) for word in words[1:])
                return ""
            case "pip":
                command_lines.check_pip(words[1:])
                return ""
            case "tracker-diag":
                return self._tracker_diag(words[1:])
            case "mlflow":
                return self._mlflow(words[1:])
            case "scripts/demo":
                return self._shell(f"python {shlex.quote(str(ROOT / 'scripts' / 'demo_runs.py'))}")
        return self._shell(line)

    def _tracker_diag(self, words: list[str]) -> str:
        result = CliRunner().invoke(app, words)
        if result.exit_code not in _codes(words):
            raise AssertionError(f"exit code {result.exit_code}: {words}\n{result.output}") from result.exception
        return result.output

    def _mlflow(self, words: list[str]) -> str:
        """Start the server that a page starts, on another port, for as long as the page is read."""
        assert words[0] in ("server", "ui"), words
        options = dict(zip(words[1::2], words[2::2], strict=True))
        store = options.pop("--backend-store-uri", "sqlite:///mlflow.db")
        port = options.pop("--port", "5000")
        options.pop("--host", None)
        options.pop("--workers", None)
        more = [word for pair in options.items() for word in pair]
        self.replaced[f"http://127.0.0.1:{port}"] = self.stack.enter_context(
            serving(self.folder, "--backend-store-uri", store, *more)
        )
        return ""

    def _shell(self, line: str) -> str:
        programs = self.folder / ".programs"
        programs.mkdir(exist_ok=True)
        for name, command in {"python": "", "tracker-diag": "-m tracker_diag"}.items():
            if not (programs / name).exists():
                (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {command} "$@"\n')
                (programs / name).chmod(0o755)
        paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
        done = subprocess.run(
            ["sh", "-e", "-c", line],
            env={
                **os.environ,
                "PATH": f"{programs}:{os.environ['PATH']}",
                "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode in _codes(line.split()), f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr


def _codes(words: list[str]) -> set[int]:
    """Exit codes that say that all went well: 1 is the answer of what may fail a job."""
    return {0, 1} if "--fail-on" in words or "committed" in words else {0}
