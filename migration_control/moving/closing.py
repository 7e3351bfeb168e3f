"""The end of a migration: the database has a component for good, and nothing is noted for JSON any more.

The fence is set `sealing` before the row is committed, as in a move, so that nobody makes JSON the authority in
between; then `sealed`, which nothing follows. Whoever is cut off leaves what the row says to recovery.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass

from django.db import Error, connection, transaction
from django.utils import timezone

from legacy_json import deferring, fences, inbox, marker, mover_lock, pairing
from legacy_json.fences import Fence, FenceState
from legacy_json.index import Index
from migration_control import components, store
from migration_control.components import Component
from migration_control.mirroring import acknowledging, draining_to_json
from migration_control.models import AppliedEffect, Change, ComponentState, Finding, Transition
from migration_control.moving import recovery, rows
from migration_control.moving.closing_gates import gates, standing
from migration_control.moving.errors import MoveAborted, MoveRefused
from migration_control.moving.gates import Gate
from migration_control.moving.holding import take_locks
from migration_control.moving.relations import mates
from migration_control.moving.rows import By, Moved, last
from migration_control.stages import next_epoch

log = logging.getLogger(__name__)

KIND = "closed"

# Values: component. All but the last deleted element of each list: its position is not given again.
FORGET = """
DELETE FROM migration_control_change c WHERE c.component = %s AND NOT (
    c.deleted AND c.key ~ ':[0-9]{10}$' AND NOT EXISTS (
        SELECT FROM migration_control_change o WHERE o.component = c.component AND o.deleted
           AND o.key > c.key AND o.key <= left(c.key, -10) || '9999999999'))
"""


class NotReady(MoveRefused):
    """closed: the gates that do not hold, each with its component."""

    def __init__(self, lacking: list[tuple[str, Gate]]) -> None:
        self.lacking = lacking
        super().__init__("; ".join(f"{name}: {gate}" for name, gate in lacking))


class OthersIndex(MoveRefused):
    def __init__(self, component: Component, index: Index) -> None:
        super().__init__(
            f"{component.name} is closed in this database, and {index.path} is another database's. Nothing was done to"
            " it. Set DATABASE_URL or LEGACY_INDEX right, or unset LEGACY_DIR where its files are not needed any more."
        )


@dataclass(frozen=True, slots=True)
class Outlook:
    """What closing does to one component. noted: rows of `change` that go; lacking: keys that JSON will never have;
    freed: quarantined entries whose keys can be used again; stuck: who, in the same files, cannot go back any more.
    closed: the line of its history, if its migration is closed already.
    """

    component: Component
    gates: list[Gate]
    closed: Transition | None
    records: int
    noted: int
    lacking: int
    freed: int
    files: list[str]
    stuck: list[str]

    @property
    def refusals(self) -> list[Gate]:
        return [gate for gate in self.gates if not gate.holds]


def outlook(chosen: Collection[Component]) -> list[Outlook]:
    """Changes nothing. Raises django.db.Error."""
    names = {component.name for component in chosen}
    return [_outlook(component, names) for component in chosen]


def _outlook(component: Component, beside: Collection[str]) -> Outlook:
    state = ComponentState.objects.get(name=component.name)
    apart = Finding.objects.filter(component=state, outcome="quarantined").exclude(key=None)
    others = ComponentState.objects.filter(name__in=[c.name for c in mates(component)], closed_above=None)
    return Outlook(
        component,
        [] if state.closed else gates(component, beside),
        last(component.name) if state.closed else None,
        component.model._default_manager.count(),
        Change.objects.filter(component=component.name).count(),
        draining_to_json.count_pending(component),
        0 if state.closed else apart.values("key").distinct().count(),
        [source.name for source in store.sources_of(component)],
        sorted(set(others.values_list("name", flat=True)) - set(beside)),
    )


def close(chosen: Collection[Component], by: By) -> list[Outlook]:
    """All of them, parents first, each in a transaction of its own. On the host with the files, outside any
    transaction. One that is closed already is only finished here. May be repeated after a crash.

    Raises MoveRefused before anything is done (NotReady among them), or, of one after others are closed, also
    MoveAborted; LegacyError, django.db.Error.
    """
    ordered = [c for c in components.everything() if c.name in {each.name for each in chosen}]
    found = outlook(ordered)
    lacking = [(each.component.name, gate) for each in found for gate in each.refusals]
    if lacking:
        raise NotReady(lacking)
    for component in ordered:
        _close(component, by)
    return outlook(ordered)


def _close(component: Component, by: By) -> None:
    index = store.index()
    with mover_lock.moving(index.path, component.name):
        state = ComponentState.objects.get(name=component.name)
        if not state.closed:
            recovery.recover(component)
            acknowledging.flush()
            _commit(component, index, by)
        seal(component, index)
    mark(component)


def _commit(component: Component, index: Index, by: By) -> None:
    """The database's side, under the component's lock. Writers wait for as long as it takes to delete the notes."""
    top = deferring.top_version(index, component.name)  # nothing is copied to JSON any more
    before, epoch = store.fence(component), ComponentState.objects.get(name=component.name).epoch
    sealing = Fence(FenceState.SEALING, next_epoch(epoch, before))
    try:
        with transaction.atomic():
            state = hold(component, epoch)
            above = max(top, highest(component))
            forget(component)
            announce(component, index, before, sealing)
            rows.change(state, state.row, sealing.epoch, KIND, by, closed_above=above)
    except BaseException:
        _reconsider(component, index, sealing)
        raise


def hold(component: Component, epoch: int) -> ComponentState:
    """Inside the transaction: the locks of a move, and another look. Raises Moved, NotReady."""
    states = take_locks(component)
    state = states[component.name]
    if state.epoch != epoch or state.closed:
        raise Moved(component.name, last(component.name))
    lacking = [(component.name, gate) for gate in standing(component, states) if not gate.holds]
    if lacking:
        raise NotReady(lacking)
    return state


def highest(component: Component) -> int:
    """Of all versions that a record of it has, or had when it was deleted."""
    table = connection.ops.quote_name(component.model._meta.db_table)
    query = (
        f"SELECT greatest((SELECT max(version) FROM {table}),"  # noqa: S608 - our names
        " (SELECT max(version) FROM migration_control_change WHERE component = %s), 0)"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [component.name])
        return int(cursor.fetchone()[0])


def forget(component: Component) -> int:
    """What was noted for JSON. Returns how many notes that were."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET, [component.name])
        gone = int(cursor.rowcount)
        cursor.execute("UPDATE migration_control_change SET acked = version WHERE component = %s", [component.name])
    AppliedEffect.objects.filter(component=component.name, acked=False).update(acked=True)
    return gone


def announce(component: Component, index: Index, before: Fence, sealing: Fence) -> None:
    """From here on the row may say that it is closed: JSON is not promoted any more, and nothing is kept here for it.

    Raises MoveAborted.
    """
    with index.write() as (written, _):
        if inbox.count_for(written, component.name):
            raise MoveAborted(
                f"Something was kept for {component.name} in the index meanwhile: a process could not reach the"
                " database. Give it back to that process, wait for a worker to apply what was kept, and close it then."
            )
        if before.state is not FenceState.CLOSED or not fences.advance(written, component.name, before, sealing):
            raise MoveAborted(f"The fence of {component.name} was moved meanwhile. Look again, then decide anew.")


def seal(component: Component, index: Index) -> None:
    """The row is committed. If this is not done, recovery does it. Raises OthersIndex."""
    state = ComponentState.objects.get(name=component.name)
    if store.fence(component).state is FenceState.SEALED:
        return
    # One that has spoken with no database yet is in the place of one that was lost.
    if pairing.counterpart(index, component.name).database and not recovery.is_of(index, state):
        raise OthersIndex(component, index)
    recovery.set_fence(component, state)


def mark(component: Component) -> None:
    """The folder says it to whoever finds the files there."""
    names = [source.name for source in store.sources_of(component)]
    marker.note_closed(store.root(), names, timezone.now().isoformat(timespec="seconds"))


def _reconsider(component: Component, index: Index, sealing: Fence) -> None:
    """After a failure: it may have been committed all the same, and the row knows."""
    if store.fence(component) != sealing:
        return
    try:
        recovery.recover(component)
    except Error as error:
        log.warning("%s is left to recovery: %s", component.name, error)
