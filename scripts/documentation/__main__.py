from __future__ import annotations

import sys
from pathlib import Path

from scripts.documentation.pages import outdated, pages

DOCS = Path("docs")


def main() -> int:
    wanted = pages()
    changed = outdated(DOCS, wanted)
    if sys.argv[1:] == ["--check"]:
        print("\n".join(f"out of date: docs/{name}" for name in changed) or "docs/ is up to date")
        return 1 if changed else 0
    for name in changed:
        path = DOCS / name
        if name not in wanted:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[name], encoding="utf-8")
    print(f"{len(wanted)} pages, {len(changed)} changed")
    return 0


sys.exit(main())
