"""The search itself, on processes that are wrong in one way each."""

from collections.abc import Iterator
from dataclasses import dataclass

from migration_control.stages import row
from tests.model.explore import Found, Search
from tests.model.processes import DONE, At, Passing, Process, Start, Step
from tests.model.rules import KEPT, Rules
from tests.model.world import NOBODY, World, beginning


@dataclass(frozen=True)
class Holding(At):
    pass


@dataclass(frozen=True)
class Holder(Passing):
    """Takes the lock, and lets it go unless it forgets."""

    forgets: bool = False

    def steps(self, me: int, world: World, at: At, rules: Rules) -> Iterator[Step]:
        if isinstance(at, Holding):
            yield world if self.forgets else world.release(me), DONE, "ends"
        elif world.exclusive == NOBODY:
            yield world._replace(exclusive=me), Holding(), "takes the lock"


@dataclass(frozen=True)
class Restless(Passing):
    def steps(self, me: int, world: World, at: At, rules: Rules) -> Iterator[Step]:
        yield world, Start() if isinstance(at, Holding) else Holding(), "turns round"


@dataclass(frozen=True)
class Counter(Passing):
    def steps(self, me: int, world: World, at: At, rules: Rules) -> Iterator[Step]:
        yield world._replace(epoch=world.epoch + 1), at, "counts"
        yield world, DONE, "ends"


def searched(*processes: Process, deaths: int = 0, limit: int = 1000) -> Found:
    world = beginning(row("disabled"), ())._replace(deaths=deaths)
    return Search(world, processes, KEPT, lambda _: "").run(limit)


def test_processes_that_end_are_no_problem() -> None:
    assert searched(Holder(), Holder()).problem == ""


def test_a_lock_that_is_never_released_is_found() -> None:
    found = searched(Holder(forgets=True), Holder())
    assert found.problem == "for ever waits Holder1"
    assert found.trace == ["Holder0 takes the lock", "Holder0 ends"]


def test_a_lock_dies_with_its_holder() -> None:
    found = searched(Holder(mortal=True), Holder(mortal=True), deaths=1)
    assert found.problem == ""
    assert found.states > searched(Holder(), Holder()).states


def test_processes_that_turn_in_a_circle_are_found() -> None:
    assert "waits for ever" in searched(Holder(), Restless()).problem


def test_what_goes_on_for_ever_is_found() -> None:
    assert "goes on for ever" in searched(Counter()).problem


def test_what_is_wrong_at_an_end_is_found() -> None:
    world = beginning(row("disabled"), ())
    found = Search(world, [Holder()], KEPT, lambda end: f"the lock is {end.exclusive}").run()
    assert found.problem == f"the lock is {NOBODY}"
    assert len(found.trace) == 2
