"""Who meets whom in which world. Each is small enough to be explored whole."""

from __future__ import annotations

from typing import NamedTuple

from legacy_json.fences import Fence, FenceState
from migration_control.stages import StageRow, row
from tests.model.closers import Closer
from tests.model.copiers import Importer
from tests.model.disasters import Outage, Promotion, Settling
from tests.model.explore import LIMIT, Found, Search
from tests.model.judging import judge
from tests.model.movers import Mover, Recovery
from tests.model.operations import delete, rename, swap, take
from tests.model.processes import Process
from tests.model.readers import Reader, RemoteReader
from tests.model.rules import KEPT, Rules
from tests.model.world import World, beginning
from tests.model.writers import Writer

DISABLED = row("disabled")
DUAL_JSON, DUAL_DATABASE = row("dual-write", "json"), row("dual-write", "database")
DB_ONLY = row("db-only")

W = Writer()
DELETER = Writer(operation=delete)
SAVER = Writer(saves=True)
PAIR = Writer(keys=(0, 1))
OUT, BACK = Mover(DUAL_DATABASE), Mover(DUAL_JSON)


class Configuration(NamedTuple):
    """reaches: rows in which some run must end, or nobody ever got there."""

    world: World
    processes: tuple[Process, ...]
    reaches: frozenset[StageRow] = frozenset()
    deaths: int = 1
    losses: int = 0

    def explore(self, rules: Rules = KEPT, limit: int = LIMIT) -> Found:
        world = self.world._replace(deaths=self.deaths, losses=self.losses)
        found = Search(world, self.processes, rules, judge(rules)).run(limit)
        if found.problem or self.reaches <= found.ends:
            return found
        missed = ", ".join(f"{row.stage} reading {row.reads}" for row in self.reaches - found.ends)
        return found._replace(problem=f"no run ends in {missed}")


_BOTH_WAYS = frozenset({DUAL_JSON, DUAL_DATABASE})

CONFIGURATIONS = {
    "there and back": Configuration(
        beginning(DUAL_JSON, (), copied=False), (OUT, BACK, Recovery(), Importer(), W, DELETER), _BOTH_WAYS
    ),
    "two movers": Configuration(beginning(DUAL_JSON, ()), (OUT, BACK, OUT, Recovery(), W), _BOTH_WAYS, losses=1),
    "two recoveries": Configuration(beginning(DUAL_JSON, ()), (OUT, BACK, Recovery(), Recovery(), W), _BOTH_WAYS, 2, 1),
    "readers": Configuration(beginning(DUAL_JSON, ()), (OUT, BACK, Recovery(), Reader(), W), _BOTH_WAYS),
    "savers": Configuration(beginning(DUAL_JSON, ()), (OUT, BACK, Recovery(), SAVER, W), _BOTH_WAYS),
    "after a reopening": Configuration(
        beginning(DUAL_JSON, ())._replace(fence=Fence(FenceState.OPEN, 3, DUAL_JSON.mirrored)),
        (OUT, BACK, W),
        _BOTH_WAYS,
        0,
    ),
    "imports and deletions": Configuration(beginning(DISABLED, (), copied=False), (Importer(), Importer(), DELETER, W)),
    "all four stages": Configuration(
        beginning(DISABLED, (), copied=False),
        (Mover(DB_ONLY), Mover(DISABLED), Recovery(), W),
        frozenset({DISABLED, DUAL_JSON, DUAL_DATABASE, DB_ONLY}),
    ),
    "from the last stage": Configuration(
        beginning(DB_ONLY, ()), (Mover(DISABLED), Recovery(), W, DELETER), frozenset({DB_ONLY, DISABLED})
    ),
    "several records": Configuration(
        beginning(DUAL_JSON, (), ()), (OUT, BACK, Recovery(), PAIR, Writer(keys=(1,)), Reader(several=True)), _BOTH_WAYS
    ),
    "a unique value swapped": Configuration(
        beginning(DUAL_JSON, ("a",), ("b",)),
        (OUT, Importer((0,)), Recovery(), Writer((0, 1), swap), W),
    ),
    "a unique value passed on": Configuration(
        beginning(DUAL_JSON, ("a",), ("b",), copied=False),
        (Importer((0,)), Importer((0, 1)), Writer((0, 1), rename), Writer((0, 1), take)),
    ),
    "a host without the files": Configuration(
        beginning(DUAL_JSON, ()), (OUT, BACK, Recovery(), Writer(no_files=True), RemoteReader(), W), _BOTH_WAYS
    ),
    "a mover dies with the database": Configuration(
        beginning(DUAL_JSON, ()), (OUT, Outage(), Recovery(), Writer(no_database=True), W), frozenset({DUAL_JSON})
    ),
    "JSON promoted": Configuration(beginning(DB_ONLY, ()), (Outage(), Promotion(), Settling(), Recovery(), W, W)),
    "JSON promoted during a move": Configuration(
        beginning(DUAL_DATABASE, ()), (BACK, Promotion(), Settling(), Recovery(), W, Reader())
    ),
}

CONFIGURATIONS |= {
    "closed": Configuration(
        beginning(DB_ONLY, ()), (Closer(), Mover(DISABLED), Recovery(), W, W), frozenset({DB_ONLY, DISABLED}), 1, 1
    ),
    "closed, and made anew": Configuration(
        beginning(DB_ONLY, ()), (Closer(), Recovery(), SAVER, DELETER, W, W), deaths=0
    ),
    "closed, or promoted": Configuration(beginning(DB_ONLY, ()), (Closer(), Promotion(), Settling(), Recovery(), W)),
    "closed, and read": Configuration(beginning(DB_ONLY, ()), (Closer(), Recovery(), Reader(), RemoteReader(), W)),
}

# Minutes, not seconds: `python -m tests.model --all`.
THOROUGH = {
    "there and back, more writers": Configuration(
        beginning(DUAL_JSON, (), copied=False), (OUT, BACK, Recovery(), Importer(), W, W, DELETER), _BOTH_WAYS
    ),
    "two movers, two writers": Configuration(
        beginning(DUAL_JSON, ()), (OUT, BACK, OUT, Recovery(), W, W), _BOTH_WAYS, losses=1
    ),
    "a saver among movers": Configuration(beginning(DUAL_JSON, ()), (OUT, BACK, OUT, Recovery(), SAVER, W), _BOTH_WAYS),
    "all four stages, and a deletion": Configuration(
        beginning(DISABLED, (), copied=False),
        (Mover(DB_ONLY), Mover(DISABLED), Recovery(), W, DELETER),
        frozenset({DISABLED, DUAL_JSON, DUAL_DATABASE, DB_ONLY}),
        losses=1,
    ),
    "passed on during moves": Configuration(
        beginning(DUAL_JSON, ("a",), ("b",), copied=False),
        (OUT, Recovery(), Importer((0,)), Writer((0, 1), rename), Writer((0, 1), take)),
    ),
    "JSON promoted, everybody there": Configuration(
        beginning(DUAL_DATABASE, ()), (BACK, Outage(), Promotion(), Settling(), Recovery(), W, W), losses=1
    ),
}
