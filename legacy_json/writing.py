"""Writing to the JSON store: one SQLite commit of one or several records, whose cost does not grow with their number.

The file is rendered later, from the index. Under the store's lock nothing is rendered and no network waited for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from legacy_json import commits, effects, findings, inbox
from legacy_json.burying import bury, release
from legacy_json.connections import LOCK_SECONDS
from legacy_json.documents import written
from legacy_json.effects import Effect
from legacy_json.errors import AlreadyThere, FenceClosed, KeyReserved, NotItsKey, NotThere, Pruned, Stale, Unholdable
from legacy_json.fences import Fence, check_open
from legacy_json.filing import Filing, Spot
from legacy_json.inbox import Entry
from legacy_json.index import Index
from legacy_json.keys import BadKey, Key, below
from legacy_json.layouts import Collection
from legacy_json.places import Places
from legacy_json.present import Present
from legacy_json.records import NEVER, Record, State
from legacy_json.unique import Lookups, Marked

Identity = tuple[str, Key]


@contextmanager
def commit(index: Index, places: Places, seconds: float = LOCK_SECONDS) -> Iterator[Writer]:
    """One commit of whatever is written to the writer. Nothing of it is there if anything raises.

    Raises StoreBusy after that many seconds of waiting; what Writer raises; IndexUnwritable.
    """
    with index.write(seconds, shown=False) as (connection, last):  # finish() notes the number with what waits
        writer = Writer(index, connection, places, last + 1)
        yield writer
        writer.finish()
    index.committed(last + 1)


@dataclass(slots=True)
class Change:
    """before: the row as it was, a tombstone also; document: None to delete."""

    collection: Collection
    key: Key
    before: Record | None
    document: Mapping[str, object] | None
    version: int

    @property
    def was_there(self) -> bool:
        """Whether the file has it: what is in quarantine, too."""
        return self.before is not None and self.before.state in (State.LIVE, State.QUARANTINED)


class Writer:
    """What one commit does. It reads what was there before it, and writes when it ends."""

    def __init__(self, index: Index, connection: sqlite3.Connection, places: Places, counter: int) -> None:
        self._index, self._connection, self._places, self._counter = index, connection, places, counter
        self._changes: dict[Identity, Change] = {}
        self.fences: dict[str, Fence] = {}  # of the components that are written
        self.written: list[tuple[str, Record]] = []  # by finish(), with their components' names
        self.applied: list[tuple[str, Effect]] = []  # by this commit, with their components' names
        self._filing = Filing(connection, counter)
        self._present = Present(connection, self._filing)
        self._waiting: list[commits.Waiting] = []

    def get(self, collection: Collection, key: Key) -> Record | None:
        """The live record as it was before this commit. Raises KeyReserved, FenceClosed."""
        self._check(collection)
        record = self._present.row(collection, key)
        if record is None or record.state in (State.DELETED, State.PRUNED):
            return None
        if record.state == State.QUARANTINED:
            raise KeyReserved(collection.name, key, findings.reason(self._connection, collection.name, key))
        return record

    def is_quarantined(self, collection: Collection, key: Key) -> bool:
        """Whether it was before this commit."""
        record = self._present.row(collection, key)
        return record is not None and record.state == State.QUARANTINED

    def create(self, collection: Collection, key: Key, document: Mapping[str, object]) -> int:
        """Returns its version, above that of a tombstone. Raises AlreadyThere, KeyReserved, Pruned."""
        if self._there(collection, key):
            raise AlreadyThere(collection.name, key)
        floor = self._index.floor(collection.name)
        if floor is not None and below(key, floor):
            raise Pruned(collection.name, key, floor)
        return self._put(collection, key, document)

    def replace(
        self, collection: Collection, key: Key, document: Mapping[str, object], version: int | None = None
    ) -> int:
        """Returns the new version. version: the one that it must have. Raises NotThere, Stale, KeyReserved."""
        self._require(collection, key, version)
        return self._put(collection, key, document)

    def delete(self, collection: Collection, key: Key, version: int | None = None) -> int:
        """Returns the tombstone's version. Raises NotThere, Stale, KeyReserved.

        What lies inside the record goes with it, even from quarantine: the file has no other place for that, and a
        record that is created again under the key would bring it back. The database store has no such need.
        """
        self._require(collection, key, version)
        deleted = self._put(collection, key, None)
        for child in dict.fromkeys(child for home in self._places.homes_of(collection) for child, _ in home.children):
            self._delete_inside(child, key)
        return deleted

    def repair(
        self, collection: Collection, key: Key, document: Mapping[str, object], version: int | None = None
    ) -> int:
        """Put a mended document in the place of one in quarantine. Returns its version. Raises NotThere, Stale."""
        self._check(collection)
        record = self._present.row(collection, key)
        if record is None or record.state != State.QUARANTINED:
            raise NotThere(collection.name, key)
        if version is not None and version != record.version:
            raise Stale(collection.name, key, version, record.version)
        return self._put(collection, key, document)

    def append(self, collection: Collection, stem: str, document: Mapping[str, object]) -> str:
        """A new record at the end of a list whose elements have no key of their own. Returns its key."""
        key = self.next_key(collection, stem)
        self.create(collection, key, document)
        self._present.note_end(collection, stem, key)
        return key

    def next_key(self, collection: Collection, stem: str) -> str:
        """Of a record that is created at the end of such a list."""
        return self._present.next_key(collection, stem)

    def appended(self, collection: Collection, name: str, stem: str) -> Key | None:
        """The key of what the effect of that name has put into the list. Raises FenceClosed."""
        self._check(collection)
        return effects.appended(self._connection, collection.name, name, stem)

    def apply_once(self, collection: Collection, effect: Effect) -> bool:
        """Whether it has not taken place yet; it does with this commit. Raises FenceClosed."""
        self._check(collection)
        if not effects.note(self._connection, collection.name, effect):
            return False
        self.applied.append((collection.name, effect))
        return True

    def post(self, entries: Sequence[Entry]) -> None:
        """What is to follow from this commit elsewhere: see inbox."""
        if entries:
            inbox.post(self._connection, entries)

    def settled(self, conflict: int, how: str) -> None:
        """Staff have decided it, in this commit."""
        self._connection.execute("UPDATE conflict SET settled = ? WHERE id = ?", (how, conflict))

    def finish(self) -> None:
        """Write what was collected: unique values may have changed hands within it.

        Raises Unholdable, NotItsKey, ValueTaken, NotOurs.
        """
        changes = [change for change in self._changes.values() if not self._is_none(change)]
        documents = [self._encoded(change) for change in changes]
        lookups = Lookups(self._connection)
        for change in changes:
            lookups.note(change.collection, change.key, change.before, change.document)
        lookups.exchange()
        for change, (odd, document) in zip(changes, documents, strict=True):
            self._write(change, lookups, odd, document)
        for found in lookups.relieved():
            self._relieve(found)
        commits.note(self._connection, self._counter, self._waiting)

    # What is there

    def _check(self, collection: Collection) -> None:
        if collection.name not in self.fences:
            self.fences[collection.name] = check_open(self._connection, collection.name, self._index.path)

    def _there(self, collection: Collection, key: Key) -> bool:
        change = self._changes.get((collection.name, key))
        return change.document is not None if change else self.get(collection, key) is not None

    def _require(self, collection: Collection, key: Key, version: int | None) -> None:
        if not self._there(collection, key):
            raise NotThere(collection.name, key)
        change = self._changes.get((collection.name, key))
        record = self._present.row(collection, key)
        now = change.version if change else record.version if record else NEVER
        if version is not None and version != now:
            raise Stale(collection.name, key, version, now)

    # What becomes of it

    def _is_none(self, change: Change) -> bool:
        """Whether it was created and deleted in one commit."""
        return change.document is None and not change.was_there

    def _delete_inside(self, child: Collection, key: Key) -> None:
        try:
            self._check(child)
        except FenceClosed:
            return  # the database is the authority for it, and has it still
        change, record = self._changes.get((child.name, key)), self._present.row(child, key)
        if change is not None or (record is not None and record.state in (State.LIVE, State.QUARANTINED)):
            self._put(child, key, None)

    def _put(self, collection: Collection, key: Key, document: Mapping[str, object] | None) -> int:
        identity = (collection.name, key)
        if identity in self._changes:
            self._changes[identity].document = document
            return self._changes[identity].version
        before = self._present.row(collection, key)
        version = 0 if before is None else before.version + 1
        self._changes[identity] = Change(collection, key, before, document, version)
        return version

    def _write(self, change: Change, lookups: Lookups, odd: bool, document: bytes) -> None:
        collection, key, before = change.collection, change.key, change.before
        file, ordinal = spot = self._spot(change)
        if before is not None and before.state == State.QUARANTINED:
            release(self._connection, collection.name, key, spot)
        state = State.LIVE if change.document is not None else State.DELETED
        if state == State.DELETED:
            self._bury(collection, key)
        duplicate = self._is_duplicate(change, lookups, spot)
        if state == State.LIVE and before is not None and before.duplicate and not duplicate:
            findings.drop_mark(self._connection, collection.name, key)
        self._connection.execute(
            "INSERT INTO record (component, key, version, state, duplicate, odd, changed, file, ordinal, document)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (component, key) DO UPDATE SET"
            " version = excluded.version, state = excluded.state, duplicate = excluded.duplicate, odd = excluded.odd,"
            " changed = excluded.changed, file = excluded.file, ordinal = excluded.ordinal,"
            " document = excluded.document",
            (collection.name, key, change.version, state, duplicate, odd, self._counter, file, ordinal, document),
        )
        row = Record(key, change.version, state, duplicate, odd, file, ordinal, document)
        self.written.append((collection.name, row))
        # What does not wait had its version confirmed.
        quarantined = before is not None and before.state == State.QUARANTINED
        self._wait(collection.name, key, NEVER if before is None or quarantined else before.version)
        step = (state == State.LIVE) - change.was_there
        if step:
            self._filing.count(collection.name, file, step)

    def _is_duplicate(self, change: Change, lookups: Lookups, spot: Spot) -> bool:
        if change.before is None or not change.before.duplicate or change.document is None:
            return False
        return lookups.is_duplicate(change.collection, change.key, change.document, spot)

    def _wait(self, component: str, key: Key, confirmed: int) -> None:
        """The database lacks it. confirmed: the version that it has, unless the record waits already."""
        self._waiting.append((component, key, confirmed, self._counter))

    def _bury(self, collection: Collection, key: Key) -> None:
        for component, file in bury(self._connection, collection.name, self._places.homes_of(collection), key):
            self._filing.touch(file)
            self._filing.count(component, file, -1)

    def _relieve(self, found: Marked) -> None:
        """It is nobody's duplicate any more. What mapping refused it for may have been the mark."""
        component, key = found.collection.name, found.key
        self._wait(component, key, found.version if found.state == State.LIVE else NEVER)
        findings.drop_mapping(self._connection, component, [key])
        findings.drop_mark(self._connection, component, key)
        self._connection.execute(
            "UPDATE record SET duplicate = 0, version = version + 1, state = ?, changed = ?"
            " WHERE component = ? AND key = ?",
            (State.LIVE, self._counter, component, key),
        )

    def _encoded(self, change: Change) -> tuple[bool, bytes]:
        if change.document is None:
            return False, b""
        self._check_key(change.collection, change.key, change.document)
        try:
            return written(change.document)
        except (ValueError, TypeError, RecursionError) as error:
            raise Unholdable(change.collection.name, change.key, str(error)) from error

    def _check_key(self, collection: Collection, key: Key, document: Mapping[str, object]) -> None:
        for home in self._places.homes_of(collection):
            misfit = home.layout.misfit(key, collection.key, document)
            if misfit is not None:
                raise NotItsKey(collection.name, key, misfit)

    def _spot(self, change: Change) -> Spot:
        """Where it is, or the end of the file where new ones go. Raises NotOurs, Unholdable."""
        beside = change.before
        if not change.was_there:
            place = self._places.of(change.collection, change.key)
            beside = self._present.row(place.parent, change.key) if place.parent is not None else None
            if beside is None or beside.state != State.LIVE:
                try:
                    return self._filing.new(place, change.key)
                except BadKey as error:
                    raise Unholdable(change.collection.name, change.key, str(error)) from error
        assert beside is not None
        self._filing.touch(beside.file)
        return beside.file, beside.ordinal
