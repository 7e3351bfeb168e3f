"""Whether index and database are the two that have copied to one another, and as late as they say.

A lost index, or a folder or a database restored from a backup, would pass unnoticed by versions: the
one would call stale rows confirmed, the other would call new records old. So each side records the
other's id and counter, and a counter lower than the other side has seen stops the component.
"""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max

from legacy_json import pairing
from legacy_json.errors import LegacyError
from legacy_json.index import Batch, Index
from legacy_json.keys import Key
from migration_control.components import Component
from migration_control.models import Change, ComponentState

PAGE = 10_000  # keys compared at a time


class StoresDisagree(LegacyError):
    """Nothing is copied until staff say which side is right."""

    def __init__(self, component: str, fact: str) -> None:
        super().__init__(
            f"{component}: {fact} Nothing was copied. Set LEGACY_INDEX or the database back to the right one; or, to"
            f" make the database follow the bot's file again, whatever it holds: migration_pair {component} --confirm"
        )


def note_copy(component: Component, index: Index, batch: Batch) -> tuple[str, int]:
    """Inside the transaction of a copy: this database has taken it from this index. Returns its id and count."""
    state = ComponentState.objects.filter(name=component.name)
    state.update(
        copies=F("copies") + 1,
        index_id=index.store_id,
        index_counter=batch.counter,
        time_zone=settings.LEGACY_TIME_ZONE,
    )
    database, copies = state.values_list("database_id", "copies").get()
    return str(database), copies


def check(component: str, index: Index) -> None:
    """Raises StoresDisagree."""
    state = ComponentState.objects.filter(name=component).first()
    if state is None:
        return
    known = pairing.counterpart(index, component)
    if state.index_id and state.index_id != index.store_id:
        raise StoresDisagree(component, f"the database was filled from another index than {index.path}.")
    if state.index_id and index.counter < state.index_counter:
        raise StoresDisagree(component, f"{index.path} is older than what the database took from it: a backup?")
    if known.database and known.database != str(state.database_id):
        raise StoresDisagree(component, f"{index.path} belongs to another database than this.")
    if known.copies > state.copies:
        raise StoresDisagree(component, f"the database is older than what {index.path} saw it take: a backup?")


def strangers(component: Component, index: Index) -> list[Key]:
    """Keys that the database has and the index has never heard of."""
    rows = component.model._default_manager.order_by("pk").values_list("pk", flat=True)
    found: list[Key] = []
    page = list(rows[:PAGE])
    while page:
        known = index.known(component.name, page)
        found += [key for key in page if key not in known]
        page = list(rows.filter(pk__gt=page[-1])[:PAGE])
    return found


def pair(component: Component, index: Index) -> int:
    """Let the index start above the database's versions, with everything pending. Returns how much is."""
    rows = component.model._default_manager.aggregate(top=Max("version"))["top"]
    changes = Change.objects.filter(component=component.name).aggregate(top=Max("version"))["top"]
    base = max(-1 if rows is None else rows, -1 if changes is None else changes)
    with transaction.atomic():
        ComponentState.objects.filter(name=component.name).update(index_id="", index_counter=0)
        return pairing.start_above(index, component.name, base, strangers(component, index))
