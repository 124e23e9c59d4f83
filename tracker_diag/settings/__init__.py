"""What a user may set, and where it is read."""

from tracker_diag.settings.settings import Settings, load_settings

__all__ = ["Settings", "load_settings"]
