"""Edits that somebody else made to a file of ours: both sides are kept, and staff decide.

Nothing of such an edit is applied by itself, and what it lacks is not deleted.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from legacy_json import shown, surroundings
from legacy_json.errors import LegacyError
from legacy_json.index import Index
from legacy_json.keys import Key
from legacy_json.layouts import Collection, FolderOf, SequenceOf, Source
from legacy_json.places import Places
from legacy_json.positions import is_positioned, position_of
from legacy_json.records import State
from legacy_json.rendering import durable
from legacy_json.rendering.composing import DIGEST
from legacy_json.rendering.copying import PIECE
from legacy_json.scratch import Listed, Scratch, scratch
from legacy_json.staging import Staging
from legacy_json.walking import walk
from legacy_json.writing import Writer, commit

FOLDER = "conflicts"
UNCOMPARED = "uncompared"


class Conflict(NamedTuple):
    """kind: changed, added or missing, of a record; both: we wrote it too since the file showed it last (theirs is
    None if they removed it); unclear: we did, and the edit may only say what stood there before; appended: to a list,
    at a position that we have used too. Of the file as a whole: uncompared (as long as, or because, we did not come to
    it), unreadable, gone, or surroundings, which is what is no record. ours: the index's version; theirs: what stood
    in the file. copy: below the index's folder.
    """

    id: int
    file: str
    component: str | None
    key: Key | None
    kind: str
    ours: int | None
    theirs: bytes | None
    copy: str
    found: str


class NoSuchConflict(LegacyError):
    def __init__(self, number: int) -> None:
        super().__init__(f"There is no open conflict {number}. See manage.py legacy_status --conflicts.")


class Unsettled(LegacyError):
    """The record has changed since the conflict was found, or its edit cannot be taken by itself."""


def record(index: Index, source: Source, file: Listed, edited: Path, now: datetime) -> int:
    """Keep an edited file, which is moved, and say what in it differs. Returns how many conflicts there are.

    Call it under the rendering lock. Of an edit that changed no value nothing is kept.
    """
    folder = index.path.parent / FOLDER / now.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    if _digest(edited) == _rendered(index, file):
        edited.unlink()  # touched, or copied over itself
        return 0
    copy = folder / file.name
    kept = str(copy.relative_to(index.path.parent))
    number = _add_uncompared(index, file, kept, now)
    copy.parent.mkdir(parents=True, exist_ok=True)
    _move(edited, copy)
    try:
        rows = _differences(index, source, file, folder)
    except (LegacyError, OSError) as error:
        rows = [(None, None, "unreadable", None, str(error).encode())]
    _add(index, file, rows, kept, now, instead_of=number)
    if not rows:
        shutil.rmtree(folder)
    return len(rows)


def record_gone(index: Index, source: Source, file: Listed, now: datetime) -> None:
    """Somebody has taken the file away. Of a record's own file that may be meant as its deletion."""
    rows: list[Row] = [(None, None, "gone", None, None)]
    home = source.homes_in(file.pattern)[0]
    span = home.layout.span(file.name, home.collection.key) if isinstance(home.layout, FolderOf) else None
    if span is not None:
        found = index.record(home.collection.name, span[0]).records
        rows = [(home.collection.name, span[0], "missing", each.version, None) for each in found]
    _add(index, file, rows, "", now)


Row = tuple[str | None, Key | None, str, int | None, bytes | None]


def _add_uncompared(index: Index, file: Listed, copy: str, now: datetime) -> int:
    """Before the file is moved, so that staff hear of it whatever becomes of us. Returns the conflict's number."""
    query = "SELECT id, copy FROM conflict WHERE file = ? AND kind = ? AND settled = ''"
    with index.write() as (connection, _):
        for number, other in connection.execute(query, (file.id, UNCOMPARED)).fetchall():
            if not (index.path.parent / other).exists():  # we were killed before the move
                connection.execute("DELETE FROM conflict WHERE id = ?", (number,))
        made = connection.execute(
            "INSERT INTO conflict (file, kind, copy, found) VALUES (?, ?, ?, ?)",
            (file.id, UNCOMPARED, copy, now.isoformat()),
        )
        return int(made.lastrowid or 0)


def _add(
    index: Index, file: Listed, rows: list[Row], copy: str, now: datetime, *, instead_of: int | None = None
) -> None:
    """A conflict that is open already in just these words is not told again."""
    with index.write() as (connection, _):
        connection.execute("DELETE FROM conflict WHERE id = ?", (instead_of,))
        connection.executemany(
            "INSERT INTO conflict (file, component, key, kind, ours, theirs, copy, found)"
            " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE NOT EXISTS (SELECT 1 FROM conflict WHERE file = ?1"
            " AND settled = '' AND component IS ?2 AND key IS ?3 AND kind = ?4 AND ours IS ?5 AND theirs IS ?6)",
            [(file.id, *row, copy, now.isoformat()) for row in rows],
        )


def _differences(index: Index, source: Source, file: Listed, there: Path) -> list[Row]:
    homes = source.homes_in(file.pattern)
    containers = dict.fromkeys(home.collection.name for home in homes)
    names = containers | dict.fromkeys(child.name for home in homes for child, _ in home.children)
    had = shown.last(index, file)
    with scratch(index, source, [file]) as room:
        staging = Staging(room, source)
        try:
            walk(there, source, staging, {file.name: 0}, lambda *_: None, there=there, known=shown.known(had))
        finally:
            staging.close()
        lists = {home.collection.name for home in homes if isinstance(home.layout, SequenceOf)}
        rows = [row for name in names for row in _rows(room, name, file, had, is_list=name in lists)]
        records = sum(_count(room, name) for name in containers)
    changed = surroundings.difference(index, file, homes, there / file.name, records)
    return rows if changed is None else [*rows, (None, None, "surroundings", None, changed.encode())]


def _count(room: Scratch, component: str) -> int:
    (found,) = room.connection.execute(f"SELECT count(*) FROM {room.entries(component)}").fetchone()  # noqa: S608
    return int(found)


def _rows(room: Scratch, component: str, file: Listed, had: shown.Shown, *, is_list: bool) -> list[Row]:
    """Of what we have written since the file was last rendered, it shows only what was there before."""
    (rendered,) = room.connection.execute("SELECT rendered FROM main.file WHERE id = ?", (file.id,)).fetchone()
    edited = room.connection.execute(
        "SELECT e.key, r.state, r.version, e.document, coalesce(r.changed, 0) > ?, r.document"  # noqa: S608
        f" FROM {room.entries(component)} AS e LEFT JOIN main.record r ON r.component = ? AND r.key = +e.key"
        " WHERE e.document IS NOT NULL",
        (rendered, component),
    ).fetchall()
    table = room.gather_absent(component)
    absent = room.connection.execute(
        f"SELECT key, version, changed > ?, document FROM {table} JOIN main.record USING (key)"  # noqa: S608
        " WHERE component = ?",
        (rendered, component),
    ).fetchall()
    rows: list[Row] = []
    for key, state, version, document, since, ours in edited:
        gone = state in (None, State.DELETED)
        if had.is_as_it_was(component, key, document):
            continue
        if not since and not gone and surroundings.canonical(ours) == surroundings.canonical(document):
            continue  # its members stand in another order
        appended = is_list and is_positioned(key) and had.knows() and not had.had(component, key)
        kind = "added" if gone else _kind(had, component, key, ours, since=since, appended=appended)
        rows.append((component, key, kind, version, document))
    for key, version, since, ours in absent:
        if not since or had.had(component, key):
            both = since and not had.is_as_it_was(component, key, ours)
            rows.append((component, key, "both" if both else "missing", version, None))
    return rows


def _kind(had: shown.Shown, component: str, key: Key, ours: bytes, *, since: bool, appended: bool) -> str:
    """Of an edit of a record that there is."""
    if not since:
        return "changed"
    if not had.knows():
        return "unclear"
    if had.is_as_it_was(component, key, ours):
        return "changed"
    return "appended" if appended else "both"


def _rendered(index: Index, file: Listed) -> bytes:
    """The digest of the file as we left it."""
    (found,) = index.connection().execute("SELECT digest FROM file WHERE id = ?", (file.id,)).fetchone()
    return bytes(found)


def _digest(path: Path) -> bytes:
    made = hashlib.blake2b(digest_size=DIGEST)
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            made.update(piece)
    return made.digest()


def _move(edited: Path, copy: Path) -> None:
    try:
        edited.rename(copy)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.copy2(edited, copy)
        descriptor = os.open(copy, os.O_RDONLY)
        durable.sync_file(descriptor)
        os.close(descriptor)
        edited.unlink()
    durable.sync_folder(copy.parent)


def open_conflicts(index: Index) -> list[Conflict]:
    """Those that nobody has settled, oldest first."""
    rows = index.connection().execute(
        "SELECT c.id, f.name, c.component, c.key, c.kind, c.ours, c.theirs, c.copy, c.found"
        " FROM conflict c JOIN file f ON f.id = c.file WHERE c.settled = '' ORDER BY c.id"
    )
    return [Conflict._make(row) for row in rows]


def settle(
    index: Index, places: Places, collections: Sequence[Collection], number: int, *, take: bool, by: str,
    over_ours: bool = False,
) -> None:  # fmt: skip
    """End a conflict: our side stays, or what the edit says is written over it, as any other write.

    over_ours: even over what we wrote since the file was rendered last. Raises NoSuchConflict; Unsettled if the edit
    cannot be taken; Stale if the record has changed since; what writing raises.
    """
    found = next((conflict for conflict in open_conflicts(index) if conflict.id == number), None)
    if found is None:
        raise NoSuchConflict(number)
    with commit(index, places) as writer:
        if take:
            if found.kind in ("both", "unclear") and not over_ours:
                raise Unsettled(_BOTH.format(conflict=found))
            _take(writer, {c.name: c for c in collections}, found)
        writer.settled(number, f"{'taken' if take else 'dismissed'} by {by}")


_BOTH = (
    "Conflict {conflict.id}: {conflict.component} {conflict.key!r} was also written by us since {conflict.file} was"
    " rendered last; taking the edit would undo that write. Look at both. Then dismiss the conflict, or take it with"
    " --over-ours."
)
_WHOLE = {
    UNCOMPARED: "Conflict {conflict.id} is about {conflict.copy} as a whole, which was not compared to the end. Look at"
    " it, make its changes by themselves, and dismiss the conflict.",
    "unreadable": "Conflict {conflict.id} is about {conflict.copy} as a whole, which cannot be read. Look at it, make"
    " its changes by themselves, and dismiss the conflict.",
    "gone": "Conflict {conflict.id} is about {conflict.file} as a whole, which was taken away. Nothing is deleted for"
    " that: delete the records that are meant, and dismiss the conflict.",
    "surroundings": "Conflict {conflict.id} is about what is no record in {conflict.file}, which is kept as it was at"
    " the take-over. Dismiss it; or give the file back, make the change there, and take it over again.",
}


def _take(writer: Writer, collections: dict[str, Collection], conflict: Conflict) -> None:
    if conflict.component is None or conflict.key is None:
        raise Unsettled(_WHOLE[conflict.kind].format(conflict=conflict))
    collection, key = collections[conflict.component], conflict.key
    if conflict.kind == "missing" or (conflict.kind == "both" and conflict.theirs is None):
        writer.delete(collection, key, conflict.ours)
        return
    theirs = json.loads(conflict.theirs or b"null")
    if not isinstance(theirs, dict):
        raise Unsettled(f"What the edit has for {conflict.component} {key!r} is no object. Dismiss it.")
    if conflict.kind == "appended" or (conflict.kind == "added" and _is_used(writer, collection, key)):
        writer.append(collection, position_of(key)[0], theirs)
    elif conflict.kind == "added":
        writer.create(collection, key, theirs)
    elif writer.is_quarantined(collection, key):
        writer.repair(collection, key, theirs, conflict.ours)
    else:
        writer.replace(collection, key, theirs, conflict.ours)


def _is_used(writer: Writer, collection: Collection, key: Key) -> bool:
    """Whether we have written since to this position of a list."""
    is_list = any(isinstance(layout, SequenceOf) for layout in collection.layouts)
    return is_list and is_positioned(key) and writer.get(collection, key) is not None
