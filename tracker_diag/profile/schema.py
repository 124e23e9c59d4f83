"""The profile's JSON schema: ``python -m tracker_diag.profile.schema > docs/reference/profile.schema.json``."""

from __future__ import annotations

import json
import sys
from typing import Any

from tracker_diag.core.profile_schema import Profile


def schema() -> dict[str, Any]:
    """JSON Schema of what ``profile_data`` returns."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Profile.model_json_schema(mode="serialization"),
    }


if __name__ == "__main__":
    json.dump(schema(), sys.stdout, indent=2)
    sys.stdout.write("\n")
