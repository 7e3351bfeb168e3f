"""Single records brought to the store that is not the authority, in whatever stage: a deletion waits for no move."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from django.conf import settings
from django.db import transaction

from legacy_json.index import Batch, Index, State
from legacy_json.keys import Key
from migration_control import pairing, store
from migration_control.components import Component
from migration_control.mirroring import acknowledging, draining_to_json, to_json
from migration_control.mirroring.draining_to_database import confirmed, copied
from migration_control.models import ComponentState
from migration_control.prepare import prepare
from migration_control.stages import Store

MANY = 500  # records in one commit


def is_closed(component: Component) -> bool:
    """Whether the database has it for good: no store copies it any more."""
    states = ComponentState.objects.filter(name=component.name, closed_above__isnull=False)
    return bool(settings.DATABASE_USED) and states.exists()


def bring(component: Component, index: Index, keys: Iterable[Key]) -> None:
    """Raises what copying raises: AuthorityMoved and JsonIsTheAuthority, if a move came in between."""
    acknowledging.flush()
    state = ComponentState.objects.get(name=component.name)
    if state.closed_above is not None:
        return
    for some in _parts(sorted(set(keys))):
        if state.authority == Store.DATABASE:
            _to_json(component, index, some)
        elif state.copies:  # before its first copy the database has none
            _to_database(component, index, some)


def _to_json(component: Component, index: Index, keys: Sequence[Key]) -> None:
    copies = [copy for key in keys if (copy := draining_to_json.one(component, key)) is not None]
    if copies:
        acknowledging.confirm(component, index, Store.JSON, to_json.apply(component, copies), 0)


def _to_database(component: Component, index: Index, keys: Sequence[Key]) -> None:
    found = [record for key in keys for record in index.record(component.name, key).records]
    records = [record for record in found if record.state in (State.LIVE, State.DELETED)]
    if not records:
        return
    batch = Batch(component.name, records, index.counter, index.generation(component.name))
    prepared = prepare(component, batch, store.time_zone(component), index.file_name, None)
    number = pairing.announce(component, index)
    with transaction.atomic():
        receipt = copied(component, prepared, index, number)
    confirmed(component, prepared, index, receipt)


def _parts(keys: Sequence[Key]) -> Iterator[list[Key]]:
    left = iter(keys)
    while some := list(islice(left, MANY)):
        yield some
