"""Follows pages as a reader would, and writes what came into the outputs that they show.

    python -m scripts.documentation.followed                 the tutorial and the quickstart for files
    python -m scripts.documentation.followed PAGE …          other pages

A block of commands or of Python is run, in a folder of its own for each page, unless ``<!-- not run: REASON -->``
stands before it. A block ``text`` right after it is the output that is shown.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = ("docs/getting-started/files.md", "docs/getting-started/tutorial.md")
COLUMNS = "100"
_BLOCK = re.compile(
    r"(?P<skip><!-- not run:.*?-->\n)?^```(?P<language>sh|python)\n(?P<code>.*?)^```\n"
    r"(?:\n```text\n)?(?P<shown>(?<=```text\n).*?^```\n)?",
    re.MULTILINE | re.DOTALL,
)
_EXPORT = re.compile(r"^export .*$", re.MULTILINE)


def followed(text: str, folder: Path) -> str:
    """The text of a page with the outputs that its commands have."""
    programs = folder / ".programs"
    programs.mkdir()
    for name, module in {"python": "", "tracker-diag": "-m tracker_diag "}.items():
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {module}"$@"\n')
        (programs / name).chmod(0o755)
    exports: list[str] = []

    def run(block: re.Match[str]) -> str:
        if block["skip"]:
            return block[0]
        code = block["code"]
        if block["language"] == "python":
            command = [sys.executable, "-c", code]
        else:
            code = code.replace("scripts/demo\n", f"python {ROOT / 'scripts' / 'demo_runs.py'}\n")
            command = ["sh", "-e", "-c", "\n".join([*exports, code])]
            exports.extend(_EXPORT.findall(code))
        done = subprocess.run(
            command,
            cwd=folder,
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "WANDB_"))},
                "PATH": f"{programs}:{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT),
                "COLUMNS": COLUMNS,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        if block["shown"] is None:
            return block[0]
        output = "".join(f"{line.rstrip()}\n" for line in done.stdout.strip("\n").splitlines())
        return f"{block[0].removesuffix(block['shown'])}{output}```\n"

    return _BLOCK.sub(run, text)


def main(names: list[str]) -> None:
    """Write the outputs into each page."""
    for name in names:
        page = ROOT / name
        with tempfile.TemporaryDirectory() as folder:
            page.write_text(followed(page.read_text(encoding="utf-8"), Path(folder)), encoding="utf-8")
        print(f"{name}: followed")


if __name__ == "__main__":
    main(sys.argv[1:] or list(PAGES))
