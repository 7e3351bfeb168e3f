"""One commit of one store."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from legacy_json.fences import Fence, FenceState
from legacy_json.records import NEVER
from tests.model.rules import Mistake, Rules
from tests.model.world import Change, Changes, Row, Rows, Truth, Value, World, put

FAR = 100
_NOT_THE_AUTHORITY = {FenceState.COMMITTING, FenceState.CLOSED}

# From who writes and what is there to what shall be there; None if it would break a rule of its own.
Operation = Callable[[int, tuple[Value, ...]], tuple[Value, ...] | None]


class Base(NamedTuple):
    """What a save was made from."""

    values: tuple[Value, ...]
    versions: tuple[int, ...]


def unique_value(value: Value) -> str | None:
    first = value[0] if value else None
    return first if isinstance(first, str) else None


def may_speak(world: World, rules: Rules) -> bool:
    """Whether the stores know each other."""
    return world.store == world.paired or not rules.keep(Mistake.NO_STORE_ID)


def needs_mending(world: World, rules: Rules) -> bool:
    if world.closed:
        return not rules.stands(world.stage, world.epoch, world.fence, closed=True)
    wrong_hint = world.fence.mirrored != world.stage.mirrored and rules.keep(Mistake.HINT_UNMENDED)
    return not rules.agree(world.stage.authority, world.fence.state) or wrong_hint


def advance(world: World, expected: Fence, then: Fence, rules: Rules) -> World | None:
    """As legacy_json.fences.advance. None if it does not."""
    if not rules.keep(Mistake.NO_EPOCH):
        return world._replace(fence=then)
    if world.fence != expected or not rules.follows(expected, then):
        return None
    return world._replace(fence=then)


# Copies


def copy_to_database(world: World, changes: Changes, rules: Rules) -> World | None:
    """One transaction, under the keys' locks. None if a unique value is in the way: then nothing is copied."""
    rows = world.database
    newer = [change for change in changes if _is_newer(change, rows, rules)]
    for change in newer if rules.keep(Mistake.KEY_BY_KEY) else ():
        rows = _freed(world, rows, change, rules)
    for change in newer:
        forgets = change.value is None and not rules.keep(Mistake.NO_TOMBSTONE)
        rows = put(rows, {change.key: Row(change.value, NEVER if forgets else change.version)})
        if not rules.keep(Mistake.KEY_BY_KEY) and _collide(rows):
            return None
    return None if _collide(rows) else world._replace(database=rows)


def _is_newer(change: Change, rows: Rows, rules: Rules) -> bool:
    return rules.supersedes(change.version, rows[change.key].version) or not rules.keep(Mistake.NO_VERSION)


def _freed(world: World, rows: Rows, change: Change, rules: Rules) -> Rows:
    """Take its unique value from whoever has it, if that one is to be copied itself."""
    name = unique_value(change.value)
    for key, row in enumerate(rows):
        if name is None or key == change.key or unique_value(row.value) != name or row.value is None:
            continue
        if _may_lose(world.json[key], row, rules):
            rows = put(rows, {key: row._replace(value=row.value[1:])})
    return rows


def _collide(rows: Rows) -> bool:
    held = [name for row in rows if (name := unique_value(row.value)) is not None]
    return len(held) > len(set(held))


def _may_lose(ours: Row, theirs: Row, rules: Rules) -> bool:
    if not rules.keep(Mistake.FREE_ANY):
        return True
    return ours.noted if not rules.keep(Mistake.FREE_UNCONFIRMED) else ours.version > theirs.version


def copy_to_json(world: World, changes: Changes, rules: Rules) -> World | None:
    """One commit of the index. None if it takes nothing from the database now, so that nothing is acknowledged."""
    takes = {FenceState.CLOSED} if rules.keep(Mistake.TAKEN_WHILE_COMMITTING) else _NOT_THE_AUTHORITY
    if world.fence.state not in takes:
        return None
    newer = {
        change.key: Row(change.value, change.version)
        for change in changes
        if rules.supersedes(change.version, world.json[change.key].version) or not rules.keep(Mistake.NO_VERSION)
    }
    return world._replace(json=put(world.json, newer))


# Writes by the authority


def write(
    world: World, me: int, keys: tuple[int, ...], operation: Operation, base: Base | None, rules: Rules, *, json: bool
) -> tuple[World, Changes] | None:
    """A change, its note, and what it does to the truth. None if it is refused."""
    rows = world.json if json else world.database
    found = tuple(rows[key] for key in keys)
    if base and base.versions != tuple(row.version for row in found) and rules.keep(Mistake.NO_BASE):
        return None
    values = operation(me, base.values if base else tuple(row.value for row in found))
    noted = rules.keep(Mistake.NO_NOTE) if json else not world.closed
    changed = {
        key: Row(value, _next(world, rows[key], number, rules), noted)
        for number, (key, value) in enumerate(zip(keys, values or (), strict=values is not None))
        if value != rows[key].value
    }
    if not changed:
        return None
    if world.closed and not json:
        world = world._replace(drawn=max(row.version for row in changed.values()))
        changed = {key: _forgotten(row) for key, row in changed.items()}
    rows = put(rows, changed)
    changes = tuple(Change(key, row.value, row.version) for key, row in changed.items())
    written = world._replace(json=rows) if json else world._replace(database=rows)
    return _accepted(written, me, keys, operation, changes, json=json), changes


def _next(world: World, row: Row, number: int, rules: Rules) -> int:
    """Of the database's closed records from a sequence: what was deleted has left nothing that one could count on."""
    if not world.closed or not rules.keep(Mistake.COUNTED_ANEW):
        return row.version + 1
    return world.drawn + 1 + number


def _forgotten(row: Row) -> Row:
    return row if row.value is not None else Row(None, NEVER)


def forget(world: World) -> World:
    """The migration ends: notes and tombstones go."""
    highest = max(row.version for row in (*world.json, *world.database))
    rows = tuple(_forgotten(row._replace(noted=False)) for row in world.database)
    return world._replace(closed=True, drawn=highest, database=rows)


def _accepted(
    world: World, me: int, keys: tuple[int, ...], operation: Operation, changes: Changes, *, json: bool
) -> World:
    if not json and world.store != world.paired:
        return world._replace(astray=world.astray | {change.value[-1] for change in changes if change.value})
    values = operation(me, tuple(world.truth[key].value for key in keys))
    wanted = dict(zip(keys, values or (), strict=values is not None))
    truth = list(world.truth)
    for change in changes:
        truth[change.key] = Truth(wanted.get(change.key, change.value), change.version)
    return world._replace(truth=tuple(truth))
