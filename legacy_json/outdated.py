"""Files that do not show what the index has, and files that somebody else has changed."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from legacy_json.errors import SourceUnreadable
from legacy_json.fences import FOR_GOOD, FenceState
from legacy_json.index import Index
from legacy_json.layouts import Source
from legacy_json.owners import Owner
from legacy_json.rendering.replace import Displaced, Signature, left_over, signature
from legacy_json.scratch import Listed
from legacy_json.walking import files_of

UNKNOWN = 0  # the number of a file that the index has not

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Dirty:
    """A file that does not show what the index has. left: its signature as we left it; intent: or were about to."""

    file: Listed
    source: str
    left: str
    intent: str


def dirty(index: Index, sources: dict[str, Source]) -> list[Dirty]:
    """The files that have to be rendered, longest waiting first. None of a source that is done with."""
    return _ours(index, sources, "AND f.changed > f.rendered ORDER BY f.changed")


def edited(index: Index, root: Path, sources: dict[str, Source]) -> list[Dirty]:
    """Files of ours that are not as we left them, have an edit beside them that was displaced, or are not known yet.

    One that is not known has no number.
    """
    found = _ours(index, sources, "ORDER BY f.id")
    beside: dict[Path, list[Displaced]] = {}
    for folder in {(root / each.file.name).parent for each in found}:
        for left in left_over(folder):
            beside.setdefault(left.target, []).append(left)
    changed = [
        each
        for each in found
        if as_text(signature(root / each.file.name)) not in (each.left, each.intent or each.left)
        or any(not is_ours(each, left) for left in beside.get(root / each.file.name, ()))
    ]
    return changed + list(_unknown(index, root, sources))


def _unknown(index: Index, root: Path, sources: dict[str, Source]) -> Iterator[Dirty]:
    """Files that somebody else has put among ours."""
    owned = index.connection().execute("SELECT name FROM source WHERE owner = ?", (Owner.SWITCHYARD,)).fetchall()
    done_with = sealed(index, sources.values())
    for (name,) in owned:
        if name not in sources or name in done_with:
            continue
        try:
            there = files_of(root, sources[name])
        except SourceUnreadable as error:
            log.warning("%s", error)
            continue
        known = {file for (file,) in index.connection().execute("SELECT name FROM file WHERE source = ?", (name,))}
        yield from (Dirty(Listed(UNKNOWN, file, of), name, "", "") for file, of in there.items() if file not in known)


def _ours(index: Index, sources: dict[str, Source], which: str) -> list[Dirty]:
    rows = index.connection().execute(
        "SELECT f.id, f.name, f.source, f.signature, f.intent FROM file f JOIN source s ON s.name = f.source"  # noqa: S608
        f" WHERE s.owner = ? {which}",
        (Owner.SWITCHYARD,),
    )
    done_with = sealed(index, sources.values())
    return [
        Dirty(listed(sources[of], id, name), of, *seen)
        for id, name, of, *seen in rows
        if of in sources and of not in done_with
    ]


def sealed(index: Index, sources: Iterable[Source]) -> set[str]:
    """Names of sources whose files stay as they are: the migration of a component in them is closed, and none is
    written there any more. JSON may have been promoted for the others since; they are rendered then, beside what the
    index last had of the closed one.
    """
    rows = index.connection().execute("SELECT component, state, mirrored FROM fence")
    fences = {component: (state, mirrored) for component, state, mirrored in rows}
    return {source.name for source in sources if _is_done_with(fences, [c.name for c in source.collections])}


def _is_done_with(fences: Mapping[str, tuple[str, int]], names: Sequence[str]) -> bool:
    found = [fences.get(name, (FenceState.OPEN, 0)) for name in names]
    written = any(state not in (FenceState.CLOSED, *FOR_GOOD) or mirrored for state, mirrored in found)
    return not written and any(state == FenceState.SEALED for state, _ in found)


def listed(source: Source, number: int, name: str) -> Listed:
    pattern = source.pattern_of(name)
    assert pattern is not None  # the file is one of the source's
    return Listed(number, name, pattern)


def is_ours(each: Dirty, displaced: Displaced) -> bool:
    """Whether we had put there what was displaced."""
    return as_text(displaced.signature) in (each.left, each.intent)


def as_text(found: Signature | None) -> str:
    """A signature as the index keeps it; "" of no file."""
    return "" if found is None else ":".join(map(str, found))
