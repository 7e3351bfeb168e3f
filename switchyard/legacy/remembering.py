"""Objects that know what they were read as, so that saving one whole applies what its holder changed, and no more.

A handler reads a user, awaits something slow and saves the user: whatever others wrote meanwhile stays. An object that
was not read but built anew says what its keyword arguments say, and what was set on it since: over an existing record
only these count. So an object built of another one's dict() says all of it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, Self

Fields = dict[str, Any]


class Change(NamedTuple):
    """Of one field. was: None too where nobody knows."""

    was: Any
    now: Any


Changes = dict[str, Change]


class Remembering:
    """FIELDS: each with what makes its default."""

    FIELDS: ClassVar[dict[str, Callable[[], Any]]] = {}

    def __init__(self, **given: Any) -> None:
        unknown = given.keys() - self.FIELDS.keys()
        if unknown:
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(unknown))}: {', '.join(self.FIELDS)}")
        self._was_read = False
        self._said = frozenset(given)
        for name, default in self.FIELDS.items():
            setattr(self, name, given[name] if name in given else default())
        self._base = self._snapshot()

    @classmethod
    def read_as(cls, **fields: Any) -> Self:
        """An object of a record."""
        made = cls(**fields)
        made.remember()
        return made

    @property
    def was_read(self) -> bool:
        return self._was_read

    def remember(self, stored: Fields | None = None) -> None:
        """What it was when it was stored, as whole() said then, or is now."""
        self._was_read, self._said, self._base = True, frozenset(), self._snapshot() if stored is None else stored

    def changes(self, now: Fields | None = None) -> Changes:
        """By field: what its holder says of it that is not stored. now: as whole() said, so that who saves it remembers
        what was saved: its holder may go on changing it.
        """
        now = self._snapshot() if now is None else now
        return {
            name: Change(self._base[name] if name not in self._said else None, now[name])
            for name in self.FIELDS
            if name in self._said or differs(now[name], self._base[name])
        }

    def whole(self) -> Fields:
        return self._snapshot()

    def dict(self) -> Fields:
        """As the bot's file has it: JSON can hold it, and the class can be built of it."""
        return self._snapshot()

    def _snapshot(self) -> Fields:
        return {name: copy.deepcopy(getattr(self, name)) for name in self.FIELDS}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._snapshot() == other._snapshot()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self._snapshot().items())
        return f"{type(self).__name__}({fields})"


def differs(one: object, other: object) -> bool:
    """1 is not true."""
    return isinstance(one, bool) is not isinstance(other, bool) or one != other
