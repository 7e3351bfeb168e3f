"""Files that are no component's: copies that a service made of a person's data, and what looks so in LEGACY_DIR.

Nobody but the owner knows what the others are for; they are named, and stay.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from legacy_json.layouts import Source
from legacy_json.shown import FOLDER as SHOWN
from migration_control.persons import copies, cutting, registry
from migration_control.persons.copies import FOLDERS
from migration_control.persons.notes import is_file_of
from migration_control.persons.traces import Part, Trace, loaded

MUCH = 256 << 20  # bytes of a file; a longer one is no bot's JSON, and is not looked into
NAMED = 20  # files


def made(person: int) -> Iterator[tuple[str, Path]]:
    """What services made, with the kind of copy."""
    for each in registry.files():
        for path in each.find(person):
            yield each.name, path


def found(person: int) -> Iterator[Trace]:
    for name, path in made(person):
        said = loaded(cutting.as_text(path.read_bytes()))
        yield Trace("file", f"{name}: {path.parent.name}/{path.name}", None, Part.WHOLE, said)
    whole = {path for _, path in made(person)}
    for each, (folder, names) in shared():
        others = [name for name in names if folder / name not in whole]
        for trace in copies.found_in(folder, others, person):
            yield trace._replace(name=f"{each}: {trace.name}")


def shared() -> Iterator[tuple[str, tuple[Path, list[str]]]]:
    """What services made, in which several people may be."""
    for each in registry.files():
        if each.shared is not None:
            yield each.name, each.shared()


def erase(person: int) -> None:
    for path in [path for _, path in made(person)]:
        path.unlink(missing_ok=True)
    for _, (folder, names) in shared():
        copies.erase_in(folder, names, person)


def strange(root: Path, index: Path, sources: dict[str, Source], person: int) -> list[str]:
    """Files that have the person's number in their name or text, and are neither a component's nor a service's."""
    known = {path for _, path in made(person)}
    names = []
    for path in _others(root, index):
        name = str(path.relative_to(root))
        if path in known or any(source.pattern_of(name) is not None for source in sources.values()):
            continue
        try:
            if is_file_of(name, person) or _mentions(path, person):
                names.append(name)
        except OSError:
            continue  # gone meanwhile, or closed to us
        if len(names) > NAMED:
            break
    return names


def _others(root: Path, index: Path) -> Iterator[Path]:
    """All but what is kept beside the index, which is looked through by itself."""
    kept = {index.parent / name for name in (*FOLDERS, SHOWN)}
    for top, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if Path(top, name) not in kept)
        paths = (Path(top, name) for name in sorted(files))
        yield from (path for path in paths if not str(path).startswith(str(index)))


def _mentions(path: Path, person: int) -> bool:
    return path.is_file() and path.stat().st_size <= MUCH and cutting.mentioned(path.read_bytes(), person)
