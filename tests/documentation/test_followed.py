"""A page is followed as a reader would, and what came is written into it."""

from __future__ import annotations

from pathlib import Path

from scripts.documentation.followed import followed

PAGE = """# A page

```sh
export GREETING=hello
echo first
```

```text
old
```

<!-- not run: it would fail -->
```sh
exit 1
```

```python
print("nobody shows this")
```

Words.

```text
not an output: words stand between
```

```sh
echo "$GREETING"; echo; echo '  there  '
```

```text
```
"""


def test_outputs_are_written_where_they_are_shown(tmp_path: Path) -> None:
    assert followed(PAGE, tmp_path) == (
        PAGE.replace("```text\nold\n", "```text\nfirst\n").replace("```text\n```\n", "```text\nhello\n\n  there\n```\n")
    )
