"""Retention: records below a component's floor go from both stores, and nothing brings them back.

The floor is set first, in the database: from then on no copy is taken of what lies below it. The rows go next, the
index's documents last. Whoever is killed in between leaves records behind, which the next call removes; the
index, made anew, learns its floor from the database (store.refresh). Neither store notes these deletions: they are the
authority's and the other's alike.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from django.db import OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper

from legacy_json import pruning
from legacy_json.errors import LegacyError
from legacy_json.keys import Key, below
from legacy_json.layouts import SequenceOf, layouts_in
from legacy_json.positions import cuts
from migration_control import components, findings, pairing, store
from migration_control.components import Component
from migration_control.copying import enter
from migration_control.importing import keep_ledger
from migration_control.models import ComponentState
from migration_control.tables import Table, table

log = logging.getLogger(__name__)

ROWS = 5_000  # in one transaction, during which nobody writes the component


class CutsAList(LegacyError):
    """Positions are found by comparing contents, of which nothing would be left at the front."""

    def __init__(self, component: str, floor: Key) -> None:
        super().__init__(
            f"{floor!r} lies in the middle of a list of {component}, which can only be pruned as a whole."
            f" Name its beginning or its end: {str(floor).rpartition(':')[0]}"
        )


class Pruned(NamedTuple):
    """What went, or would go: rows of the database, and records of the index. floor: that holds now."""

    component: str
    floor: Key
    rows: int
    records: int


def prune(component: Component, floor: Key) -> Pruned:
    """Raise the floor to this key, never lower it, and remove what lies below; whichever store is the authority.

    Raises CutsAList, StoresDisagree, and OperationalError if somebody holds the component's lock for long.
    """
    _refuse(component, floor)
    floor = _raise(component, floor)
    sql, name = table(component), component.name
    rows = _delete(component, lambda cursor: cursor.execute(sql.prune, [floor, ROWS]))
    _delete(component, lambda cursor: cursor.execute(sql.prune_changes, [name, name, floor, ROWS]))
    if _is_closed(component):
        return Pruned(name, floor, rows, 0)
    index = store.index()
    records = index.prune(name, floor)
    findings.replace_reading(index, component, None)
    keep_ledger(component, index)
    return Pruned(name, floor, rows, records)


def preview(component: Component, floor: Key) -> Pruned:
    """What prune() would remove. Raises CutsAList, StoresDisagree."""
    _refuse(component, floor)
    standing = _standing(component)
    if standing is not None and below(floor, standing):
        floor = standing
    sql: Table = table(component)
    with connection.cursor() as cursor:
        cursor.execute(sql.count_below, [floor])
        (rows,) = cursor.fetchone()
    records = 0 if _is_closed(component) else pruning.count(store.index(), component.name, floor)
    return Pruned(component.name, floor, rows, records)


def raise_floors(now: datetime) -> list[Pruned]:
    """Give every component the floor that the settings want. What fails is logged, and tried again next time."""
    done = []
    for component in components.everything():
        try:
            floor = component.retention(now) if component.retention else None
            if floor is not None:
                done.append(prune(component, floor))
        except (LegacyError, OperationalError, sqlite3.Error) as error:
            log.warning("%s was not pruned: %s", component.name, error)
    return done


def _refuse(component: Component, floor: Key) -> None:
    layouts = [layout for place in component.places for layout in layouts_in(place.declared)]
    if any(isinstance(layout, SequenceOf) for layout in layouts) and cuts(floor):
        raise CutsAList(component.name, floor)
    if not _is_closed(component):
        pairing.check(component.name, store.index())


def _is_closed(component: Component) -> bool:
    """Whether the index, if there still is one, has nothing to do with it any more."""
    return ComponentState.objects.filter(name=component.name, closed_above__isnull=False).exists()


def _standing(component: Component) -> Key | None:
    text = ComponentState.objects.values_list("floor", flat=True).get(name=component.name)
    return component.parse_key(text) if text else None


def _raise(component: Component, floor: Key) -> Key:
    """No copy is under way behind it that has not seen it. Returns the floor that holds."""
    with transaction.atomic(), connection.cursor() as cursor:
        enter(cursor, component, alone=True)
        standing = _standing(component)
        if standing is not None and not below(standing, floor):
            return standing
        ComponentState.objects.filter(name=component.name).update(floor=str(floor))
    return floor


def _delete(component: Component, statement: Callable[[CursorWrapper], object]) -> int:
    """Until it finds no more: a transaction a batch, marked as copying, so that neither store notes it."""
    total = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            enter(cursor, component, alone=True)
            statement(cursor)
            count = cursor.rowcount
        if not count:
            return total
        total += count
