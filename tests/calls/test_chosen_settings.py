from __future__ import annotations

import pytest

from tracker_diag import Settings, diagnose
from tracker_diag.calls.chosen_settings import chosen
from tracker_diag.settings.settings import SettingsError

FALLS = [2 / epoch for epoch in range(1, 31)]
HISTORY = {"loss": FALLS, "val_loss": [loss + 0.002 * i**2 for i, loss in enumerate(FALLS)]}


def test_a_mapping_is_what_a_file_of_settings_holds() -> None:
    assert diagnose(HISTORY).verdict == "overfitting"
    assert diagnose(HISTORY, settings={"ignore": ["overfitting"]}).verdict != "overfitting"
    assert chosen({"ignore": ["LC104"]}) == Settings(ignore=("LC104",))
    assert chosen(None) == Settings()


def test_what_is_no_setting_is_one_line() -> None:
    with pytest.raises(SettingsError, match="settings: "):
        chosen({"ignroe": ["LC104"]})
    with pytest.raises(TypeError, match=r"give a tracker_diag.Settings or a dict such as .*, not list"):
        diagnose(HISTORY, settings=["overfitting"])  # type: ignore[arg-type]
