"""Records as the index shows them: one, those with a value, a page of them, or what stands in the files.

Nothing of a component is shown before its first reading is complete: what would be found raises NotReadYet until then.
"""

# ruff: noqa: S608 - what is put into the statements is our own names of columns

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from legacy_json import findings
from legacy_json.contents import SHOWN
from legacy_json.errors import NotReadYet
from legacy_json.index import RECORD, Index
from legacy_json.keys import Key
from legacy_json.layouts import Source
from legacy_json.records import Record, State

T = TypeVar("T")
Condition = tuple[str, Key]  # a comparison, as SQL writes it, and what the key is compared with

_READ = "r.component = :component AND EXISTS (SELECT 1 FROM scanned WHERE component = :component)"
_LIVE = f"{_READ} AND r.state = {State.LIVE:d}"
_ONE = f"SELECT {RECORD} FROM record r WHERE {_READ} AND r.key = :key"
_COUNT = f"SELECT count(*) FROM record r WHERE {_LIVE}"
_WITH = (
    f"SELECT {RECORD} FROM lookup l JOIN record r USING (component, key)"
    f" WHERE l.name = :name AND l.value = :value AND {_LIVE} ORDER BY r.key"
)


def check_read(index: Index, component: str) -> None:
    """Raises NotReadYet."""
    if not index.is_read(component):
        raise NotReadYet(component)


def one(index: Index, component: str, key: Key) -> Record | None:
    """Whatever its state is."""
    row = _found(
        index,
        component,
        lambda: index.connection().execute(_ONE, {"component": component, "key": key}).fetchone(),
    )
    return Record._make(row) if row else None


def live_with(index: Index, component: str, name: str, value: str) -> list[Record]:
    """Those that the lookup finds, in key order. value: see unique.as_lookup."""
    values = {"component": component, "name": name, "value": value}
    rows = _found(index, component, lambda: index.connection().execute(_WITH, values).fetchall())
    return [Record._make(row) for row in rows]


def live_page(
    index: Index, component: str, within: Sequence[Condition], limit: int, *, backwards: bool = False
) -> list[Record]:
    """The first of those whose keys meet the conditions, in key order or against it."""
    conditions = "".join(f" AND r.key {sign} :bound{number}" for number, (sign, _) in enumerate(within))
    query = (
        f"SELECT {RECORD} FROM record r WHERE {_LIVE}{conditions}"
        f" ORDER BY r.key {'DESC' if backwards else 'ASC'} LIMIT :limit"
    )
    values = {"component": component, "limit": limit, **{f"bound{n}": key for n, (_, key) in enumerate(within)}}
    rows = _found(index, component, lambda: index.connection().execute(query, values).fetchall())
    return [Record._make(row) for row in rows]


def count_live(index: Index, component: str) -> int:
    def look() -> int:
        (count,) = index.connection().execute(_COUNT, {"component": component}).fetchone()
        return int(count)

    return _found(index, component, look)


def _found(index: Index, component: str, look: Callable[[], T]) -> T:
    """What there is. Raises NotReadYet."""
    found = look()
    if found:
        return found
    check_read(index, component)
    return look()  # the first reading may have been completed between the two


def reason(index: Index, component: str, key: Key) -> str:
    """Why the document of this key is in quarantine."""
    return findings.reason(index.connection(), component, key)


def in_files(index: Index, component: str, low: Key | None = None, high: Key | None = None) -> Iterator[Record]:
    """In key order what stands in the files, quarantined documents also; from one key to another if they are given."""
    between = "" if low is None else "AND r.key BETWEEN :low AND :high"
    query = f"SELECT {RECORD} FROM record r WHERE r.component = :name AND r.state IN {SHOWN} {between} ORDER BY r.key"
    return map(Record._make, index.connection().execute(query, {"name": component, "low": low, "high": high}))


def count_in_files(index: Index, component: str, file: int | None = None) -> int:
    """The same, counted; of one file, or of all."""
    query = f"SELECT count(*) FROM record WHERE component = ?1 AND (?2 IS NULL OR file = ?2) AND state IN {SHOWN}"
    (count,) = index.connection().execute(query, (component, file)).fetchone()
    return int(count)


def files_in_use(index: Index, source: Source) -> list[tuple[int, str]]:
    """Number and name of each file that is there or that a record lies in, by name."""
    names = [collection.name for collection in source.collections]
    return (
        index.connection()
        .execute(
            "SELECT id, name FROM file f WHERE source = ? AND (signature <> '' OR EXISTS (SELECT 1 FROM record r"
            f" WHERE r.file = f.id AND r.component IN ({', '.join('?' * len(names))}) AND r.state IN {SHOWN}))"
            " ORDER BY name",
            (source.name, *names),
        )
        .fetchall()
    )
