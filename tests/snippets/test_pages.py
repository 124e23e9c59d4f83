"""What pages tell to run runs; what they show to copy is read; what they cannot run here is at least understood.

README.md and the pages for newcomers also show what comes out, in a block ``text`` after the commands. A line ``…``
stands for what is left out. To accept other output, run with UPDATE_SNAPSHOTS=1 and read the difference.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.copies import ROOT
from tests.snippets.blocks import PYTHON, SHELL, Block, blocks, blocks_of, pages
from tests.snippets.command_lines import check_ours, check_pip, lines, ours
from tests.snippets.outputs import missing, renewed
from tests.snippets.session import Session
from tracker_diag.settings.settings import Settings, parse_settings

#: Pages whose output is held against what comes.
COMPARED = (ROOT / "README.md", *(ROOT / "docs" / "getting-started").glob("*.md"))
#: More than these would be a documentation that nobody tries.
MOST_NOT_RUN = 25

BLOCKS = [block for page in pages() for block in blocks(page)]
RUN = [block for block in BLOCKS if block.language in (*SHELL, *PYTHON) and block.not_run is None]
NOT_RUN = [block for block in BLOCKS if block.not_run is not None]
#: Languages that are neither run nor read: output, and pictures.
SHOWN = {"text", "mermaid", ""}
READERS: dict[str, Callable[[str], Any]] = {
    "yaml": lambda text: list(yaml.safe_load_all(text)),
    "json": json.loads,
    "toml": tomllib.loads,
}


def _name(value: Block | Path) -> str:
    return str(value) if isinstance(value, Block) else str(value.relative_to(ROOT))


# MLflow's own, when it looks at a frame.
@pytest.mark.filterwarnings("ignore:Starting with pandas version 4.0:DeprecationWarning")
@pytest.mark.parametrize("page", sorted({block.page for block in RUN}), ids=_name)
def test_what_a_page_tells_to_run_runs(page: Path, reading: Callable[[str], Session]) -> None:
    told = [block for block in RUN if block.page == page]
    session = reading("".join(block.text for block in told))
    new = page.read_text(encoding="utf-8")
    for block in told:
        try:
            came = session.run(block)
        except BaseException as error:
            error.add_note(f"in {block}:\n{block.text}")
            raise
        if page not in COMPARED or block.shown is None or session.lacking:
            continue
        if os.environ.get("UPDATE_SNAPSHOTS"):
            new = new.replace(block.shown, renewed(block.shown, came))
            page.write_text(new, encoding="utf-8")
        else:
            lost = missing(block.shown, came)
            assert lost is None, f"{block} shows\n{lost}\nand what came is\n{came}"
    if session.lacking:
        pytest.skip(f"{_name(page)} needs {', '.join(sorted(session.lacking))}")


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language in READERS], ids=_name)
def test_what_is_to_be_copied_is_read(block: Block) -> None:
    found = READERS[block.language](block.text)
    for document in found if isinstance(found, list) else [found]:
        if isinstance(document, dict) and document.keys() <= Settings.model_fields.keys():
            parse_settings(document)
        for servers in ("mcpServers", "servers"):
            for server in document.get(servers, {}).values() if isinstance(document, dict) else ():
                check_ours(
                    server["args"][server["args"].index("tracker-diag") + 1 :]
                    if server["command"] != "tracker-diag"
                    else server["args"]
                )


@pytest.mark.parametrize("block", NOT_RUN, ids=_name)
def test_what_cannot_run_here_is_understood(block: Block) -> None:
    assert block.not_run
    if block.language in PYTHON:
        return
    assert block.language in SHELL
    for line in lines(block):
        for words in ours(line):
            check_ours(words)
        if line.startswith("pip "):
            check_pip(line.split()[1:])


def test_few_blocks_are_not_run() -> None:
    assert len(NOT_RUN) <= MOST_NOT_RUN
    assert len(RUN) > 2 * len(NOT_RUN)


def test_every_block_has_a_language_that_is_known() -> None:
    assert {block.language for block in BLOCKS} <= {*SHELL, *PYTHON, *READERS, *SHOWN}


PAGE = """
<!-- not run: it needs an account -->

```sh
tracker-diag sweep --all   # a remark
docker run x tracker-diag:1.0 sweep \\
  --since 7d | cat
```

- in a list

  ```console
  $ tracker-diag rules
  a line
  ```

```text
shown
```
"""


def test_blocks_are_read_with_what_stands_around_them() -> None:
    first, second, third = blocks_of(PAGE, ROOT / "README.md")
    assert (first.language, first.not_run, first.line, first.shown) == ("sh", "it needs an account", 4, None)
    assert [ours(line) for line in lines(first)] == [[["sweep", "--all"]], [["sweep", "--since", "7d"]]]
    assert (second.not_run, lines(second), second.shown) == (None, ["tracker-diag rules"], "shown\n")
    assert (third.language, third.text) == ("text", "shown\n")


@pytest.mark.parametrize(
    ("words", "error"), [(["sweep", "--everything"], "No such option"), (["swep"], "no such command: swep")]
)
def test_a_command_that_is_not_there_is_seen(words: list[str], error: str) -> None:
    with pytest.raises(Exception, match=error):
        check_ours(words)


@pytest.mark.parametrize("word", ["tracker-diag[kubernetes]", ".[kubernetes]"])
def test_an_extra_that_is_not_there_is_seen(word: str) -> None:
    with pytest.raises(AssertionError, match="kubernetes"):
        check_pip(["install", word])
