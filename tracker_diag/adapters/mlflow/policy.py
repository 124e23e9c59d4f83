"""What MLflow takes of tags."""

from types import MappingProxyType

from tracker_diag.core.own import TagPolicy

POLICY = TagPolicy(longest=5000, reserved=MappingProxyType({"mlflow.": "MLflow keeps its own tags there"}))
