from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from conversations.keys import SCOPED
from conversations.services import backups
from legacy_json.keys import Key
from legacy_json.positions import span_of
from migration_control.persons.registry import Files, Personal, register

LAST = "\U0010ffff"


def _scope(person: int) -> list[tuple[Key, Key]]:
    return [(f"{person}{SCOPED}", f"{person}{SCOPED}{LAST}")]


def _backups(person: int) -> Sequence[Path]:
    """Those of the chat, and what a backup that was killed left of them."""
    names = (f"*/{person}.json", f"*/.{person}.json-*")
    return sorted(path for name in names for path in backups.folder().glob(name))


def _days() -> tuple[Path, list[str]]:
    """A group chat's backup has what each of its people wrote."""
    top = backups.folder()
    return top, sorted(str(path.relative_to(top)) for path in top.glob("*/*.json*"))


register(
    Personal("profiles", spans=lambda person: [(person, person)]),
    Personal("conversations", spans=lambda person: [span_of(str(person))]),
    Personal("configuration", spans=_scope, common=True),
    Files("daily backups", _backups, shared=_days),
)
