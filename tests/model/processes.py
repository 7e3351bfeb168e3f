"""What a process is: where it stands, and which steps it can take from there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from tests.model.rules import Rules
from tests.model.world import World


@dataclass(frozen=True)
class At:
    """Where a process stands. A subclass holds what it remembers."""


@dataclass(frozen=True)
class Start(At):
    pass


@dataclass(frozen=True)
class Done(At):
    """Also of one that died: it does nothing more."""


START, DONE = Start(), Done()

Step = tuple[World, At, str]


class Process(Protocol):
    """mortal: its death leaves something behind that its giving up would not. stands: after it there is another."""

    @property
    def mortal(self) -> bool: ...

    @property
    def stands(self) -> bool: ...

    def steps(self, me: int, world: World, at: At, rules: Rules) -> Iterator[Step]: ...


@dataclass(frozen=True, kw_only=True)
class Passing:
    """A process that ends. A writer's death is the failure of its mirror, which it may suffer at any time."""

    mortal: bool = False
    stands: bool = False


def ends_of(process: Process, me: int, world: World, at: At) -> Iterator[Step]:
    """The accidents that may befall it here: they are counted, so that the search ends."""
    if process.mortal and world.deaths and at not in (START, DONE):
        dead = world.release(me)._replace(deaths=world.deaths - 1)
        yield dead, START if process.stands else DONE, "DIES"
    if world.losses and world.exclusive == me:
        yield world.release(me)._replace(losses=world.losses - 1), at, "LOSES ITS SESSION"
