"""What W&B takes of tags."""

from types import MappingProxyType

from tracker_diag.core.own import TagPolicy

POLICY = TagPolicy(longest=8000, reserved=MappingProxyType({"wandb.": "W&B keeps its own facts there"}))
