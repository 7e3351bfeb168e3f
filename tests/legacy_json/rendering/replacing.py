"""A file that is there, and another one that is put in its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from legacy_json.rendering.replace import Placed, draft

OLD, NEW, EDIT = b'{"old": true}', b'{"new": true}' * 1000, b'{"edited": "by somebody else"}'


def replaced(path: Path, data: bytes = NEW, **options: Any) -> Placed:
    with draft(path, **options) as made:
        made.write(data[:100])
        made.write(data[100:])
        return made.replace()


def created(path: Path, data: bytes = NEW) -> Placed:
    with draft(path) as made:
        made.write(data)
        return made.create()
