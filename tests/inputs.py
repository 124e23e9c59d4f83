"""Puts another function in place of an input of rules, for the time of a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tracker_diag.evidence import registry


def computed_by(monkeypatch: pytest.MonkeyPatch, name: str, compute: Callable[[], Any]) -> None:
    found = replace(registry.all_inputs()[name], needs=(), wants=(), compute=compute)
    monkeypatch.setitem(registry._INPUTS, name, found)
