"""One step between two neighbouring stages, as the protocol has it. Each part of it is a function of its own.

A step that is cut off anywhere leaves the authority where the row says, and `recovery` makes the fence agree.
"""

from __future__ import annotations

import logging

from django.db import Error, transaction

from legacy_json import fences, mover_lock
from legacy_json import pairing as numbers
from legacy_json.clocks import Deadline
from legacy_json.fences import Fence, FenceState
from legacy_json.index import Batch, Index
from legacy_json.pairing import Receipt
from migration_control import pairing, store
from migration_control.components import Component
from migration_control.mirroring import acknowledging, draining_to_database, draining_to_json, effects, parking, to_json
from migration_control.models import ComponentState
from migration_control.moving import recovery, rows
from migration_control.moving.errors import MoveAborted, MoveRefused
from migration_control.moving.holding import hold
from migration_control.moving.rows import By
from migration_control.prepare import Prepared, prepare
from migration_control.stages import Kind, Step, Store, agree, fence_for, next_epoch

log = logging.getLogger(__name__)

REMAINDER = 200  # records that may be left to copy while writers wait
ROUNDS = 50  # drains before writers are said to outrun them
CLOSING_SECONDS = 15.0  # after which anybody may open a fence that is half closed


class Outrun(MoveAborted):
    """Writers add more than is copied meanwhile."""

    def __init__(self, component: Component) -> None:
        super().__init__(f"{component.name} is written faster than it can be copied. Try again when it is calmer.")


def take(component: Component, step: Step, epoch: int, by: By) -> int:
    """The epoch at which the component now stands in the step's second row. epoch: the one that it was decided at.

    On the host with the files, outside any transaction. Raises MoveRefused, MoveAborted, rows.Moved, StoresDisagree,
    LegacyError, django.db.Error; the component then stands where it stood.
    """
    index = store.index()
    with mover_lock.moving(index.path, component.name):
        recovery.recover(component)
        if step.kind is Kind.TO_DATABASE:
            return _to_database(component, step, epoch, by, index)
        if step.kind is Kind.TO_JSON:
            return _to_json(component, step, epoch, by, index)
        return _mirror(component, step, epoch, by, index)


# To the database


def _to_database(component: Component, step: Step, epoch: int, by: By, index: Index) -> int:
    _drain_to_database(component, index)
    before = store.fence(component)
    closing = Fence(FenceState.CLOSING, next_epoch(epoch, before), before.mirrored)
    try:
        with transaction.atomic():
            state = hold(component, step, epoch)
            left = close(component, index, before, closing)
            copied, receipt = copy_remainder(component, index, left)
            announce(component, index, closing)
            commit_row(state, step, closing.epoch, by)
    except BaseException:
        reopen(component, index, closing)
        raise
    finish(component, index, closing, step, receipt)
    if copied:
        draining_to_database.confirmed(component, copied, index, receipt)
    return closing.epoch


def _drain_to_database(component: Component, index: Index) -> None:
    acknowledging.flush()
    for _ in range(ROUNDS):
        if index.count_pending(component.name) <= REMAINDER:
            break
        draining_to_database.drain(component, index)
        _refuse_parked(component)
    else:
        raise Outrun(component)
    # Once more, so that what is left is what was written in the last moment.
    draining_to_database.drain(component, index)
    _refuse_parked(component)


def close(component: Component, index: Index, before: Fence, closing: Fence) -> Batch:
    """Under the store's lock: no write after this, and what the database lacks. Raises Outrun, MoveAborted."""
    with index.write() as (connection, _):
        left = index.pending(component.name, None, REMAINDER + 1)
        # A batch ends early where documents are large: what it leaves out would be lost.
        if len(left.records) > REMAINDER or len(left.records) < index.count_pending(component.name):
            raise Outrun(component)
        if not agree(Store.JSON, before.state) or not fences.advance(
            connection, component.name, before, closing, Deadline.after(CLOSING_SECONDS)
        ):
            raise MoveAborted(f"Another move of {component.name} came in between. Look again, then decide anew.")
    return left


def copy_remainder(component: Component, index: Index, left: Batch) -> tuple[Prepared | None, Receipt]:
    """In the move's transaction: what was copied, for `confirmed`, and as which copy. Raises MoveAborted."""
    effects.remainder_to_database(component, index)
    number = pairing.announce(component, index)
    if not left.records:
        return None, pairing.note_copy(component, index, number)
    prepared = prepare(component, left, store.time_zone(component), index.file_name, None)
    if prepared.quarantined:
        raise MoveAborted(f"{component.name} was given a record that the database cannot hold. It will be parked.")
    return prepared, draining_to_database.copied(component, prepared, index, number)


def announce(component: Component, index: Index, closing: Fence) -> None:
    """From here on the row may say that the database is the authority. Raises MoveAborted if somebody reopened."""
    with index.write() as (connection, _):
        if not fences.advance(connection, component.name, closing, closing._replace(state=FenceState.COMMITTING)):
            raise MoveAborted(f"{component.name} was opened to writes again before the move was ready. Try again.")


def commit_row(state: ComponentState, step: Step, epoch: int, by: By) -> None:
    rows.change(state, step.after, epoch, step.kind, by)


def finish(component: Component, index: Index, closing: Fence, step: Step, receipt: Receipt) -> None:
    """The row is committed. If this is not done, recovery does it."""
    with index.write() as (connection, _):
        numbers.confirm(connection, component.name, receipt)
        expected = closing._replace(state=FenceState.COMMITTING)
        fences.advance(connection, component.name, expected, fence_for(step.after, closing.epoch))


def reopen(component: Component, index: Index, closing: Fence) -> None:
    """After a failure: at once if nothing can have been committed; else recovery looks what the row says."""
    with index.write() as (connection, _):
        now = fences.fence(connection, component.name)
        if now == closing:
            fences.advance(connection, component.name, now, fences.reopened(now))
            return
    if now == closing._replace(state=FenceState.COMMITTING):
        try:
            recovery.recover(component)
        except Error as error:
            log.warning("%s is left to recovery: %s", component.name, error)


# To JSON


def _to_json(component: Component, step: Step, epoch: int, by: By, index: Index) -> int:
    _drain_to_json(component, index)
    before = store.fence(component)
    now = next_epoch(epoch, before)
    with transaction.atomic():
        state = hold(component, step, epoch)
        receipt = drain_remainder(component, index)
        commit_row(state, step, now, by)
    set_fence(component, index, step, now, receipt)
    return now


def _drain_to_json(component: Component, index: Index) -> None:
    acknowledging.flush()
    for _ in range(ROUNDS):
        draining_to_json.drain(component, index)
        _refuse_parked(component)
        if draining_to_json.count_pending(component) <= REMAINDER:
            return
    raise Outrun(component)


def drain_remainder(component: Component, index: Index) -> Receipt:
    """In the move's transaction, which nobody writes beside: all that JSON lacks, and that it has it. Raises Outrun."""
    left = draining_to_json.pending(component, "", REMAINDER + 1)
    if len(left) > REMAINDER:
        raise Outrun(component)
    effects.to_json(component, index)
    number = pairing.announce(component, index)
    if left:
        acknowledging.mark_acked(component, to_json.apply(component, left))
    return pairing.note_copy(component, index, number)


# Mirror on and off


def _mirror(component: Component, step: Step, epoch: int, by: By, index: Index) -> int:
    now = next_epoch(epoch, store.fence(component))
    with transaction.atomic():
        state = hold(component, step, epoch)
        # Numbered as a copy is: a backup from before the step then shows on either side.
        receipt = pairing.note_copy(component, index, pairing.announce(component, index))
        commit_row(state, step, now, by)
    set_fence(component, index, step, now, receipt)
    return now


def set_fence(component: Component, index: Index, step: Step, epoch: int, receipt: Receipt) -> None:
    """The row is committed. If this is not done, recovery does it."""
    with index.write() as (connection, _):
        numbers.confirm(connection, component.name, receipt)
        now = fences.fence(connection, component.name)
        fences.advance(connection, component.name, now, fence_for(step.after, epoch))


def _refuse_parked(component: Component) -> None:
    parked = parking.count(component)
    if parked:
        raise MoveRefused(f"{component.name}: {parking.told(parked)} {parking.REMEDY} Then move again.")
