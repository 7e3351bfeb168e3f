"""A person in whole files that nobody renders: their entries are cut out, other people's stay.

These are the copies that are kept beside the index, and the files of a component whose migration is closed.

A copy that is named after the person goes as a whole; so does one that has their number in it and cannot be read. All
under the rendering lock, so that nobody makes copies or restores them meanwhile.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from legacy_json.conflicts import FOLDER as CONFLICTS
from legacy_json.renderer import KEPT as LAST_GOOD
from legacy_json.rendering import copies, durable
from legacy_json.rendering.copies import FILES, MANIFEST, Manifest
from legacy_json.taking import DISPLACED, ORIGINALS
from migration_control.persons import cutting, registry
from migration_control.persons.cutting import Cut, NotJson
from migration_control.persons.notes import is_file_of
from migration_control.persons.traces import Part, Trace, loaded_piece

FOLDERS = (CONFLICTS, DISPLACED, ORIGINALS, LAST_GOOD)
ENDING = ".switchyard-cut"  # of what is about to take a copy's place


class Found(NamedTuple):
    """cut: None of a copy that goes as a whole."""

    path: Path
    cut: Cut | None
    data: bytes


def found(home: Path, person: int) -> Iterator[Trace]:
    """home: the index's folder."""
    return _traces("copy", home, _found(home, _files(home), person))


def found_in(folder: Path, names: list[str], person: int) -> Iterator[Trace]:
    """Of files in the bot's folder, or another."""
    return _traces("file", folder, _found(folder, (folder / name for name in names), person))


def _traces(place: str, top: Path, found: Iterator[Found]) -> Iterator[Trace]:
    for each in found:
        name = str(each.path.relative_to(top))
        if each.cut is None:
            yield Trace(place, name, None, Part.WHOLE, cutting.as_text(each.data))
        else:
            yield Trace(place, name, None, Part.MENTION, [loaded_piece(piece) for piece in each.cut.pieces])


def erase(home: Path, person: int) -> int:
    """Under the rendering lock. Returns how many copies were changed or removed. Repeated, it goes on."""
    count = 0
    for each in list(_found(home, _files(home), person)):
        _erase(home, each)
        count += 1
    return count


def erase_in(folder: Path, names: list[str], person: int) -> None:
    """Of files in the bot's folder, under the rendering lock; or in another."""
    for each in list(_found(folder, (folder / name for name in names), person)):
        if each.cut is None:
            each.path.unlink(missing_ok=True)
        else:
            _put(each.path, _rest(each.cut), like=each.path)


def _found(top: Path, paths: Iterable[Path], person: int) -> Iterator[Found]:
    within = registry.within()
    for path in paths:
        try:
            data = path.read_bytes()
        except FileNotFoundError:  # a service has removed it since, which is what is wanted
            continue
        if is_file_of(str(path.relative_to(top)), person):
            yield Found(path, None, data)
        elif cutting.mentioned(data, person):
            try:
                cut = cutting.cut(cutting.as_text(data), person, within)
            except NotJson:
                yield Found(path, None, data)
            else:
                if cut.found:
                    yield Found(path, None if cut.rest is None else cut, data)


def _files(home: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        for top, _, names in os.walk(home / folder):
            for name in sorted(names):
                path = Path(top, name)
                if path.is_file() and not path.is_symlink() and not _is_manifest(home, path):
                    yield path


def _is_manifest(home: Path, path: Path) -> bool:
    parts = path.relative_to(home).parts
    return parts[0] == ORIGINALS and parts[2:] == (MANIFEST,)


def _erase(home: Path, each: Found) -> None:
    parts = each.path.relative_to(home).parts
    if parts[0] == ORIGINALS and parts[2:3] == (FILES,):
        _erase_original(home.joinpath(*parts[:2]), each)
    elif each.cut is None:
        each.path.unlink()
        _remove_empty(each.path.parent, home / parts[0])
    elif parts[0] == LAST_GOOD:
        data = _rest(each.cut)
        number = each.path.name.split("-", 1)[0]
        _put(each.path.with_name(f"{number}-{len(data)}-{_sha256(data)}"), data, like=each.path)
        each.path.unlink()  # a copy of that number is there in any case
    else:
        _put(each.path, _rest(each.cut), like=each.path)


def _erase_original(folder: Path, each: Found) -> None:
    """The manifest says what a copy has to be. Whoever is killed before the exchange leaves the old copy, which still
    names the person, and with which the next call begins anew.
    """
    name = str(each.path.relative_to(folder / FILES))
    if each.cut is None:
        _note(folder, name, None)
        each.path.unlink()
        _remove_empty(each.path.parent, folder / FILES)
        return
    data = _rest(each.cut)
    made = each.path.with_name(each.path.name + ENDING)
    _put(made, data, like=each.path)
    _note(folder, name, data)
    made.replace(each.path)
    durable.sync_folder(each.path.parent)


def _note(folder: Path, name: str, data: bytes | None) -> None:
    """In the manifest, if the copy is one that was completed. data: None of one that goes."""
    kept = copies.manifest(folder) if (folder / MANIFEST).exists() else None
    if kept is None:
        return
    files = [each for each in kept.files if each.name != name]
    if data is not None:
        (old,) = (each for each in kept.files if each.name == name)
        changed = msgspec.structs.replace(old, size=len(data), sha256=_sha256(data))
        files = [changed if each is old else each for each in kept.files]
    made = Manifest(kept.source, kept.taken, tuple(files))
    _put(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(made)), like=folder / MANIFEST)


def _rest(cut: Cut) -> bytes:
    assert cut.rest is not None
    return cutting.as_bytes(cut.rest)


def _put(path: Path, data: bytes, *, like: Path) -> None:
    """In one step, with the attributes and times of the other."""
    made = path.with_name(path.name + ".new")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        durable.write_all(descriptor, data)
        durable.sync_file(descriptor)
    finally:
        os.close(descriptor)
    shutil.copystat(like, made)
    made.replace(path)
    durable.sync_folder(path.parent)


def _remove_empty(folder: Path, top: Path) -> None:
    """Folders above the copy, up to that of all copies of the kind."""
    while folder != top and folder.is_relative_to(top) and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
