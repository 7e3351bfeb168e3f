"""The database lost for good: JSON becomes the authority of everything; and an old database that comes back later.

Nothing here needs the lost database. What comes back is first made to refuse writes; what it had and JSON has not are
conflicts, which staff settle as they do edits of a file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from django.db import Error, connection, transaction
from django.db.models import F
from django.utils import timezone

from legacy_json import fences, foreign, promoting
from legacy_json.promoting import Standing
from migration_control import components, locks, pairing, store
from migration_control.components import Component
from migration_control.models import AppliedEffect, Change, ComponentState, Parked
from migration_control.moving import everything, rows
from migration_control.moving.errors import MoveRefused
from migration_control.moving.relations import Closed
from migration_control.moving.rows import By
from migration_control.stages import STAGES, Store, fence_for, next_epoch
from migration_control.stores.written import Copy


def loss() -> list[Standing]:
    """What the index knows of each component; where it `loses`, the writes since then are in the database only."""
    return [promoting.standing(store.index(), component.name) for component in components.everything()]


def promote(by: By, *, although_it_answers: bool = False) -> int:
    """Of every component whose migration is not closed, nor about to be. Returns how many records wait for a new
    database.

    Raises MoveRefused while the right one answers, or any that is the authority for something; or if there is nothing
    to promote.
    """
    if all(standing.stays for standing in loss()):
        raise MoveRefused(
            "The migration of every component is closed: what JSON has of them is long out of date. Restore the"
            " database from its backup."
        )
    if not although_it_answers:
        _refuse_while_it_answers()
    note = json.dumps({"actor": by.actor, "reason": by.reason, "at": timezone.now().isoformat()})
    return promoting.promote(store.index(), [component.name for component in components.everything()], note)


def _refuse_while_it_answers() -> None:
    """Raises MoveRefused."""
    try:
        ours, other = _is_ours(), _authority_of_another()
    except Error:
        return
    finally:
        connection.close()
    if ours:
        raise MoveRefused(
            "The database answers, and is the one that this index belongs to: nothing is lost. Bring each component"
            " back with migration_rollback COMPONENT --all-the-way."
        )
    if other:
        raise MoveRefused(
            f"The database answers, and is the authority for {', '.join(other)}, whose newest records it may be the"
            " only one to have. If the index or the folder was lost or put back: migration_pair COMPONENT for each of"
            " them brings JSON up to date from it. If it is the database that is wrong, or damaged:"
            " --although-it-answers."
        )


def _is_ours() -> bool:
    """Whether the database is this index's other half for every component. Raises django.db.Error."""
    try:
        for component in components.everything():
            pairing.check(component.name, store.index())
    except pairing.StoresDisagree:
        return False
    return ComponentState.objects.exclude(index_id="").exists()


def _authority_of_another() -> list[str]:
    """What a database is the authority for that JSON was not promoted over already. Raises django.db.Error."""
    index = store.index()
    rows = ComponentState.objects.filter(authority=Store.DATABASE).order_by("name").values_list("name", "index_id")
    return [name for name, known_as in rows if not promoting.is_over(index, known_as)]


def is_over(component: Component) -> bool:
    """Whether JSON was promoted over this very database, which is back."""
    state = ComponentState.objects.get(name=component.name)
    return promoting.is_over(store.index(), state.index_id)


def settle(component: Component, by: By) -> tuple[int, int]:
    """Make a database that is back follow JSON: first it loses its authority, then what it had alone is kept, last the
    two are a pair again. May be repeated after a crash. Returns how many of its changes are conflicts, and how many
    records are pending. Raises Closed.
    """
    epoch = _depose(component, by)
    found = _keep(component, _copies(component))
    Change.objects.filter(component=component.name).update(acked=F("version"))
    Parked.objects.filter(component=component.name).delete()
    # Of changes that JSON does not have: a key that stayed would keep them from being made again.
    AppliedEffect.objects.filter(component=component.name, acked=False).delete()
    pending = pairing.pair(component, store.index())
    with store.index().write() as (written, _):
        fence = fences.fence(written, component.name)
        fences.advance(written, component.name, fence, fence_for(STAGES[0], epoch))
    return found, pending


def _depose(component: Component, by: By) -> int:
    """From here on the database refuses writes of it. Returns the row's epoch."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '10s'")
            cursor.execute(*locks.exclusive(component.name))
        state = ComponentState.objects.get(name=component.name)
        if state.closed:
            raise Closed(component.name)
        epoch = next_epoch(state.epoch, store.fence(component))
        rows.change(state, STAGES[0], epoch, "settled", by)
    return epoch


def _copies(component: Component) -> Iterator[list[Copy]]:
    """What the index may lack of it: all there is, where what was acknowledged went to an index that is lost."""
    state = ComponentState.objects.get(name=component.name)
    if promoting.acknowledged(store.index(), component.name, state.index_id, state.index_counter):
        return everything.lacking(component)
    return everything.differing(component, store.json_store(component))


def _keep(component: Component, copies: Iterator[list[Copy]]) -> int:
    """As conflicts."""
    found = 0
    for page in copies:
        foreigners = [_foreign(component, copy) for copy in page]
        found += foreign.keep(store.index(), store.places(), component.collection, foreigners, timezone.now())
    return found


def _foreign(component: Component, copy: Copy) -> foreign.Foreign:
    if copy.record is None:
        return foreign.Foreign(copy.key, None)
    return foreign.Foreign(copy.key, component.mapping.write(copy.record, store.time_zone(component)))
