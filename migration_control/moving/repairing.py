"""A pair anew where the database is right and the authority: JSON is brought up to date from it, whatever it holds.

The row is raised first, and the index follows, as at a recovery: whoever is cut off in between finds the two
disagreeing, and does all of it again. Nobody writes the component meanwhile.
"""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from legacy_json import deferring, foreign, mover_lock, owners
from legacy_json.errors import NotOurs
from legacy_json.index import Index
from legacy_json.keys import Key
from legacy_json.owners import Owner
from legacy_json.pairing import Counterpart
from migration_control import copying, store
from migration_control.components import Component
from migration_control.mirroring import draining_to_json
from migration_control.models import AppliedEffect, Change, ComponentState, Parked
from migration_control.moving import rows
from migration_control.moving.errors import MoveAborted, MoveRefused
from migration_control.moving.relations import Closed
from migration_control.moving.rows import By
from migration_control.stages import Store, fence_for, next_epoch

KIND = "paired"

# Values: component.
NOTE_ROWS = """
INSERT INTO migration_control_change AS c (component, key, version, deleted, acked, sequence, transaction)
SELECT %s, t.{pk}::text, t.version, false, -1, nextval('migration_control_change_sequence'), pg_current_xact_id()
  FROM {table} t
ON CONFLICT (component, key) DO UPDATE SET version = greatest(c.version, excluded.version)
"""
# Values: component, keys.
BURY = """
INSERT INTO migration_control_change (component, key, version, deleted, acked, sequence, transaction)
SELECT %s, g.key, -1, true, -1, nextval('migration_control_change_sequence'), pg_current_xact_id()
  FROM unnest(%s::text[]) AS g (key)
"""
# Values: the index's highest version, component.
RAISE = """
UPDATE migration_control_change SET version = greatest(version, %s) + 1, acked = -1,
       sequence = nextval('migration_control_change_sequence'), transaction = pg_current_xact_id()
 WHERE component = %s
"""
# Values: component.
FOLLOW = """
UPDATE {table} t SET version = c.version FROM migration_control_change c
 WHERE c.component = %s AND c.key = t.{pk}::text COLLATE "C"
"""


class Outlook(NamedTuple):
    """rows: that would be copied to JSON; alone: keys that only JSON has, which would be deleted there."""

    rows: int
    alone: int


def outlook(component: Component) -> Outlook:
    """What pair() would do. Raises NotOurs."""
    _check_ours(component)
    rows_there = component.model._default_manager.count()
    return Outlook(rows_there, sum(len(keys) for keys in _alone(component, store.index())))


def pair(component: Component, by: By) -> tuple[int, int]:
    """On the host with the files, outside any transaction: returns how many keys are pending for JSON, and how many
    records that only JSON had are conflicts now. May be repeated after a crash.

    Raises MoveRefused, MoveAborted, rows.Moved, NotOurs, StoreBusy, IndexUnwritable, django.db.Error.
    """
    _check_ours(component)
    index = store.index()
    with mover_lock.moving(index.path, component.name):
        kept = _keep(component, index)
        state = _raise(component, index, by)
        _follow(component, index, state)
    return draining_to_json.count_pending(component), kept


def _check_ours(component: Component) -> None:
    """Raises NotOurs."""
    for source in store.sources_of(component):
        if owners.owner(store.index(), source) is not Owner.SWITCHYARD:
            raise NotOurs(source.name)


def _keep(component: Component, index: Index) -> int:
    """What only JSON has is not thrown away: staff say what becomes of it."""
    alone = (key for keys in _alone(component, index) for key in keys)
    return foreign.keep_own(index, component.name, list(alone), timezone.now())


def _alone(component: Component, index: Index) -> list[list[Key]]:
    """Keys that are live in JSON, and that the database knows neither a row nor a deletion of; in pages."""
    found = []
    for page in deferring.live_keys(index, component.name):
        known: set[Key] = set(component.model._default_manager.filter(pk__in=page).values_list("pk", flat=True))
        changes = Change.objects.filter(component=component.name, key__in=list(map(str, page)))
        known |= {component.parse_key(key) for key in changes.values_list("key", flat=True)}
        found.append([key for key in page if key not in known])
    return found


def _raise(component: Component, index: Index, by: By) -> ComponentState:
    """Commit the row at an epoch above both, with everything pending at versions above the index's."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            copying.enter(cursor, component, alone=True)
            state = ComponentState.objects.get(name=component.name)
            if state.closed:
                raise Closed(component.name)
            if state.authority != Store.DATABASE:
                raise MoveRefused(f"JSON became the authority for {component.name} meanwhile. Look again.")
            _make_pending(cursor, component, index)
        AppliedEffect.objects.filter(component=component.name).update(acked=False)
        Parked.objects.filter(component=component.name).delete()
        epoch = next_epoch(state.epoch, store.fence(component))
        rows.change(state, state.row, epoch, KIND, by)
        ComponentState.objects.filter(name=component.name).update(index_id=index.pair_id, index_counter=0)
        state.epoch = epoch
    return state


def _make_pending(cursor: CursorWrapper, component: Component, index: Index) -> None:
    quote = connection.ops.quote_name
    pk_field = component.model._meta.pk
    assert pk_field is not None  # every concrete model has one
    names = {"table": quote(component.model._meta.db_table), "pk": quote(str(pk_field.column))}
    cursor.execute(NOTE_ROWS.format(**names), [component.name])
    for keys in _alone(component, index):
        cursor.execute(BURY, [component.name, list(map(str, keys))])
    cursor.execute(RAISE, [deferring.top_version(index, component.name), component.name])
    cursor.execute(FOLLOW.format(**names), [component.name])


def _follow(component: Component, index: Index, state: ComponentState) -> None:
    """The row is committed. If this is not done, the stores disagree until it is all done again."""
    counterpart = Counterpart(str(state.database_id), state.copies, 0, frozenset())
    if not deferring.defer(index, component.name, counterpart, fence_for(state.row, state.epoch)):
        raise MoveAborted(f"The fence of {component.name} was moved meanwhile. Try again.")
