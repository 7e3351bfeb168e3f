"""What the index keeps and hands out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple

from legacy_json.keys import Key
from legacy_json.texts import printable

NEVER = -1  # synced, before the database has confirmed any version
DUPLICATE_VALUE = "duplicate-value"  # the finding of a record that shares a unique value with one before it
DUPLICATE_KEY = "duplicate-key"  # the finding of an entry beside a record of the same key, which is none itself
SUPERSEDED = "superseded"  # the same, of an older generation: no defect, and counted by itself


def supersedes(version: int, present: int) -> bool:
    """Whether a copy of that version is applied to a record, or its tombstone, of the present one."""
    return version > present


class State(IntEnum):
    LIVE = 0
    DELETED = 1
    QUARANTINED = 2
    PRUNED = 3  # below the component's floor: in the file, and nowhere else


class Outcome(StrEnum):
    QUARANTINED = "quarantined"
    REPAIRED = "repaired"
    REPORTED = "reported"


class Phase(StrEnum):
    READING = "reading"
    MAPPING = "mapping"


class Finding(NamedTuple):
    """Something odd about one source entry, and what became of it.

    raw: its bytes in the file; of an entry that lost its key to another, and of an embedded
    record, the same as compact JSON. A finding without an ordinal is about the file itself.
    """

    component: str
    key: Key | None
    source: str
    ordinal: int | None
    phase: Phase
    outcome: Outcome
    code: str
    detail: str
    raw: bytes | None

    def storable(self) -> Finding:
        """Its texts may quote what neither a database nor a terminal takes."""
        return self._replace(source=printable(self.source), detail=printable(self.detail))


class Record(NamedTuple):
    """odd: json.loads has to decode the document, because msgspec would not."""

    key: Key
    version: int
    state: State
    duplicate: int
    odd: int
    file: int
    ordinal: int
    document: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """All pending records of a range of keys, in key order, from one snapshot.

    counter and generation let a late acknowledgement be ignored.
    """

    component: str
    records: Sequence[Record]
    counter: int
    generation: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where every source entry of a component is. entries: counted by the reader, not from the rows."""

    component: str
    entries: int
    imported: int
    quarantined: int
    deleted: int
    pending: int
    repaired: int
    pruned: int
    tombstones: int  # deletions among `deleted` and `pending`: these are no entries of the file any more
    superseded: int = 0  # in an older generation's file, beside the newer record of the same key

    @property
    def total(self) -> int:
        return self.entries + self.tombstones

    @property
    def balanced(self) -> bool:
        apart = self.quarantined + self.superseded
        return self.imported + apart + self.deleted + self.pruned + self.pending == self.total
