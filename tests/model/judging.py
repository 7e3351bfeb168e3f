"""What must be so at an end, when every process is done and whoever mends things finds nothing to mend."""

from __future__ import annotations

from collections.abc import Callable

from legacy_json.fences import FenceState
from migration_control.stages import Stage, Store, fence_for
from tests.model.rules import Rules
from tests.model.stores import copy_to_database, copy_to_json
from tests.model.world import Rows, World, present


def judge(rules: Rules) -> Callable[[World], str]:
    """What is wrong once nobody does anything more, and the notes of the authority have been drained."""

    def judged(world: World) -> str:
        if not world.reachable:
            return "" if world.store == world.paired else _lost(world, world.json)
        if world.closed:
            return _closed(world)
        expected = fence_for(world.stage, world.epoch)
        if (world.fence.state, world.fence.mirrored) != (expected.state, expected.mirrored):
            return f"the fence stands at {world.fence}, the row says {world.stage}"
        if world.astray - world.conflicts:
            return f"{set(world.astray - world.conflicts)} was accepted, and nobody is told where it is"
        return _after(_drained(world, rules))

    return judged


def _closed(world: World) -> str:
    """Nobody looks at JSON any more, so nobody may be able to."""
    if world.fence.state is not FenceState.SEALED:
        return f"the migration is closed, and the fence stands at {world.fence}"
    if world.stage.stage is not Stage.DB_ONLY:
        return f"the migration is closed, and the row says {world.stage}"
    return _lost(world, world.database)


def _drained(world: World, rules: Rules) -> World:
    if world.stage.authority is Store.JSON:
        return copy_to_database(world, present(world.json), rules) or world
    return copy_to_json(world, present(world.database), rules) or world


def _after(world: World) -> str:
    held = world.json if world.stage.authority is Store.JSON else world.database
    json, database = ([found.value for found in rows] for rows in (world.json, world.database))
    return _lost(world, held) or ("" if json == database else f"the stores differ: {json}, {database}")


def _lost(world: World, held: Rows) -> str:
    values, truth = [found.value for found in held], [true.value for true in world.truth]
    return "" if values == truth else f"the authority holds {values}, the accepted writes leave {truth}"
