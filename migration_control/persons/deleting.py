"""The deletion of one person's data, everywhere.

Records go first, as every deletion does, by way of the authority, whose tombstones no older copy passes; then notes,
files and copies, which are found by the person's number alone. So a deletion that was killed is repeated, and goes on.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from django.conf import settings
from django.db import Error

from legacy_json import scratch
from legacy_json.errors import LegacyError, NotThere
from legacy_json.keys import Key
from legacy_json.reading import reader
from legacy_json.renderer import rendering
from legacy_json.rendering import replace
from migration_control import components, store
from migration_control.components import Component
from migration_control.copying import AuthorityMoved
from migration_control.inbox import settling
from migration_control.persons import compacting, copies, copying, elsewhere, in_database, in_index
from migration_control.persons.gathering import common, gather, has_index, left_alone
from migration_control.persons.refusing import refuse, refuse_unserved
from migration_control.persons.traces import Part, Trace, totals
from migration_control.routing.errors import RouterError
from migration_control.stores.changes import Changes

log = logging.getLogger(__name__)

MANY = 200  # records in one commit

Totals = Counter[tuple[str, str]]


class NotGone(LegacyError):
    """Somebody writes about the person just now, or a record cannot be changed."""

    def __init__(self, person: int, left: Totals) -> None:
        self.left = left
        places = ", ".join(f"{place} {name}" for place, name in list(left)[:10])
        super().__init__(
            f"Of {person} there is still something in {places}: it was written meanwhile, or could not be changed."
            " Keep the person from writing to the bot, and repeat this."
        )


FAILURES = (LegacyError, RouterError, AuthorityMoved, Error, sqlite3.Error, OSError)


class Unfinished(LegacyError):
    """It broke off in the middle. done, left: of its steps; what failed is the first of those that are left."""

    def __init__(self, person: int, done: list[str], left: list[str], why: Exception) -> None:
        self.done, self.left = done, left
        so_far = f"Done: {', '.join(done)}. " if done else "Nothing was deleted yet. "
        super().__init__(
            f"The deletion of {person} broke off at: {left[0]}. {type(why).__name__}: {why} {so_far}Left:"
            f" {', '.join(left)}. It may be repeated, and finds what is left by itself."
        )


class Step(NamedTuple):
    """what: as staff are told of it. act: may be repeated, and be killed anywhere."""

    what: str
    act: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Preview:
    """How many traces there are, by place and name. common: records that are everybody's and name the person, which
    staff should look at: component and key.
    """

    person: int
    found: Totals
    common: list[str] = field(default_factory=list)


def preview(person: int) -> Preview:
    """What delete() would find; nothing is deleted. Raises what it raises."""
    refuse(person)
    found = list(gather(person))
    refuse_unserved(found)
    return Preview(person, totals(found), common(person))


def delete(person: int, *, reason: str, by: str) -> Preview:
    """Returns what was found and is gone. Safe to repeat.

    Raises Unfinished and NotGone, when it is to be repeated; before anything is deleted also what preview() raises.
    """
    done = preview(person)
    log.warning("The data of person %d is deleted, as %s asked: %s", person, by, reason)
    settling.settle()  # what is owed to other people is theirs
    names = [step.what for step in steps(person)]
    for number, step in enumerate(steps(person)):
        try:
            step.act()
        except FAILURES as error:
            raise Unfinished(person, names[:number], names[number:], error) from error
    left = totals(gather(person))
    if left:
        raise NotGone(person, left)
    return done


def steps(person: int) -> Iterator[Step]:
    """In order."""
    notes = partial(in_database.erase_notes, person)
    if settings.DATABASE_USED:
        yield Step("notes in the database", notes)  # findings keep keys reserved
    for component in reversed(components.everything()):
        yield Step(f"records of {component.name}", partial(_erase_records, component, person))
    if has_index():
        noted = partial(in_index.erase_notes, store.index(), person)
        yield Step("notes in the index", noted)
        yield Step("rendering of files", partial(store.renderer().flush, edits=True))
        yield Step("edits of files", noted)  # which the rendering met
        yield Step("copies of files", partial(_erase_copies, person))
    yield Step("copies that services made", partial(elsewhere.erase, person))
    if settings.DATABASE_USED:
        yield Step("notes of these acts", notes)
    if has_index():
        yield Step("compacting of the index", partial(compacting.compact, store.index()))
    if settings.DATABASE_USED:
        yield Step("vacuuming of tables", in_database.reclaim)


def _erase_records(component: Component, person: int) -> None:
    """In both stores."""
    found: list[Trace] = []
    if has_index():
        index = store.index()
        closed = copying.is_closed(component)
        apart = list((in_index.records if closed else in_index.quarantined)(index, component.name, person))
        in_index.erase_documents(index, component.name, _keys(apart, Part.WHOLE))
        in_index.cut_documents(index, component.name, person, _keys(apart, Part.MENTION))
        found += in_index.records(index, component.name, person)
    if settings.DATABASE_USED:
        found += in_database.records(component, person)
    whole = _keys(found, Part.WHOLE)
    for start in range(0, len(whole), MANY):
        some = whole[start : start + MANY]
        component.model.records.update_many(some, partial(_delete, some))
    for key in _keys(found, Part.MENTION):
        try:
            component.model.records.update(key, partial(in_database.scrub, person=person))
        except NotThere:
            continue
    if found and has_index() and settings.DATABASE_USED:
        copying.bring(component, store.index(), [trace.key for trace in found if trace.key is not None])


def _delete(keys: Sequence[Key], changes: Changes[Any]) -> None:
    for key in keys:
        if changes.get(key) is not None:
            changes.delete(key)


def _keys(traces: Sequence[Trace], part: Part) -> list[Key]:
    return sorted({trace.key for trace in traces if trace.part is part and trace.key is not None})


def _erase_copies(person: int) -> None:
    """While nobody reads, renders, takes over or restores."""
    index, root = store.index(), store.root()
    with reader(index), rendering(index):
        scratch.sweep(index.path.parent)
        for folder in {root / name for (name,) in index.connection().execute("SELECT name FROM file")}:
            if folder.parent.is_dir():
                replace.sweep(folder.parent)
        copies.erase(index.path.parent, person)
        copies.erase_in(root, left_alone(), person)
