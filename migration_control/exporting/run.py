"""One export, from its first record to its manifest."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from legacy_json import owners, selecting
from legacy_json.contents import compose, is_empty
from legacy_json.index import Index
from legacy_json.keys import Key
from legacy_json.layouts import Source
from legacy_json.outdated import listed
from legacy_json.owners import Owner
from legacy_json.places import Places
from legacy_json.scratch import Listed
from migration_control import components, store
from migration_control.components import Component
from migration_control.exporting.files import Files
from migration_control.exporting.folder import Folder, unfinished
from migration_control.exporting.layouts import collections
from migration_control.exporting.origins import IndexOrigin, Origin, opened
from migration_control.records import Record
from migration_control.stages import Store

LEGACY, LINES, NATIVE = "legacy", "lines", "native"
NAMED = 1000  # records that were left out, before the rest is only counted
EVERY = 500  # records between two calls of progress
FORMAT = 1
NO_RECORDS = (
    "What is no record in the bot's files, such as sections that nobody declared, is not in this export. Only one from"
    " the index, in the legacy layout, has it, and that of files that are ours."
)

Progress = Callable[[int, int], None]  # records written, and in all


@dataclass
class Export:
    """What an export wrote. left_out: what has no place in the layout, or is in quarantine, with the reason.

    notes: what no export of this kind has.
    """

    folder: Path
    store: Store
    layout: str
    components: list[Component]
    records: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    reasons: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: int = 0
    size: int = 0

    def manifest(self, origin: Origin, now: datetime) -> dict[str, Any]:
        """For scripts."""
        return {
            "format": FORMAT,
            "made": now.isoformat(),
            "from": "database" if self.store is Store.DATABASE else "index",
            "origin": origin.said(),
            "layout": self.layout,
            "components": {
                c.name: {"records": self.records[c.name], "left_out": self.left_out[c.name]} for c in self.components
            },
            "left_out": self.reasons,
            "notes": self.notes,
        }


def with_companions(chosen: Sequence[Component], layout: str) -> list[Component]:
    """In the bot's own files what shares a file comes along."""
    if layout != LEGACY:
        return list(chosen)
    names = {other.name for component in chosen for other in store.together(component)}
    return [component for component in components.everything() if component.name in names]


def export(
    chosen: Sequence[Component],
    which: Store,
    layout: str,
    target: Path,
    live: Path | None,
    now: datetime,
    *,
    overwrite: bool = False,
    progress: Progress = lambda done, total: None,
) -> Export:
    """Write these components out. Raises ExportRefused, BadLayout, NeverRead, FileUnwritable; then nothing is there."""
    made = Export(target, which, layout, with_companions(chosen, layout))
    declared = None if layout in (LEGACY, LINES, NATIVE) else Places(collections(layout, made.components))
    with unfinished(target, live, overwrite=overwrite) as folder, opened(which) as origin:
        work = _Work(made, origin, folder, sum(origin.count(c) for c in made.components), progress)
        if layout == LEGACY and isinstance(origin, IndexOrigin):
            work.rendered(origin)
        else:
            if layout == LINES:
                work.lines()
            elif layout == NATIVE:
                work.native()
            else:
                work.placed(declared or store.places())
            work.tell_apart()
        folder.conclude(made.manifest(origin, now))
        made.files, made.size = len(folder.files), sum(each.size for each in folder.files)
    return made


class _Work:
    def __init__(self, made: Export, origin: Origin, folder: Folder, total: int, progress: Progress) -> None:
        self._made, self._origin, self._folder = made, origin, folder
        self._total, self._progress, self._count = total, progress, 0

    def placed(self, places: Places) -> None:
        """Records laid into files from the layouts alone."""
        names = {component.name for component in self._made.components}
        for source in places.sources.values():
            if names & {collection.name for collection in source.collections}:
                Files(self._origin, places, source, self._left_out, self._done).write(self._folder)

    def rendered(self, origin: IndexOrigin) -> None:
        """The files as the index would render them: what is no record also."""
        names = {component.name for component in self._made.components}
        for source in store.places().sources.values():
            if names & {collection.name for collection in source.collections}:
                for number, name in selecting.files_in_use(origin.index, source):
                    file = listed(source, number, name)
                    homes = source.homes_in(file.pattern)
                    if not is_empty(origin.index, file, homes):
                        with self._folder.file(file.name) as stream:
                            compose(origin.index, file, homes, stream)
                        self._count_rendered(origin.index, source, file)
                self._tell_of_others(origin, source)

    def _tell_of_others(self, origin: IndexOrigin, source: Source) -> None:
        """Entries and sections that are no records are kept only of files that were taken over."""
        if owners.owner(origin.index, source) is Owner.SWITCHYARD:
            return
        self._made.notes[:] = [NO_RECORDS]
        for collection in source.collections:
            for found in origin.apart(components.get(collection.name)):
                if source.pattern_of(found.file) is not None:
                    told = f"{found.place}, which is still the bot's: {found.reason}"
                    self._left_out(collection.name, found.key, told)

    def tell_apart(self) -> None:
        """What the files have and none of these records."""
        self._made.notes[:] = [NO_RECORDS]
        for component in self._made.components:
            for found in self._origin.apart(component):
                self._left_out(component.name, found.key, f"{found.place} is in quarantine: {found.reason}")

    def _count_rendered(self, index: Index, source: Source, file: Listed) -> None:
        for collection in source.collections:
            self._done(collection.name, selecting.count_in_files(index, collection.name, file.id))

    def lines(self) -> None:
        for component in self._made.components:
            with self._folder.file(f"{component.name}.jsonl") as stream:
                for key, version, document in self._origin.records(component):
                    name = json.dumps(key).encode()
                    stream.write(b'{"key":%b,"version":%d,"document":%b}\n' % (name, version, document))
                    self._done(component.name)

    def native(self) -> None:
        for component in self._made.components:
            with self._folder.file(f"{component.name}.jsonl") as stream:
                for found in self._origin.instances(component):
                    if isinstance(found, tuple):
                        self._left_out(component.name, *found)
                        continue
                    stream.write(json.dumps(_columns(found), default=_plain, ensure_ascii=False).encode(*_ANY) + b"\n")
                    self._done(component.name)

    def _done(self, component: str, count: int = 1) -> None:
        self._made.records[component] += count
        self._count += count
        if self._count % EVERY < count:
            self._progress(self._count, self._total)

    def _left_out(self, component: str, key: Key | None, reason: str) -> None:
        self._made.left_out[component] += 1
        if len(self._made.reasons) < NAMED:
            self._made.reasons.append({"component": component, "key": key, "reason": reason})


_ANY = ("utf-8", "backslashreplace")


def _columns(record: Record) -> dict[str, Any]:
    return {field.attname: getattr(record, field.attname) for field in record._meta.concrete_fields}


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
