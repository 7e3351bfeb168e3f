"""The entries of a component in the files, each with what a person would take for its key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from config.journey.rereading import Unlike, members, records, values
from legacy_json.keys import Key, KeyType
from legacy_json.layouts import FolderOf, Home, Layout, ListOf, ObjectOf, SequenceOf, SingleOf

LARGEST = 2**63
DIGITS = 10  # of a position in a key

First = Callable[[str], int]  # the position of the first element in the file of that stem


class Entry(NamedTuple):
    """One record of a component in a file. number: its place there, or that of the record around it."""

    file: str
    number: int
    key: Key | None
    value: object


def entries(home: Home, root: Path, first: First) -> Iterator[Entry]:
    """All that lies in the files of this layout. Raises ValueError, OSError."""
    layout, kind = home.layout, home.collection.key
    for path in files(root, layout):
        name = path.relative_to(root).as_posix()
        for number, (found, value) in enumerate(_found(layout, path, name, first)):
            document = value if layout.wrap is None else {layout.wrap: value}
            yield Entry(name, number, key(found, kind), document)


def files(root: Path, layout: Layout) -> list[Path]:
    """Those of its pattern, by name; hidden ones are somebody's drafts."""
    return sorted(path for path in root.glob(layout.pattern) if path.is_file() and not path.name.startswith("."))


def key(found: object, kind: KeyType) -> Key | None:
    """Not the reader's own rules, but what a person would take for the key; None where there is none."""
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    if kind is str:
        return None if isinstance(found, float) else _text(str(found))
    try:
        number = int(found)
    except (ValueError, OverflowError):
        return None
    return number if -LARGEST <= number < LARGEST else None


def position_key(stem: str, position: int) -> str:
    return f"{stem}:{position:0{DIGITS}d}"


def _found(layout: Layout, path: Path, name: str, first: First) -> Iterator[tuple[object, object]]:
    """What stands for the key, and the value."""
    stem = layout.stem(name)
    match layout:
        case ListOf(section=section, key=field):
            for value in records(path, section):
                yield value.get(field) if isinstance(value, dict) else None, value
        case ObjectOf(section=section):
            yield from members(path, section)
        case FolderOf():
            yield from ((stem, value) for value in values(path, None))
        case SequenceOf(section=section):
            for number, value in enumerate(records(path, section), first(stem)):
                yield position_key(stem, number), value
        case SingleOf(section=section):
            yield from ((f"{stem}:{section}", value) for value in values(path, section))
        case _:
            raise Unlike(f"{path} lies in a way that nobody told the check of")


def _text(text: str) -> str | None:
    """PostgreSQL takes neither NUL nor half a character in a text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return None
    return None if "\0" in text else text or None
