"""What the key of an analytics entry says: `202501:0000000003`, `metrics:current`."""

from __future__ import annotations

from typing import Any

from legacy_json.keys import Key


def columns(key: Key) -> dict[str, Any]:
    """Columns that follow from the key."""
    return {"file": str(key).rpartition(":")[0]}
