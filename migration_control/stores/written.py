"""What one commit of a store wrote, for whoever copies it on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from legacy_json.effects import Effect
from legacy_json.keys import Key
from legacy_json.records import Record as Legacy
from migration_control.records import Record


class Copy(NamedTuple):
    """A record of the database, as it is copied to JSON. record: None of a tombstone. effects: that JSON lacks."""

    key: Key
    version: int
    record: Record | None
    effects: tuple[Effect, ...] = ()


class Written(NamedTuple):
    """Of the JSON store. records: with their components' names, as they were committed, tombstones also.

    generations: of the index, by the components whose other store is written at once. effects: that took place, each
    once, with their components' names.
    """

    records: list[tuple[str, Legacy]]
    generations: dict[str, int]
    effects: Sequence[tuple[str, Effect]] = ()
