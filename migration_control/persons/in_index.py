"""A person in the index: records, documents in quarantine, and what is noted about records."""

# ruff: noqa: S608 - what is put into the statements is our own names

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from legacy_json import inbox
from legacy_json.filing import Filing
from legacy_json.index import Index
from legacy_json.keys import Key
from legacy_json.records import SUPERSEDED, State
from legacy_json.rendering.skeleton import Skeleton, decoded
from migration_control import components
from migration_control.persons import cutting, notes, registry
from migration_control.persons.traces import Part, Trace, judged, loaded

STANDING = f"({State.LIVE:d}, {State.QUARANTINED:d})"
_ENTRY = "component, key, once, effect, payload"


def records(index: Index, component: str, person: int, states: str = STANDING) -> Iterator[Trace]:
    """Those that name the person, quarantined documents also."""
    found: dict[Key, bytes] = {}
    for low, high in registry.personal(component).spans(person):
        query = f"SELECT key, document FROM record WHERE component = ? AND state IN {states} AND key BETWEEN ? AND ?"
        found.update(index.connection().execute(query, (component, low, high)))
    query = (
        f"SELECT key, document FROM record WHERE component = ? AND state IN {states}"
        " AND (instr(document, ?) > 0 OR CAST(document AS TEXT) GLOB '*[0-9][eE][-+0-9]*')"  # as cutting.POWER
    )
    found.update(
        (key, document)
        for key, document in index.connection().execute(query, (component, str(person).encode()))
        if cutting.mentioned(document, person)
    )
    for key, document in found.items():
        judgement = judged(component, person, key, document)
        if judgement is not None:
            yield Trace("json", component, key, *judgement)


def quarantined(index: Index, component: str, person: int) -> list[Trace]:
    return list(records(index, component, person, f"({State.QUARANTINED:d})"))


def erase_documents(index: Index, component: str, keys: Sequence[Key]) -> None:
    """As if they had been deleted from their files, which are ours. Their keys are free again.

    Only of documents that no store will copy: in quarantine, or of a component that was closed.
    """
    with index.write() as (connection, counter):
        filing = Filing(connection, counter)
        for key in keys:
            row = connection.execute(
                f"SELECT file FROM record WHERE component = ? AND key = ? AND state IN {STANDING}", (component, key)
            ).fetchone()
            if row is None:
                continue
            if row[0]:
                filing.touch(row[0])
                filing.count(component, row[0], -1)
            connection.execute(
                f"UPDATE record SET state = {State.DELETED:d}, version = version + 1, duplicate = 0, odd = 0,"
                " changed = ?, document = x'' WHERE component = ? AND key = ?",
                (counter, component, key),
            )
            for table in ("lookup", "finding"):
                connection.execute(f"DELETE FROM {table} WHERE component = ? AND key = ?", (component, key))


def cut_documents(index: Index, component: str, person: int, keys: Sequence[Key]) -> None:
    """The same of documents that are somebody else's."""
    personal = registry.personal(component)
    with index.write() as (connection, counter):
        filing = Filing(connection, counter)
        for key in keys:
            file, document = connection.execute(
                "SELECT file, document FROM record WHERE component = ? AND key = ?", (component, key)
            ).fetchone()
            rest = cutting.rest_of(cutting.as_text(document), person, personal.within, common=personal.common)
            if file:
                filing.touch(file)
            connection.execute(
                "UPDATE record SET document = ?, version = version + 1, changed = ? WHERE component = ? AND key = ?",
                (cutting.as_bytes(rest), counter, component, key),
            )


# Notes


def noted(index: Index, person: int) -> Iterator[Trace]:
    """Everything else in the index that says something of the person."""
    connection = index.connection()
    rows = connection.execute("SELECT id, component, key, source, detail, raw FROM finding")
    for number, component, key, source, detail, raw in rows:
        if found := notes.finding(person, component, key, source, detail, raw):
            yield Trace("finding", component, key, *found, number)
    rows = connection.execute(
        "SELECT c.id, coalesce(c.component, ''), c.key, f.name, c.theirs FROM conflict c JOIN file f ON f.id = c.file"
    )
    for number, component, key, file, theirs in rows:
        if found := notes.conflict(person, component, key, file, theirs):
            yield Trace("conflict", component or file, key, *found, number)
    for each in _leftovers(connection, person):
        yield Trace("leftover", each.name, None, *each.found)
    for _, name, section, sections_found in _sections(connection, person):
        yield Trace("section", name, section, *sections_found)
    for entry in map(inbox.Entry._make, connection.execute(f"SELECT {_ENTRY} FROM inbox")):
        if found := notes.entry(person, entry):
            yield Trace("inbox", entry.component, entry.key, *found)
    for component in components.declared():
        for low, high in registry.personal(component.name).spans(person):
            query = "SELECT key, effect FROM applied WHERE component = ? AND key BETWEEN ? AND ?"
            for key, effect in connection.execute(query, (component.name, low, high)):
                yield Trace("effect", component.name, key, Part.WHOLE, effect)


class _Leftover(NamedTuple):
    """An entry of a file of ours that is no record. name: the file's."""

    file: int
    section: str
    ordinal: int
    name: str
    raw: bytes
    found: notes.Found


def _leftovers(connection: sqlite3.Connection, person: int) -> list[_Leftover]:
    rows = connection.execute(
        "SELECT l.file, l.section, l.ordinal, f.name, l.raw, l.name FROM leftover l JOIN file f ON f.id = l.file"
    )
    found = []
    for file, section, ordinal, name, raw, member in rows:
        mine = notes.is_file_of(name, person) or (member and cutting.is_name_of(str(loaded(member)), person))
        one = (Part.WHOLE, loaded(cutting.as_text(raw))) if mine else judged("", person, None, raw)
        if one is not None:
            found.append(_Leftover(file, section, ordinal, name, raw, one))
    return found


def _sections(connection: sqlite3.Connection, person: int) -> Iterator[tuple[int, str, str, notes.Found]]:
    """What stands in files of ours beside the records: the file's number and name, the section, what it says."""
    rows = connection.execute("SELECT r.file, f.name, r.skeleton FROM frame r JOIN file f ON f.id = r.file").fetchall()
    for file, name, skeleton in rows:
        for section in decoded(skeleton).sections or ():
            if section.raw is None:
                continue
            mine = cutting.is_name_of(section.name, person)
            text = cutting.as_text(section.raw)
            found = (Part.WHOLE, loaded(text)) if mine else judged("", person, None, text)
            if found:
                yield file, name, section.name, found


def erase_notes(index: Index, person: int) -> None:
    """What noted() finds. Each kind is one commit, so that a repeated call goes on where this one ended."""
    _erase_leftovers(index, person)
    _erase_sections(index, person)
    found = list(noted(index, person))
    with index.write() as (connection, _):
        for trace in found:
            if trace.place == "finding":
                _erase_finding(connection, person, trace)
            elif trace.place == "conflict":
                _erase_conflict(connection, person, trace)
        for component in components.declared():
            for low, high in registry.personal(component.name).spans(person):
                for table in ("applied", "spelling"):
                    connection.execute(
                        f"DELETE FROM {table} WHERE component = ? AND key BETWEEN ? AND ?", (component.name, low, high)
                    )
        for row in connection.execute(f"SELECT {_ENTRY} FROM inbox").fetchall():
            _erase_entry(connection, person, inbox.Entry._make(row))


def _erase_finding(connection: sqlite3.Connection, person: int, trace: Trace) -> None:
    if trace.part is Part.WHOLE:
        connection.execute("DELETE FROM finding WHERE id = ?", (trace.number,))
        return
    component, detail, raw = connection.execute(
        "SELECT component, detail, raw FROM finding WHERE id = ?", (trace.number,)
    ).fetchone()
    connection.execute(
        "UPDATE finding SET detail = ?, raw = ? WHERE id = ?",
        (notes.blanked(person, detail), notes.rest(person, component, raw), trace.number),
    )


def _erase_conflict(connection: sqlite3.Connection, person: int, trace: Trace) -> None:
    if trace.part is Part.WHOLE:
        connection.execute("DELETE FROM conflict WHERE id = ?", (trace.number,))
        return
    component, theirs = connection.execute(
        "SELECT component, theirs FROM conflict WHERE id = ?", (trace.number,)
    ).fetchone()
    connection.execute(
        "UPDATE conflict SET theirs = ? WHERE id = ?", (notes.rest(person, component or "", theirs), trace.number)
    )


def _erase_entry(connection: sqlite3.Connection, person: int, entry: inbox.Entry) -> None:
    found = notes.entry(person, entry)
    if not found:
        return
    same = (entry.component, entry.key, entry.once)
    if found[0] is Part.WHOLE:
        connection.execute("DELETE FROM inbox WHERE component = ? AND key = ? AND once = ?", same)
    else:
        connection.execute(
            "UPDATE inbox SET payload = ? WHERE component = ? AND key = ? AND once = ?",
            (notes.entry_rest(person, entry), *same),
        )


def _erase_leftovers(index: Index, person: int) -> None:
    """They go from their file with its next rendering, and from what is counted."""
    with index.write() as (connection, counter):
        filing = Filing(connection, counter)
        for left in _leftovers(connection, person):
            filing.touch(left.file)
            same = "file = ? AND section = ? AND ordinal = ?", (left.file, left.section, left.ordinal)
            if left.found[0] is Part.MENTION:
                raw = notes.rest(person, "", left.raw)
                connection.execute(f"UPDATE leftover SET raw = ? WHERE {same[0]}", (raw, *same[1]))
                continue
            connection.execute(f"DELETE FROM leftover WHERE {same[0]}", same[1])
            gone = connection.execute(
                "DELETE FROM finding WHERE source = ? AND ordinal = ? AND phase = 'reading'"
                f" AND (outcome = 'quarantined' OR code = '{SUPERSEDED}') RETURNING component",
                (left.name, left.ordinal),
            ).fetchall()
            for (component,) in dict.fromkeys(gone):
                filing.count(component, left.file, -1)


def _erase_sections(index: Index, person: int) -> None:
    with index.write() as (connection, counter):
        filing = Filing(connection, counter)
        for file in dict.fromkeys(file for file, *_ in _sections(connection, person)):
            (skeleton,) = connection.execute("SELECT skeleton FROM frame WHERE file = ?", (file,)).fetchone()
            frame, kept = decoded(skeleton), []
            for section in frame.sections or ():
                raw = section.raw and notes.rest(person, "", section.raw)
                if section.raw is None or (raw and not cutting.is_name_of(section.name, person)):
                    kept.append(section._replace(raw=raw))
            filing.touch(file)
            made = Skeleton(frame.root, tuple(kept)).encoded()
            connection.execute("UPDATE frame SET skeleton = ? WHERE file = ?", (made, file))
