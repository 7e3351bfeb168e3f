"""The search: breadth first through every interleaving, then back from the ends.

A state is one whole number: the number of the world, and of the place of each process, side by side. What a process
can do depends on those two alone, so it is worked out once for each pair, as a difference to be added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from migration_control.stages import StageRow
from tests.model.processes import DONE, START, At, Process, ends_of
from tests.model.rules import Rules
from tests.model.world import World

LIMIT = 5_000_000  # states; a gigabyte or two
_BITS = 16  # for the place of one process
_Item = TypeVar("_Item", World, At)


class Found(NamedTuple):
    """problem: empty if there is none; then no trace either. ends: the rows in which a run may end."""

    states: int
    problem: str
    trace: list[str]
    ends: frozenset[StageRow]


class _Numbers(Generic[_Item]):
    """Each item, once."""

    def __init__(self) -> None:
        self.items: list[_Item] = []
        self._known: dict[_Item, int] = {}

    def number(self, item: _Item) -> int:
        number = self._known.setdefault(item, len(self.items))
        if number == len(self.items):
            self.items.append(item)
        return number


@dataclass(slots=True)
class _Slot:
    """One process. mask: of the part of a state that decides what it does."""

    me: int
    process: Process
    shift: int
    mask: int
    places: _Numbers[At] = field(default_factory=lambda: _Numbers[At]())
    steps: dict[int, tuple[int, ...]] = field(default_factory=dict)
    accidents: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def place(self, state: int) -> At:
        return self.places.items[(state >> self.shift) % (1 << _BITS)]


class Search:
    def __init__(self, world: World, processes: Sequence[Process], rules: Rules, judge: Callable[[World], str]) -> None:
        """judge: what is wrong with a world in which nobody does anything more."""
        self._rules, self._judge = rules, judge
        self._worlds = _Numbers[World]()
        self._top = _BITS * len(processes)
        self._slots = [self._slot(me, process) for me, process in enumerate(processes)]
        self._came: dict[int, int] = {}
        self._ended: set[int] = set()
        self._judged: dict[int, str] = {}
        self._wrong: set[int] = set()  # worlds
        self._start = self._worlds.number(world) << self._top
        for slot in self._slots:
            self._start |= slot.places.number(START) << slot.shift

    def _slot(self, me: int, process: Process) -> _Slot:
        shift = _BITS * me
        everything_above = -1 << self._top
        return _Slot(me, process, shift, everything_above | ((1 << _BITS) - 1) << shift)

    def run(self, limit: int = LIMIT) -> Found:
        """Stops at the first thing that is wrong: its trace is a shortest one."""
        frontier = [self._start]
        self._came = {self._start: -1}
        while frontier:
            following: list[int] = []
            for state in frontier:
                if not self._follow(state, following):
                    problem = self._at_rest(state)
                    if problem:
                        return self._found(state, problem)
            if self._wrong:
                bad = next(state for state in following if state >> self._top in self._wrong)
                return self._found(bad, self._worlds.items[bad >> self._top].wrong)
            if len(self._came) > limit:  # an epoch that rises without an end, say
                return self._found(following[0], f"more than {limit} states: something goes on for ever")
            frontier = following
        stuck = self._without_end()
        if stuck is not None:
            return self._found(stuck, "however they go on from here, some process waits for ever")
        return Found(len(self._came), "", [], self._ends())

    def _follow(self, state: int, following: list[int]) -> bool:
        """Whether somebody can do something, accidents not counted."""
        came, moved = self._came, False
        for slot in self._slots:
            part = state & slot.mask
            steps = slot.steps.get(part)
            if steps is None:
                steps = self._work_out(slot, part)
            if steps:
                moved = True
            for difference in steps + slot.accidents[part]:
                then = state + difference
                if then not in came:
                    came[then] = state
                    following.append(then)
        return moved

    def _work_out(self, slot: _Slot, part: int) -> tuple[int, ...]:
        world, at = self._worlds.items[part >> self._top], slot.place(part)
        steps = slot.process.steps(slot.me, world, at, self._rules) if at != DONE else ()
        slot.steps[part] = self._differences(slot, part, steps)
        slot.accidents[part] = self._differences(slot, part, ends_of(slot.process, slot.me, world, at))
        return slot.steps[part]

    def _differences(self, slot: _Slot, part: int, steps: Iterable[tuple[World, At, str]]) -> tuple[int, ...]:
        found = {self._part(slot, world, at) - part: None for world, at, _ in steps}
        return tuple(difference for difference in found if difference)

    def _part(self, slot: _Slot, world: World, at: At) -> int:
        number = self._worlds.number(world)
        if world.wrong:
            self._wrong.add(number)
        return number << self._top | slot.places.number(at) << slot.shift

    # Ends

    def _at_rest(self, state: int) -> str:
        waiting = [slot for slot in self._slots if not self._may_rest(slot, state)]
        if waiting:
            return "for ever waits " + " and ".join(self._name(slot) for slot in waiting)
        self._ended.add(state)
        number = state >> self._top
        if number not in self._judged:
            self._judged[number] = self._judge(self._worlds.items[number])
        return self._judged[number]

    def _may_rest(self, slot: _Slot, state: int) -> bool:
        at = slot.place(state)
        return at == DONE or (slot.process.stands and at == START)

    def _without_end(self) -> int | None:
        """A state from which no way leads to an end, unless by another accident."""
        ending, left = set(self._ended), list(self._came)
        while left:
            remaining = [state for state in reversed(left) if not self._joins(state, ending)]
            remaining.reverse()
            if len(remaining) == len(left):
                return left[0]
            left = remaining
        return None

    def _joins(self, state: int, ending: set[int]) -> bool:
        if state in ending:
            return True
        for slot in self._slots:
            for difference in slot.steps[state & slot.mask]:
                if state + difference in ending:
                    ending.add(state)
                    return True
        return False

    def _ends(self) -> frozenset[StageRow]:
        return frozenset(self._worlds.items[number].stage for number in self._judged)

    # Traces

    def _found(self, state: int, problem: str) -> Found:
        trace: list[str] = []
        while self._came[state] >= 0:
            before = self._came[state]
            trace.append(self._label(before, state))
            state = before
        return Found(len(self._came), problem, trace[::-1], self._ends())

    def _label(self, before: int, after: int) -> str:
        world = self._worlds.items[before >> self._top]
        for slot in self._slots:
            at = slot.place(before)
            steps = slot.process.steps(slot.me, world, at, self._rules) if at != DONE else ()
            for then, there, label in (*steps, *ends_of(slot.process, slot.me, world, at)):
                if self._part(slot, then, there) - (before & slot.mask) == after - before:
                    return f"{self._name(slot)} {label}"
        raise AssertionError("a state without the step that led to it")

    def _name(self, slot: _Slot) -> str:
        return f"{type(slot.process).__name__}{slot.me}"
