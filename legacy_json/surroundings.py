"""What stands around the records of a file: its formatting, sections nobody declared, entries that are no records."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from legacy_json.connections import translated
from legacy_json.contents import frame_of, kind_of
from legacy_json.index import Index
from legacy_json.layouts import Home, Source
from legacy_json.records import State
from legacy_json.rendering import style
from legacy_json.rendering.skeleton import Dissection, Entry, Section
from legacy_json.scratch import Listed
from legacy_json.texts import printable

MANY = 1000  # files in one commit
MUCH = 8 << 20  # bytes, likewise

Left = tuple[int, str, int, str | None, bytes]  # file, section, ordinal, name, raw


def capture(index: Index, root: Path, source: Source, files: Iterable[Listed]) -> None:
    """Remember each file's formatting, its other sections, and the entries that are no records, in a few commits."""
    gathered: list[_Captured] = []
    size = 0
    for file in files:
        gathered.append(_captured(index, root, source, file))
        size += gathered[-1].size
        if size >= MUCH or len(gathered) >= MANY:
            _keep(index, gathered)
            gathered, size = [], 0
    _keep(index, gathered)


@dataclass(frozen=True, slots=True)
class _Captured:
    """next: the place of the next new record."""

    file: Listed
    homes: list[Home]
    style: str
    skeleton: bytes
    left: list[Left]
    spelled: list[tuple[str, object, str]]
    next: int

    @property
    def size(self) -> int:
        """About as many bytes."""
        return len(self.skeleton) + sum(len(raw) for *_, raw in self.left)


def _captured(index: Index, root: Path, source: Source, file: Listed) -> _Captured:
    homes = source.homes_in(file.pattern)
    containers = {home.layout.section: kind_of(home.layout) for home in homes}
    records = {(section, ordinal): (name, key) for section, name, key, ordinal in _ordinals(index, file, homes)}
    with (root / file.name).open("rb") as stream, translated(index.path):
        found = style.detect(stream)
        stream.seek(0)
        parts = Dissection(stream, root / file.name, containers)
        left, spelled = _sorted_out(file, records, iter(parts))
    last = max([-1, *(ordinal for _, ordinal in records), *(ordinal for _, _, ordinal, *_ in left)])
    return _Captured(file, homes, found.encoded(), parts.skeleton.encoded(), left, spelled, last + 1)


def _keep(index: Index, gathered: list[_Captured]) -> None:
    with index.write() as (connection, _):
        for each in gathered:
            number = each.file.id
            connection.execute("INSERT OR REPLACE INTO frame VALUES (?, ?, ?)", (number, each.style, each.skeleton))
            connection.execute("DELETE FROM leftover WHERE file = ?", (number,))
            connection.executemany("INSERT INTO leftover VALUES (?, ?, ?, ?, ?)", each.left)
            _forget_spelling(connection, each.file, each.homes)
            connection.executemany("INSERT OR REPLACE INTO spelling VALUES (?, ?, ?)", each.spelled)
            connection.execute("UPDATE file SET next = ? WHERE id = ?", (each.next, number))


def _forget_spelling(connection: sqlite3.Connection, file: Listed, homes: list[Home]) -> None:
    """The file may have been written anew since, with usual names."""
    for home in homes:
        low, high = home.layout.span(file.name, home.collection.key) or (None, None)
        connection.execute(
            "DELETE FROM spelling WHERE component = :component AND (:low IS NULL OR key BETWEEN :low AND :high)"
            " AND EXISTS (SELECT 1 FROM record r WHERE r.component = spelling.component AND r.key = spelling.key"
            " AND r.file = :file)",
            {"component": home.collection.name, "file": file.id, "low": low, "high": high},
        )


def _sorted_out(
    file: Listed, records: Mapping[tuple[str | None, int], tuple[str, object]], entries: Iterator[Entry]
) -> tuple[list[Left], list[tuple[str, object, str]]]:
    """Entries that no record stands for, and names that are written otherwise than the key.

    records: component and key, by section and place.
    """
    left: list[Left] = []
    spelled: list[tuple[str, object, str]] = []
    for entry in entries:
        record = records.get((entry.section, entry.ordinal))
        if record is None:
            name = None if entry.spelled is None else entry.spelled.decode("utf-8", "surrogatepass")
            left.append((file.id, entry.section or "", entry.ordinal, name, entry.raw))
        elif entry.name is not None and entry.name != str(record[1]):
            spelled.append((*record, entry.name))
    return left, spelled


def _ordinals(index: Index, file: Listed, homes: list[Home]) -> Iterator[tuple[str | None, str, object, int]]:
    """Section, component, key and place of each record that stands in the file."""
    for home in homes:
        span = home.layout.span(file.name, home.collection.key)
        between = "" if span is None else "AND key BETWEEN :low AND :high"
        low, high = span or (None, None)
        rows = index.connection().execute(
            "SELECT key, ordinal FROM record"  # noqa: S608
            f" WHERE component = :component AND file = :file AND state <> {State.DELETED:d} {between}",
            {"component": home.collection.name, "file": file.id, "low": low, "high": high},
        )
        for key, ordinal in rows:
            yield home.layout.section, home.collection.name, key, ordinal


def difference(index: Index, file: Listed, homes: list[Home], edited: Path, records: int) -> str | None:
    """What of it an edited copy of the file has otherwise; None if nothing. records: how many the copy has.

    Raises SourceUnreadable, SectionTooLarge.
    """
    _, skeleton = frame_of(index, file, homes)
    query = "SELECT raw FROM leftover WHERE file = ?"
    missing = {canonical(raw): raw for (raw,) in index.connection().execute(query, (file.id,))}
    left, entries = len(missing), 0
    with edited.open("rb") as stream:
        parts = Dissection(stream, edited, {home.layout.section: kind_of(home.layout) for home in homes})
        for entry in parts:
            entries += 1
            if missing:
                missing.pop(canonical(entry.raw), None)
    if missing:
        return f"an entry that is no record was changed or removed: {_short(next(iter(missing.values())))}"
    if entries > records + left:
        return f"it has {entries - records - left} more entries that are no records"
    return _sections_differ(skeleton.sections or (), parts.skeleton.sections or ())


def _sections_differ(ours: Iterable[Section], theirs: Iterable[Section]) -> str | None:
    mine = {section.name: section.raw for section in ours if section.raw is not None}
    other = {section.name: section.raw for section in theirs if section.raw is not None}
    for name in mine | other:
        one, two = mine.get(name), other.get(name)
        if one is None or two is None or canonical(one) != canonical(two):
            now = "gone" if two is None else _short(two)
            return f"the section {printable(name)!r}, which nobody declared, is {now} there"
    return None


def canonical(raw: bytes) -> str | bytes:
    """The same for what says the same."""
    try:
        return json.dumps(json.loads(raw), sort_keys=True)
    except (ValueError, RecursionError):
        return raw


def _short(raw: bytes) -> str:
    text = printable(raw.decode("utf-8", "backslashreplace"))
    return text if len(text) <= 60 else text[:57] + "..."
