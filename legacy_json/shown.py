"""What each record of a file of ours was like when the file was last rendered: a digest of each, beside the index.

Without it an edit could not be told from what stood there before our own next write. It is no truth of its own: where
it is missing, staff are asked instead.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from legacy_json.index import Index
from legacy_json.keys import Key, below
from legacy_json.records import State
from legacy_json.scratch import Listed, Scratch
from legacy_json.walking import Known, Knows

FOLDER = "shown"
SIZE = 8  # bytes of a digest
PROOF = 0  # the commit of what is gathered before there is one
GATHERED = 1 << 13  # records written at once


class Digests:
    """Of the records that go by while a file is composed."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("wb", buffering=0)
        self._gathered: list[bytes] = []

    def __call__(self, component: str, key: Key, document: bytes) -> None:
        self._gathered += (_of_key(component, key), _digest(document))
        if len(self._gathered) >= GATHERED:
            self.flush()

    def flush(self) -> None:
        self._stream.write(b"".join(self._gathered))
        self._gathered.clear()

    def close(self) -> None:
        self._stream.close()


class Shown:
    """Looked into after an edit."""

    def __init__(self, path: Path) -> None:
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            data = b""
        step = 2 * SIZE
        self._digests = {data[at : at + SIZE]: data[at + SIZE : at + step] for at in range(0, len(data), step)}

    def knows(self) -> bool:
        return bool(self._digests)

    def had(self, component: str, key: Key) -> bool:
        return self.digest(component, key) is not None

    def digest(self, component: str, key: Key) -> bytes | None:
        """Of the record's document."""
        return self._digests.get(_of_key(component, key))

    def is_as_it_was(self, component: str, key: Key, document: bytes) -> bool:
        """Whether a record of the edited file is what we had put there: a reading has the bytes that a writer had."""
        return self.digest(component, key) == _digest(document)


class KnownAsShown(NamedTuple):
    """The elements of a list as the file showed them, by which an edited one has its positions (positions.Known).

    By those that there are now, what we wrote or deleted since would move the others.
    """

    had: Shown
    scratch: Scratch
    component: str

    def documents(self, low: Key, high: Key, limit: int | None) -> list[tuple[Key, bytes]]:
        query = "SELECT key FROM main.record WHERE component = ? AND key BETWEEN ? AND ? AND state <> ? ORDER BY key"
        keys = self.scratch.connection.execute(query, (self.component, low, high, State.PRUNED))
        found = ((key, self.had.digest(self.component, key)) for (key,) in keys)
        return list(islice(((key, digest) for key, digest in found if digest is not None), limit))

    def like(self, document: bytes) -> bytes:
        return _digest(document)

    def holed(self, low: Key, high: Key) -> list[Key]:
        return [key for key, _ in self.documents(low, high, None)]

    def last(self, low: Key, high: Key) -> Key | None:
        return self.scratch.last(self.component, low, high)

    def is_pruned(self, key: Key) -> bool:
        return below(key, self.scratch.floor(self.component))


@contextmanager
def gathering(index: Index, file: Listed, began: int) -> Iterator[Digests]:
    """Digests of the rendering that began with this commit; they count once the index says that it is in place."""
    path = _path(index, file, began)
    path.parent.mkdir(parents=True, exist_ok=True)
    made = Digests(path)
    try:
        yield made
        made.flush()
    finally:
        made.close()


def proven(index: Index, files: Iterable[Listed], rendered: int) -> None:
    """What was gathered when it was proven that we can write the files is what they show."""
    folders: dict[Path, set[str]] = {}
    for file in files:
        folders.setdefault(_path(index, file, PROOF).parent, set()).add(str(file.id))
    for folder, numbers in folders.items():
        there = list(folder.iterdir()) if folder.is_dir() else []
        for path in there:
            number, _, began = path.name.partition("-")
            if number not in numbers:
                continue
            if began == str(PROOF):
                path.rename(folder / f"{number}-{rendered}")
            elif began != str(rendered):
                path.unlink(missing_ok=True)


def known(had: Shown) -> Knows:
    """By what an edited list has its positions."""
    return partial(KnownAsShown, had) if had.knows() else Known


def last(index: Index, file: Listed) -> Shown:
    (rendered,) = index.connection().execute("SELECT rendered FROM file WHERE id = ?", (file.id,)).fetchone()
    return Shown(_path(index, file, rendered))


def forget_others(index: Index, file: Listed, rendered: int) -> None:
    """Those of earlier renderings."""
    kept = _path(index, file, rendered)
    for path in kept.parent.glob(f"{file.id}-*"):
        if path != kept:
            path.unlink(missing_ok=True)


def _path(index: Index, file: Listed, began: int) -> Path:
    # A folder for a few files, for there may be a hundred thousand.
    return index.path.parent / FOLDER / f"{file.id // 256:x}" / f"{file.id}-{began}"


def _of_key(component: str, key: Key) -> bytes:
    return _digest(os.fsencode(f"{component} {key!r}"))


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=SIZE).digest()
