"""Effects that the other store lacks, apart from the records: such as changed none, and what inline copies missed.

The two stores' sets are merged, never compared: a copy may be repeated. Each is numbered as a copy of records is.
"""

from __future__ import annotations

from django.db import connection, transaction

from legacy_json import effects as in_index
from legacy_json import pairing as numbers
from legacy_json.accepting import accept_effects
from legacy_json.effects import Effect
from legacy_json.index import Index
from legacy_json.pairing import Receipt
from migration_control import effects, pairing, store
from migration_control.components import Component
from migration_control.copying import begin

PAGE = 1000  # effects in one transaction


def to_database(component: Component, index: Index) -> int:
    """What the database lacked when this began. Outside any transaction. Returns how many effects that was.

    Raises AuthorityMoved, StoresDisagree, StoreBusy, IndexUnwritable, django.db.Error.
    """
    count = 0
    while lacked := in_index.lacked(index, component.name, PAGE):
        number = pairing.announce(component, index)
        with transaction.atomic():
            with connection.cursor() as cursor:
                begin(cursor, component)
            effects.insert(component.name, lacked, acked=True)
            receipt = pairing.note_copy(component, index, number)
        confirm(component, index, lacked, receipt)
        count += len(lacked)
    return count


def remainder_to_database(component: Component, index: Index) -> None:
    """In a move's transaction, while the fence is closing: what is not confirmed is copied again after the move."""
    lacked = in_index.lacked(index, component.name, -1)
    if lacked:
        effects.insert(component.name, lacked, acked=True)


def confirm(component: Component, index: Index, taken: list[Effect], receipt: Receipt) -> None:
    """The database has these."""
    with index.write(shown=False) as (connection, _):
        in_index.accept(connection, component.name, taken)
        numbers.confirm(connection, component.name, receipt)


def to_json(component: Component, index: Index) -> int:
    """What JSON lacked when this began, in or outside a transaction. Returns how many effects that was.

    Raises JsonIsTheAuthority, StoresDisagree, StoreBusy, IndexUnwritable, django.db.Error.
    """
    count = 0
    while lacked := effects.lacked(component, PAGE):
        number = pairing.announce(component, index)
        accept_effects(index, store.places(), component.collection, lacked)
        with transaction.atomic():
            effects.acknowledge(component.name, lacked)
            pairing.note_copy(component, index, number)
        count += len(lacked)
    return count
