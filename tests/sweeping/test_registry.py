from __future__ import annotations

import pytest

from tests.sweeping.formats.conftest import SWEPT
from tracker_diag.sweeping.document import ANYTHING, said
from tracker_diag.sweeping.registry import names, render
from tracker_diag.sweeping.result import Swept


def test_a_format_is_a_file() -> None:
    assert {"csv", "github", "json", "junit", "markdown", "sarif"} <= set(names())


@pytest.mark.parametrize("name", names())
def test_every_format_is_text_that_ends_with_a_line(name: str) -> None:
    for swept in (SWEPT, Swept()):
        text = render(name, swept, ANYTHING)
        assert text == "" or text.endswith("\n")
        text.encode()


def test_a_cause_is_named_once() -> None:
    cnn, resnet, healthy = SWEPT.rows
    assert said(cnn).count("exploding-gradients") == 1
    assert said(resnet).endswith("; most likely no-early-stopping")
    assert said(healthy) == "good-fit: all is well"
