"""What a period's events come to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from analytics.events import user_of
from analytics.models import Event
from analytics.periods import Period


class Count(NamedTuple):
    """users: how many different ones the events are of; those of nobody's count in `events` alone."""

    events: int = 0
    users: int = 0


NONE = Count()


@dataclass(frozen=True)
class Figures:
    """Of one bot in one period. start: its first day. complete: whether all of its events were there to be counted."""

    bot_id: str
    period: Period
    start: date
    total: Count = NONE
    by_type: dict[str, Count] = field(default_factory=dict)
    complete: bool = True

    @property
    def name(self) -> str:
        return self.period.named(self.start)


class Tally:
    """Events being counted."""

    def __init__(self) -> None:
        self._events: Counter[str] = Counter()
        self._users: dict[str, set[int]] = defaultdict(set)

    def add(self, event: Event) -> None:
        kind = event.event_type or ""
        self._events[kind] += 1
        user = user_of(event)
        if user is not None:
            self._users[kind].add(user)

    def add_all(self, events: Iterable[Event]) -> Tally:
        for event in events:
            self.add(event)
        return self

    @property
    def total(self) -> Count:
        return Count(self._events.total(), len(set().union(*self._users.values())))

    @property
    def by_type(self) -> dict[str, Count]:
        return {kind: Count(number, len(self._users[kind])) for kind, number in sorted(self._events.items())}
