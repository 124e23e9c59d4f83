"""The built site as its readers' browsers have it: pages, links, anchors, and what it asks for."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from tests.copies import ROOT
from tracker_diag.core.project import SITE

#: What a browser asks a server for without a click.
ASKING = {
    "script": ("src",),
    "img": ("src", "srcset"),
    "iframe": ("src",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "image": ("href",),
}
ASKING_LINKS = {"stylesheet", "icon", "preconnect", "dns-prefetch", "preload", "modulepreload", "manifest"}


@dataclass(slots=True)
class Read(HTMLParser):
    """A page: the ids in it, where its links lead, those of its navigation, and what it asks for by itself."""

    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    navigation: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    _inside: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self.ids |= {known[name] for name in ("id", "name") if name in known and (name == "id" or tag == "a")}
        if tag == "nav":
            self._inside.append(known.get("class", ""))
        if tag == "a" and "href" in known:
            self.links.append(known["href"])
            if any("md-nav--primary" in name for name in self._inside):
                self.navigation.append(known["href"])
        self.asked += [known[name] for name in ASKING.get(tag, ()) if name in known]
        if tag == "link" and ASKING_LINKS & set(known.get("rel", "").split()):
            self.asked.append(known.get("href", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "nav":
            self._inside.pop()


@dataclass(frozen=True, slots=True)
class Site:
    """A folder that ``mkdocs build`` made, and its pages by their path below it."""

    folder: Path
    pages: dict[str, Read]

    def goal(self, page: str, link: str) -> tuple[str, str] | None:
        """The file below the folder that a link of a page leads to, and the anchor; None where it leads elsewhere."""
        whole = urljoin(SITE + page, link)
        if not whole.startswith(SITE):
            return None
        parts = urlsplit(whole.removeprefix(SITE))
        path = unquote(parts.path)
        return (path + "index.html" if path.endswith("/") or not path else path), unquote(parts.fragment)


def build(folder: Path, config: Path = ROOT / "mkdocs.yml") -> subprocess.CompletedProcess[str]:
    """Build the site as CI does: a warning is an error."""
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", str(config), "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def read(folder: Path) -> Site:
    """Read all pages of a built site."""
    pages = {}
    for path in sorted(folder.rglob("*.html")):
        page = Read()
        page.feed(path.read_text(encoding="utf-8"))
        pages[path.relative_to(folder).as_posix()] = page
    return Site(folder, pages)
