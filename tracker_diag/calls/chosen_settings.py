"""Settings as they are given to a call: as such, or as the mapping that a file would hold."""

from __future__ import annotations

from collections.abc import Mapping

from tracker_diag.settings.settings import Settings, parse_settings


def chosen(settings: object) -> Settings:
    """Take what a caller gives as settings; None means the defaults.

    Raises
    ------
    SettingsError
        If the mapping holds what is no setting.
    TypeError
        If it is neither.
    """
    if settings is None:
        return Settings()
    if isinstance(settings, Settings):
        return settings
    if isinstance(settings, Mapping):
        return parse_settings(dict(settings), where="settings")
    kind = type(settings).__name__
    raise TypeError(f"settings: give a tracker_diag.Settings or a dict such as {{'ignore': ['HY003']}}, not {kind}")
