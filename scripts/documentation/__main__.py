from __future__ import annotations

import sys
from pathlib import Path

from scripts.documentation.pages import made, outdated

ROOT = Path(__file__).parents[2]


def main() -> int:
    wanted = made()
    changed = outdated(ROOT, wanted)
    if sys.argv[1:] == ["--check"]:
        print("\n".join(f"out of date: {name}; scripts/docs writes it" for name in changed) or "all up to date")
        return 1 if changed else 0
    for name in changed:
        path = ROOT / name
        if name not in wanted:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[name], encoding="utf-8")
    print(f"{len(wanted)} files, {len(changed)} changed")
    return 0


sys.exit(main())
