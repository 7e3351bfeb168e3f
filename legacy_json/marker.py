"""What the folder itself says of its files: which index owns each source, and how far they show it.

A lost index, or a folder or an index restored from a backup, would pass unnoticed otherwise: a new index would take
our files for the bot's, an older one would render an older truth over a newer. So each side keeps the number of the
last telling, and a telling is announced in the index before the folder has it. Numbers that merely grow would not do:
an index from a backup goes on counting, and overtakes what the folder remembers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

import msgspec

from legacy_json.errors import LegacyError
from legacy_json.index import Index
from legacy_json.lock import held
from legacy_json.owners import Owner
from legacy_json.rendering.refusals import named
from legacy_json.rendering.replace import draft

NAME = ".switchyard/owner.json"
LOCK = ".switchyard/owner.lock"
SECONDS = 5.0  # for another installation's telling


class Shown(msgspec.Struct, frozen=True):
    """store: the id of the index that owns the source; counter: the commit at which it last told the folder so."""

    store: str
    counter: int


class Marker(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of each source that is ours, by its name. closed: of each that stays as it is, since when, as an ISO text."""

    sources: dict[str, Shown]
    closed: dict[str, str] = {}


class Told(msgspec.Struct, frozen=True):
    """The other side, kept in the index. noted: what the folder has been told; announced: what it was about to be."""

    noted: int = 0
    announced: int = 0


# Made here, not at first use: msgspec takes the process down where two threads look at a Struct for the first time.
_decode = msgspec.json.Decoder(Marker).decode
_decode_told = msgspec.json.Decoder(Told).decode


class StoresDiffer(LegacyError):
    """Folder and index do not belong together, or one of them is older than it was."""

    def __init__(self, root: Path, index: Index, source: str, fact: str) -> None:
        self.source = source
        super().__init__(
            f"{source} in {root}, and the index {index.path}: {fact} Nothing was read or written. Put the one back"
            " that is right; or, to go on with the files as they are now, whatever the index had beyond them:"
            f" manage.py legacy_take '{source}' --anew --confirm"
        )


class MarkerUnreadable(LegacyError):
    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} cannot be read ({reason}), and it says whose the files are. Nothing was read or written. Restore"
            " it with its folder; or, to go on with the files as they are now, remove it, and for each file that was"
            " taken over: manage.py legacy_take FILE --anew --confirm"
        )


def read(root: Path) -> Marker:
    """Empty where no file was ever ours. Raises MarkerUnreadable."""
    path = root / NAME
    try:
        return _decode(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return Marker({})
    except (OSError, msgspec.DecodeError) as error:
        raise MarkerUnreadable(path, str(error)) from error


def check(index: Index, root: Path, source: str) -> None:
    """Raises StoresDiffer, MarkerUnreadable."""
    fact = difference(index, root, source)
    if fact is not None:
        raise StoresDiffer(root, index, source, fact)


def difference(index: Index, root: Path, source: str) -> str | None:
    """In what folder and index contradict each other; None if they do not. Raises MarkerUnreadable."""
    found, told = _both(index, root, source)
    if found is None:
        if told.noted and _owns(index, source):
            return "the index owns the file, and the folder does not know of it: another folder, or a backup?"
        return None
    if found.store != index.store_id:
        return f"the file belongs to the index {found.store}, and this one is {index.store_id}: was the index lost?"
    if found.counter in (told.noted, told.announced):
        return None
    if found.counter > max(told.noted, told.announced):
        return "the index is older than what the folder has been told of it: a backup?"
    return "the folder is older than what the index has rendered into it: a backup?"


def _both(index: Index, root: Path, source: str) -> tuple[Shown | None, Told]:
    """What each side says, at one moment: a renderer may be telling the folder just now. Raises MarkerUnreadable."""
    told = told_of(index, source)
    while True:
        found, before = read(root).sources.get(source), told
        told = told_of(index, source)
        if told == before:
            return found, told


def note(index: Index, root: Path, sources: Iterable[str]) -> None:
    """Tell the folder that these are ours, or no longer. Call it under the rendering lock.

    Raises FileUnwritable, IndexUnwritable, StoreBusy.
    """
    names, path = list(sources), root / NAME
    if not path.exists() and not any(_owns(index, name) for name in names):
        return
    with named(path):
        path.parent.mkdir(exist_ok=True)
    # Another installation, with an index and locks of its own, may serve the other bot in the same folder.
    with held(root / LOCK, SECONDS):
        _tell(index, root, names)


def agree(connection: sqlite3.Connection, index: Index, root: Path, source: str) -> None:
    """What the folder says of it now is no contradiction. Inside the commit that makes the source ours.

    A crash before the folder is told of that would else look like a folder from a backup. Raises MarkerUnreadable.
    """
    found = read(root).sources.get(source)
    heard = found.counter if found and found.store == index.store_id else 0
    _store(connection, {source: Told(heard, heard)})


def _tell(index: Index, root: Path, names: list[str]) -> None:
    marker = read(root)
    changed = {name for name in names if _owns(index, name) or name in marker.sources}
    if not changed:
        return
    counter = index.counter
    # After a crash the folder may know of the last telling, and the index only that it was announced.
    _remember(index, {name: Told(_heard(index, marker, name), counter) for name in changed})
    ours = {name: Shown(index.store_id, counter) for name in changed if _owns(index, name)}
    others = {name: shown for name, shown in marker.sources.items() if name not in changed}
    closed = {name: since for name, since in marker.closed.items() if name not in changed}  # written again
    _write(root, Marker(others | ours, closed))
    _remember(index, {name: Told(counter, counter) for name in changed})


def note_closed(root: Path, sources: Iterable[str], at: str) -> None:
    """Tell the folder that these are not written any more: whoever comes across them asks the database.

    Raises FileUnwritable, MarkerUnreadable, StoreBusy.
    """
    with named(root / NAME):
        (root / NAME).parent.mkdir(exist_ok=True)
    with held(root / LOCK, SECONDS):
        marker = read(root)
        closed = dict.fromkeys(sources, at) | marker.closed
        if closed != marker.closed:
            _write(root, Marker(marker.sources, closed))


def told_of(index: Index, source: str) -> Told:
    row = index.connection().execute("SELECT value FROM meta WHERE name = ?", (_name(source),)).fetchone()
    return _decode_told(row[0]) if row else Told()


def _heard(index: Index, marker: Marker, source: str) -> int:
    found = marker.sources.get(source)
    return found.counter if found and found.store == index.store_id else told_of(index, source).noted


def _owns(index: Index, source: str) -> bool:
    row = index.connection().execute("SELECT owner FROM source WHERE name = ?", (source,)).fetchone()
    return row is not None and row[0] == Owner.SWITCHYARD


def _remember(index: Index, told: dict[str, Told]) -> None:
    with index.write(shown=False) as (connection, _):
        _store(connection, told)


def _store(connection: sqlite3.Connection, told: dict[str, Told]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO meta VALUES (?, ?)",
        [(_name(source), msgspec.json.encode(each).decode()) for source, each in told.items()],
    )


def _name(source: str) -> str:
    return f"told {source}"


def _write(root: Path, marker: Marker) -> None:
    path = root / NAME
    with draft(path, within=root) as made:
        made.write(msgspec.json.format(msgspec.json.encode(marker)) + b"\n")
        placed = made.replace() if path.exists() else made.create()
    if placed.displaced is not None:
        placed.displaced.discard()
