"""What a reading is measured against, each in a process of its own: nothing of it is ours."""

from __future__ import annotations

import json
import os
from collections import deque
from pathlib import Path

import ijson.backends.yajl2_c as yajl

from tests.bench.stores import Store


def ijson(store: Store, folder: Path) -> None:
    """Every record, decoded and forgotten."""
    find = yajl.kvitems if store.members else yajl.items
    for path in folder.glob(store.pattern):
        with path.open("rb") as file:
            deque(find(file, store.prefix), maxlen=0)


def loads(store: Store, folder: Path) -> None:
    """Each file at once, in as much memory as it takes."""
    for path in folder.glob(store.pattern):
        json.loads(path.read_bytes())


def look(store: Store, folder: Path) -> None:
    """The times of all files."""
    _newest(store, folder)


def look_and_load_one(store: Store, folder: Path) -> None:
    """The times of all files, and the contents of the newest."""
    json.loads(Path(_newest(store, folder)).read_bytes())


def _newest(store: Store, folder: Path) -> str:
    with os.scandir(folder / Path(store.pattern).parent) as entries:
        return max((entry.stat().st_mtime_ns, entry.path) for entry in entries)[1]
