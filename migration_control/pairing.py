"""Whether index and database are the two that have copied to one another, and as late as they say.

A lost index, or a folder or a database restored from a backup, would pass unnoticed by versions: the
one would call stale rows confirmed, the other would call new records old. So each side records the
other's id and the number of the last copy, which the index announces before it is made. Numbers that merely grow
would not do: an index from a backup goes on counting, and overtakes what the database remembers.
"""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max

from legacy_json import pairing
from legacy_json.errors import LegacyError
from legacy_json.index import Index
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


def announce(component: Component, index: Index) -> int:
    """Before a copy: its number. Raises StoresDisagree."""
    check(component.name, index)
    state = ComponentState.objects.get(name=component.name)
    return pairing.announce(index, component.name, state.index_counter)


def note_copy(component: Component, index: Index, number: int) -> tuple[str, int, int]:
    """Inside the transaction of a copy: this database has taken it from this index. Returns its id, count and number.

    number: as announced.
    """
    state = ComponentState.objects.filter(name=component.name)
    state.update(
        copies=F("copies") + 1,
        index_id=index.store_id,
        index_counter=number,
        time_zone=settings.LEGACY_TIME_ZONE,
    )
    database, copies = state.values_list("database_id", "copies").get()
    return str(database), copies, number


def check(component: str, index: Index) -> None:
    """Raises StoresDisagree."""
    state, known = _both(component, index)
    if state is None:
        return
    if state.index_id and state.index_id != index.store_id:
        raise StoresDisagree(component, f"the database was filled from another index than {index.path}.")
    if known.database and known.database != str(state.database_id):
        raise StoresDisagree(component, f"{index.path} belongs to another database than this.")
    agreed = not state.index_id or state.index_counter in (known.told, known.announced)
    if not agreed and state.index_counter > known.told:
        raise StoresDisagree(component, f"{index.path} is older than what the database took from it: a backup?")
    if not agreed or known.copies > state.copies:
        raise StoresDisagree(component, f"the database is older than what {index.path} saw it take: a backup?")


def _both(component: str, index: Index) -> tuple[ComponentState | None, pairing.Counterpart]:
    """What each side says, at one moment: an import of the component may be going on elsewhere."""
    while True:
        known = pairing.counterpart(index, component)
        state = ComponentState.objects.filter(name=component).first()
        if pairing.counterpart(index, component) == known:
            return state, known


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
