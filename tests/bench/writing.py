"""One commit of the JSON store, against a bare SQLite commit of the same bytes, and against what rewrites its file.

Ours and the peer take turns, commit by commit, and so do the sizes: a disk that slows down slows all of them.
"""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from legacy_json.connections import PAGE
from legacy_json.documents import encoded
from legacy_json.index import Index
from legacy_json.layouts import Collection
from legacy_json.places import Places
from legacy_json.unique import lookups_of
from legacy_json.writing import commit
from tests.bench.users import FIRST_ID

SIZES = (1_000, 100_000)  # and as many as are asked for
PEER = 50_000  # records, which TinyDB writes anew at each change
WRITERS, EACH = 4, 1_500  # processes at once, and commits of each
ROUND = 400  # commits of each side
FRAME = 24  # bytes before each page in the log
CHUNK = 10_000
SELECT = "SELECT document FROM record WHERE key = ?"
spawn = multiprocessing.get_context("spawn")

Seconds = list[float]


def run(folder: Path, records: int, repeats: int) -> dict[str, Any]:
    """Ratios of medians (lower is faster). folder: an empty one, on the disk that is measured.

    Django's settings are named, and not loaded.
    """
    import django

    django.setup()
    sizes = sorted({*SIZES, PEER, records})
    rounds = [_beside_sqlite(folder, sizes) for _ in range(repeats)]
    ours = {size: median(one[size].ours for one in rounds) for size in sizes}
    return {
        "one replace (us), for scale only": {str(size): round(seconds * 1e6) for size, seconds in ours.items()},
        "time of one replace, to a bare SQLite commit": {
            str(size): round(median(one[size].ours / one[size].bare for one in rounds), 2) for size in sizes
        },
        f"time at {records} records, to that at {sizes[0]}": round(
            median(one[records].ours / one[sizes[0]].ours for one in rounds), 2
        ),
        "pages written by one replace, where a bare commit writes one": _pages(folder, SIZES[0]),
        f"time at {PEER} records, to TinyDB's": round(ours[PEER] / _tinydb(folder, PEER), 5),
        f"slowest 0.1 % of {WRITERS} writers at once, to their median": round(_at_once(folder, SIZES[1]), 1),
        "time of one get, to a bare SQLite select": round(_reads(folder, SIZES[1]), 2),
        "goals": "replace <= 1.5 of SQLite, <= 1.3 of the smallest, <= 0.01 of TinyDB; slowest 0.1 % <= 20 medians",
    }


# Filled by the back door: what is measured is one commit


@cache
def _users() -> Collection:
    from migration_control import components

    return components.get("users").collection


def _key(document: dict[str, object]) -> int:
    key = document["user_id"]
    assert isinstance(key, int)
    return key


@contextmanager
def _index(folder: Path, records: int) -> Iterator[tuple[Index, Places]]:
    """An index of that many users, whose file is ours, and of which a database has confirmed everything."""
    index = Index(folder / f"{records}.sqlite3")
    if not index.is_read("users"):
        _fill(index, records)
    yield index, _places()
    index.close()


def _places() -> Places:
    from migration_control import components

    return Places([component.collection for component in components.everything()])


def _fill(index: Index, records: int) -> None:
    collection, place = _users(), _places().of(_users(), 1)
    for first in range(0, records, CHUNK):
        numbers = range(first, min(first + CHUNK, records))
        documents = [_document(number) for number in numbers]
        with index.write() as (connection, counter):
            connection.executemany(
                "INSERT INTO record (component, key, version, state, odd, changed, file, ordinal, document)"
                " VALUES ('users', ?, 0, 0, 0, ?, 1, ?, ?)",
                [(_key(d), counter, n, encoded(d, odd=False)[1]) for n, d in zip(numbers, documents, strict=True)],
            )
            connection.executemany(
                "INSERT INTO lookup VALUES ('users', ?, ?, ?)",
                [(*value, _key(d)) for d in documents for value in lookups_of(collection, d)],
            )
    with index.write() as (connection, _):
        connection.execute("INSERT INTO source VALUES (?, 'switchyard', '')", (place.source.name,))
        connection.execute(
            "INSERT INTO file (id, source, name, signature, next) VALUES (1, ?, ?, '', ?)",
            (place.source.name, place.file_of(1), records),
        )
        connection.execute("INSERT INTO scanned (component) VALUES ('users')")
        connection.execute("INSERT INTO counted VALUES ('users', 1, ?)", (records,))


def _changed(number: int) -> dict[str, object]:
    """Never twice the same: SQLite writes nothing where the same bytes stand already."""
    return _document(number, time.perf_counter_ns())


def _document(number: int, requests: int = 0) -> dict[str, object]:
    return {
        "user_id": FIRST_ID + 7 * number,
        "faceit_player_id": f"{number:032x}",
        "faceit_nickname": f"игрок{number}",
        "last_checked_match_id": f"1-{number:032x}",
        "waiting_for_nickname": False,
        "language": "ru",
        "notifications_enabled": True,
        "created_at": "2024-05-06T07:08:09.101112",
        "last_active_at": "2024-06-07T08:09:10.111213",
        "total_requests": requests,
    }


@contextmanager
def _bare(folder: Path, records: int) -> Iterator[sqlite3.Connection]:
    """The same bytes by key, and nothing else. As our index: page size, log, and wait for the disk."""
    path = folder / f"bare-{records}.sqlite3"
    new = not path.exists()
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in (f"page_size = {PAGE}", "journal_mode = WAL", "synchronous = FULL", "cache_size = -32000"):
        connection.execute(f"PRAGMA {pragma}")
    if new:
        connection.execute("CREATE TABLE record (key INTEGER PRIMARY KEY, document BLOB NOT NULL)")
        connection.execute("BEGIN")
        rows = ((FIRST_ID + 7 * number, encoded(_document(number), odd=False)[1]) for number in range(records))
        connection.executemany("INSERT INTO record VALUES (?, ?)", rows)
        connection.execute("COMMIT")
    yield connection
    connection.close()


# What is measured


class _Medians(NamedTuple):
    """Seconds of one commit."""

    ours: float
    bare: float


def _beside_sqlite(folder: Path, sizes: Sequence[int]) -> dict[int, _Medians]:
    mine: dict[int, Seconds] = {size: [] for size in sizes}
    theirs: dict[int, Seconds] = {size: [] for size in sizes}
    with ExitStack() as stack:
        stores = {
            size: (*stack.enter_context(_index(folder, size)), stack.enter_context(_bare(folder, size)))
            for size in sizes
        }
        os.sync()  # filling them is not what is measured
        for _ in range(ROUND):
            for size, (index, places, bare) in stores.items():
                mine[size].append(_replace(index, places, _changed(_any(size))))
                theirs[size].append(_update(bare, _changed(_any(size))))
    return {size: _Medians(median(mine[size]), median(theirs[size])) for size in sizes}


_any = Random(1).randrange


def _pages(folder: Path, records: int) -> float:
    """What each commit adds to the log, while the database confirms what waits every now and then."""
    log = folder / f"{records}.sqlite3-wal"
    with _index(folder, records) as (index, places):
        connection = index.connection()
        connection.execute("DELETE FROM pending WHERE component = 'users'")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for _ in range(50):
            _replace(index, places, _changed(_any(records)))
        return round(log.stat().st_size / (PAGE + FRAME) / 50, 1)


def _replace(index: Index, places: Places, document: dict[str, object]) -> float:
    started = time.perf_counter()
    with commit(index, places) as writer:
        writer.replace(_users(), _key(document), document)
    return time.perf_counter() - started


def _update(bare: sqlite3.Connection, document: dict[str, object]) -> float:
    data, key = encoded(document, odd=False)[1], _key(document)
    started = time.perf_counter()
    bare.execute("BEGIN IMMEDIATE")
    bare.execute("UPDATE record SET document = ? WHERE key = ?", (data, key))
    bare.execute("COMMIT")
    return time.perf_counter() - started


def _tinydb(folder: Path, records: int) -> float:
    """Its median for one update. It writes the whole file each time."""
    import tinydb

    with tinydb.TinyDB(folder / "tinydb.json") as database:
        database.insert_multiple(_document(number) for number in range(records))
        found = []
        for number in range(5):
            started = time.perf_counter()
            database.update({"total_requests": number + 1}, doc_ids=[1 + 1000 * number])
            found.append(time.perf_counter() - started)
    return median(found)


def _at_once(folder: Path, records: int) -> float:
    with _index(folder, records):
        pass
    answers: multiprocessing.Queue[Seconds] = spawn.Queue()
    writers = [spawn.Process(target=_saturate, args=(folder, records, n, answers)) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    found = sorted(seconds for _ in writers for seconds in answers.get())
    for writer in writers:
        writer.join()
    return found[int(len(found) * 0.999)] / median(found)


def _saturate(folder: Path, records: int, number: int, answers: multiprocessing.Queue[Seconds]) -> None:
    import django

    django.setup()
    chance = Random(number)
    with _index(folder, records) as (index, places):
        found = [_replace(index, places, _changed(chance.randrange(records))) for _ in range(EACH)]
    answers.put(found)


def _reads(folder: Path, records: int) -> float:
    """An instance of the model, against the row's bytes."""
    from migration_control import components
    from migration_control.stores.json import JsonStore

    mine, theirs = [], []
    with _index(folder, records) as (index, places), _bare(folder, records) as bare:
        store: JsonStore[Any] = JsonStore(components.get("users"), index, places, ZoneInfo("UTC"))
        for number in Random(1).choices(range(records), k=5000):
            key = _key(_document(number))
            mine.append(_timed(store.get, key))
            theirs.append(_timed(lambda key: bare.execute(SELECT, (key,)).fetchone(), key))
    return median(mine) / median(theirs)


def _timed(work: Callable[[int], object], key: int) -> float:
    started = time.perf_counter()
    assert work(key) is not None
    return time.perf_counter() - started
