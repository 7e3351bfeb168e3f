"""What one caller changed in a profile, put onto what others made of it meanwhile."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from conversations.models import Profile
from migration_control import fields, given
from migration_control.given import BadInput

MERGED = ("summary", "profile")
MOMENT, SIZE = 64, 256 * 1024  # characters of an entry's name; of all entries of a field, as JSON in ASCII


def apply(record: Profile, now: Mapping[str, Any], was: Mapping[str, Any] | None) -> None:
    """now: checked fields, as a caller wants them; was: as it read them, None if it read nothing."""
    for name, value in now.items():
        if name in MERGED:
            setattr(record, name, _merged(getattr(record, name), value, None if was is None else was.get(name, {})))
        elif was is None or name not in was:
            setattr(record, name, value)
        elif value != was[name]:
            counted = name == "message_count" and value > was[name]
            setattr(record, name, record.message_count + value - was[name] if counted else value)


def entries(name: str, value: object) -> dict[str, Any]:
    """A copy, as JSON gives it back. Raises BadInput."""
    if not isinstance(value, dict):
        raise BadInput(f"{name} has an entry for each moment: {type(value).__name__} is none.", name=name, value="")
    for key, entry in value.items():
        given.text(f"a moment of {name}", key, most=MOMENT)
        if name == "summary":
            given.text("a summary", entry, most=SIZE, empty=True)
    try:
        text = fields.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadInput(f"{name} is not JSON: {error}", name=name, value="") from error
    if len(text) > SIZE:
        raise BadInput(f"{name} has {len(text)} characters as JSON; {SIZE} is the most.", name=name, value=len(text))
    copied: dict[str, Any] = json.loads(text)
    return copied


def _merged(there: object, now: dict[str, Any], was: dict[str, Any] | None) -> dict[str, Any]:
    """In the order in which entries came."""
    merged = dict(there) if isinstance(there, dict) else {}
    before = was or {}
    for key in before:
        if key not in now:
            merged.pop(key, None)
    merged.update({key: value for key, value in now.items() if key not in before or before[key] != value})
    return merged
