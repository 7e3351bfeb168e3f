"""The index: one SQLite database beside the legacy files, which knows each record's version.

Per key: document, version, state, and in `pending` the version that the database has confirmed
(`synced`) as long as that is behind. A missing row of `pending` means synced = version, so that
acknowledging a batch removes small rows instead of rewriting large ones: measured, a twelfth of
the cost of a `synced` column beside the document.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from legacy_json import acknowledging, commits, findings, pruning
from legacy_json.connections import LOCK_SECONDS, Connections, translated
from legacy_json.keys import Key
from legacy_json.lock import held
from legacy_json.pairing import Receipt
from legacy_json.records import NEVER, SUPERSEDED, Batch, Finding, Ledger, Outcome, Phase, Record, State

__all__ = ["NEVER", "Batch", "Finding", "Index", "Ledger", "Outcome", "Phase", "Record", "State"]

RECORD = ", ".join(f"r.{name}" for name in Record._fields)

MUCH = 8 << 20  # bytes of documents in one batch


class Index:
    """One index file. Safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = path.with_name(path.name + ".lock")
        self._connections = Connections(path, self._lock)
        self._names: dict[int, str] = {}  # of files; a file's number is never another's

    # Access

    def connection(self) -> sqlite3.Connection:
        """This thread's connection, made at first use and anew after a fork."""
        return self._connections.get()

    def close(self) -> None:
        """Close this thread's connection, as the last of the process. Another file may be put in its place then."""
        self.close_thread()
        self._connections.forget()

    def close_thread(self) -> None:
        """Close this thread's connection, while others go on."""
        self._connections.close()

    @contextmanager
    def write(self, seconds: float = LOCK_SECONDS, *, shown: bool = True) -> Iterator[tuple[sqlite3.Connection, int]]:
        """One commit: the connection, and the number that the commit will have. StoreBusy at the deadline.

        shown: False for what nobody is shown yet, which leaves the commits' counter alone.
        """
        connection = self.connection()
        with held(self._lock, seconds), translated(self.path):
            try:
                connection.execute("BEGIN IMMEDIATE")
                last = commits.last(connection)
                self._connections.check(last)
                number = last + shown
                if shown:
                    commits.note(connection, number)
                yield connection, number
                connection.execute("COMMIT")
                self.committed(number)
            except BaseException:
                _roll_back(connection)
                raise

    def committed(self, number: int) -> None:
        """A commit of that number was made: from now on the index is not older, or it is another one."""
        self._connections.note(number)

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Reads that see one commit."""
        connection = self.connection()
        if connection.in_transaction:
            yield connection
            return
        with translated(self.path):
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                _roll_back(connection)

    @property
    def store_id(self) -> str:
        return str(self._meta("store_id"))

    @property
    def pair_id(self) -> str:
        """Under which databases know it: another one than its own once JSON was promoted over a lost database."""
        with self.snapshot() as connection:
            row = connection.execute("SELECT value FROM meta WHERE name = 'pair_id'").fetchone()
        return str(row[0]) if row else self.store_id

    @property
    def counter(self) -> int:
        with self.snapshot() as connection:
            return commits.last(connection)

    def _meta(self, name: str) -> str:
        with self.snapshot() as connection:
            (value,) = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(value)

    def file_name(self, file: int) -> str:
        """Of a record's file, relative to the legacy folder."""
        if file not in self._names:
            (self._names[file],) = self.connection().execute("SELECT name FROM file WHERE id = ?", (file,)).fetchone()
        return self._names[file]

    # What the database lacks

    def pending(self, component: str, after: Key | None, limit: int) -> Batch:
        """The next records in key order whose present version the database has not confirmed.

        limit: how many at most; fewer where documents are large, so that no batch fills the memory.
        """
        beyond = "" if after is None else "AND p.key > :after"
        return self._batch(
            component,
            f"FROM pending p JOIN record r USING (component, key) WHERE p.component = :component {beyond}"
            " ORDER BY p.key LIMIT :limit",
            {"after": after, "limit": limit},
        )

    def is_read(self, component: str) -> bool:
        """Whether its file was ever read whole. Until then nothing of it is shown, whatever the tables hold."""
        return self._generation(component) is not None

    def record(self, component: str, key: Key) -> Batch:
        """One record, whatever the database has confirmed; empty if there is none."""
        return self._batch(component, "FROM record r WHERE r.component = :component AND r.key = :key", {"key": key})

    def _batch(self, component: str, source: str, values: dict[str, object]) -> Batch:
        with self.snapshot() as connection:
            generation = self._generation(component)
            if generation is None:
                return Batch(component, [], self.counter, 0)
            rows = connection.execute(f"SELECT {RECORD} {source}", {"component": component, **values})
            return Batch(component, _at_most(MUCH, map(Record._make, rows)), self.counter, generation)

    def count_records(self, component: str, source: str) -> int:
        """Of the component that lie in files of the source, and are neither deleted nor pruned."""
        query = (
            "SELECT count(*) FROM record WHERE component = ? AND state NOT IN (?, ?)"
            " AND file IN (SELECT id FROM file WHERE source = ?)"
        )
        (count,) = self.connection().execute(query, (component, State.DELETED, State.PRUNED, source)).fetchone()
        return int(count)

    def count_pending(self, component: str) -> int:
        query = "SELECT count(*) FROM pending WHERE component = ? AND component IN (SELECT component FROM scanned)"
        (count,) = self.connection().execute(query, (component,)).fetchone()
        return int(count)

    def confirmed(self, component: str, keys: Iterable[Key]) -> set[Key]:
        """Those of the keys that are live, in the version that the database has confirmed."""
        query = (
            "SELECT 1 FROM record r WHERE component = ? AND key = ? AND state = ? AND NOT EXISTS"
            " (SELECT 1 FROM pending p WHERE p.component = r.component AND p.key = r.key)"
        )
        with self.snapshot() as connection:
            return {key for key in keys if connection.execute(query, (component, key, State.LIVE)).fetchone()}

    def lacking(self, component: str, keys: Iterable[Key]) -> set[Key]:
        """Those of the keys whose present version the database has not confirmed."""
        query = "SELECT 1 FROM pending WHERE component = ? AND key = ?"
        with self.snapshot() as connection:
            return {key for key in keys if connection.execute(query, (component, key)).fetchone()}

    def known(self, component: str, keys: Iterable[Key]) -> set[Key]:
        """Those of the keys that there is, or once was, a record of."""
        query = "SELECT 1 FROM record WHERE component = ? AND key = ?"
        with self.snapshot() as connection:
            return {key for key in keys if connection.execute(query, (component, key)).fetchone()}

    def version(self, component: str, key: Key) -> int:
        """Of the record or its tombstone; NEVER if there is none."""
        query = "SELECT version FROM record WHERE component = ? AND key = ?"
        row = self.connection().execute(query, (component, key)).fetchone()
        return int(row[0]) if row else NEVER

    def floor(self, component: str) -> Key | None:
        """The key below which records are pruned."""
        row = self.connection().execute("SELECT floor FROM scanned WHERE component = ?", (component,)).fetchone()
        return row[0] if row else None

    def prune(self, component: str, floor: Key) -> int:
        """Keep nothing of records below the floor. Returns how many there were; see pruning.prune."""
        return pruning.prune(self, component, floor)

    def generation(self, component: str) -> int:
        return self._generation(component) or 0

    def _generation(self, component: str) -> int | None:
        row = self.connection().execute("SELECT generation FROM scanned WHERE component = ?", (component,)).fetchone()
        return int(row[0]) if row else None

    def acknowledge(self, batch: Batch, findings: Iterable[Finding] = (), receipt: Receipt | None = None) -> bool:
        """The database has confirmed the batch, but for the records that the findings quarantine.

        A record that changed since the batch was read stays pending. False, and nothing done, if a run was undone
        since. Raises StoreBusy, IndexUnwritable.
        """
        return acknowledging.acknowledge_batch(self, batch, findings, receipt)

    def forget(self, component: str, keys: Sequence[Key]) -> None:
        """The database no longer has these: they are pending again, and older batches are void."""
        with self.write() as (connection, counter):
            connection.execute("UPDATE scanned SET generation = generation + 1 WHERE component = ?", (component,))
            self._make_pending(component, keys, counter)

    def retry_quarantined(self, component: str) -> int:
        """Make what mapping quarantined pending again, for a release that can do more. Returns how many."""
        with self.write() as (connection, counter):
            keys = findings.quarantined_by_mapping(connection, component)
            findings.drop_mapping(connection, component, keys)
            connection.executemany(
                "UPDATE record SET state = ?, changed = ? WHERE component = ? AND key = ?",
                [(State.LIVE, counter, component, key) for key in keys],
            )
            self._make_pending(component, keys, counter)
            return len(keys)

    def _make_pending(self, component: str, keys: Sequence[Key], counter: int) -> None:
        self.connection().executemany(
            "INSERT INTO pending (component, key, synced, changed)"
            " SELECT component, key, ?, ? FROM record WHERE component = ? AND key = ? AND state NOT IN (?, ?)"
            " ON CONFLICT (component, key) DO UPDATE SET synced = excluded.synced, changed = excluded.changed",
            [(NEVER, counter, component, key, State.QUARANTINED, State.PRUNED) for key in keys],
        )

    # What is known

    def ledger(self, component: str) -> Ledger:
        """Counted from one snapshot."""
        with self.snapshot() as connection:
            if self._generation(component) is None:
                return Ledger(component, 0, 0, 0, 0, 0, 0, 0, 0)
            (entries,) = connection.execute(
                "SELECT coalesce(sum(entries), 0) FROM counted WHERE component = ?", (component,)
            ).fetchone()
            counts = {
                (state, waiting): count
                for state, waiting, count in connection.execute(
                    "SELECT r.state, p.key IS NOT NULL, count(*)"
                    " FROM record r LEFT JOIN pending p USING (component, key)"
                    " WHERE r.component = ? GROUP BY 1, 2",
                    (component,),
                )
            }
            quarantined, repaired, superseded = connection.execute(
                # An entry may be quarantined for several reasons; those without a key have one each.
                "SELECT count(DISTINCT CASE WHEN outcome = 'quarantined' THEN"
                " iif(phase = 'mapping', key, 'reading ' || id) END), count(*) FILTER (WHERE outcome = 'repaired'),"
                " count(*) FILTER (WHERE code = ?) FROM finding WHERE component = ?",
                (SUPERSEDED, component),
            ).fetchone()
        deleted, deleting = counts.get((State.DELETED, 0), 0), counts.get((State.DELETED, 1), 0)
        return Ledger(
            component,
            entries=entries,
            imported=counts.get((State.LIVE, 0), 0),
            quarantined=quarantined,
            deleted=deleted,
            pending=counts.get((State.LIVE, 1), 0) + deleting,
            repaired=repaired,
            pruned=counts.get((State.PRUNED, 0), 0),
            tombstones=deleted + deleting,
            superseded=superseded,
        )

    def findings(self, component: str, phase: Phase | None = None) -> Iterator[Finding]:
        """In the order of the file, those without a place last."""
        return findings.of(self, component, phase)


def _roll_back(connection: sqlite3.Connection) -> None:
    """Unless there is nothing any more: a full disk has done it by itself, or Ctrl-C came before the beginning."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _at_most(much: int, records: Iterator[Record]) -> list[Record]:
    """As many as have so many bytes, and one at least."""
    taken, size = [], 0
    for record in records:
        taken.append(record)
        size += len(record.document)
        if size >= much:
            break
    return taken
