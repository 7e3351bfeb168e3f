"""What a reading refuses, and then nothing has changed: sources that look as if their files were others, or gone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from legacy_json import owners
from legacy_json.errors import LegacyError, SourceMissing, SourceShrank
from legacy_json.index import Index
from legacy_json.layouts import Source, fits, in_another_folder
from legacy_json.owners import Owner
from legacy_json.scratch import Scratch
from legacy_json.stability import Signatures

FEW = 10  # optional records: a handful may well go at once


class MovedWhileOurs(LegacyError):
    """Switchyard writes a file that is not where it was: the bot's, by mistake, would be whatever lies elsewhere."""

    def __init__(self, source: str, owned: str, file: str) -> None:
        super().__init__(
            f"{source}: its records lie in {file} of {owned}, which Switchyard owns and which is not declared any"
            " more, or is not there. Nothing was read. Set LEGACY_FACEIT_FOLDER, LEGACY_COMPANION_FOLDER and BOTS back,"
            f" and the files; or give it back first, while they are: manage.py legacy_give_back '{owned}'"
        )


class CopiedElsewhere(LegacyError):
    """The same files in two folders: which of them the bot writes, nobody can tell from them."""

    def __init__(self, source: str, there: Path, here: Path) -> None:
        super().__init__(
            f"{source}: records of {here} are known from {there.parent}, where {there.name} still lies. Nothing was"
            " read. If the bot has moved, take the old files away from there, and its records move along; else set"
            " LEGACY_FACEIT_FOLDER and LEGACY_COMPANION_FOLDER back."
        )


def refuse_ours(index: Index, source: Source, names: Sequence[str]) -> None:
    """Files of another source that is ours are not this one's, whatever is declared now."""
    query = "SELECT f.name, s.name FROM source s JOIN file f ON f.source = s.name WHERE s.owner = ? AND s.name <> ?"
    ours = dict(index.connection().execute(query, (Owner.SWITCHYARD, source.name)))
    for name in names:
        if name in ours:
            raise MovedWhileOurs(source.name, ours[name], name)


def refuse_copied(root: Path, source: Source, others: Sequence[str]) -> None:
    """Other files that have the same records must not be what this source's were, before its folder was another."""
    for other in others:
        for pattern in source.patterns:
            if in_another_folder(other, pattern):
                raise CopiedElsewhere(source.name, root / other, (root / pattern).parent)


def refuse_missing(root: Path, source: Source, seen: Signatures, known: owners.Known | None) -> None:
    """What has to exist, or did, must be there: a wrong mount looks just like its absence."""
    there = {home.layout.pattern for home in source.homes if _exists(root, home.layout.pattern)}
    for collection in source.collections:
        layouts = [home.layout for home in source.homes if home.collection == collection]
        if layouts and all(not (x.optional or x.pattern in there) for x in layouts):
            raise SourceMissing(root / layouts[-1].pattern)
    for pattern in source.patterns:
        had = known is not None and any(fits(name, pattern) for name in known.signatures)
        if had and pattern not in there:
            raise SourceMissing(root / pattern)


def _exists(root: Path, pattern: str) -> bool:
    """Whether the file, or the folder of the files, is there."""
    path = root / pattern
    return path.parent.is_dir() if "*" in pattern else path.exists()


def refuse_shrunk(index: Index, path: Path, room: Scratch, source: Source, counts: dict[str, dict[int, int]]) -> None:
    """A component that lost more than half of its records in the source, or all, has probably lost its file.

    Records, not entries: a file of another bot has as many, and other ones.
    """
    for collection in source.collections:
        name = collection.name
        optional = all(home.layout.optional for home in source.homes if home.collection == collection)
        if room.is_new(name):
            before, kept, gone = 0, sum(counts[name].values()), 0
        else:
            gone = room.count_absent(name)
            if not gone:
                continue
            before = index.count_records(name, source.name)
            kept = before - gone
        few = optional and gone < FEW
        if (2 * kept < before and not few) or (kept == 0 and not optional and (before or room.is_new(name))):
            raise SourceShrank(path, name, before, kept)
