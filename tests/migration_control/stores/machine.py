"""Any store beside a plain dict: whatever is done to both, they hold the same. Grown by whoever adds a fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from legacy_json.errors import AlreadyThere, NotThere, RecordRefused, Stale, ValueTaken
from migration_control.stores.changes import Changes
from tests.migration_control.stores.worlds import World

NUMBERS = st.integers(0, 5)
VALUES = st.sampled_from([None, "", "a", "b", "c"])
ACTS = st.lists(st.tuples(st.sampled_from(["create", "set", "delete", "leave"]), NUMBERS, VALUES), max_size=6)


@dataclass(frozen=True)
class Row:
    version: int
    value: str | None
    count: int


class Refused(Exception):
    """By the model."""


class StoreMachine(RuleBasedStateMachine):
    """world: makes an empty one. The model predicts results, refusals by their type, and that versions only rise."""

    def __init__(self, world: Callable[[], World]) -> None:
        super().__init__()
        self.world = world()
        self.rows: dict[int, Row] = {}
        self.highest: dict[int, int] = {}
        self.read: dict[int, Any] = {}  # instances read a while ago

    # What is done

    @rule(number=NUMBERS, value=VALUES)
    def create(self, number: int, value: str | None) -> None:
        expected = self._would_be_created(self.rows, number, value)
        if made := self._act(expected, lambda: self.world.store.create(self._made(number, value))):
            self._wrote(number, made)

    @rule(number=NUMBERS)
    def look(self, number: int) -> None:
        found = self.world.get(number)
        assert (found is not None) == (number in self.rows)
        if found is not None:
            self.read[number] = found

    @precondition(lambda self: self.read)
    @rule(data=st.data(), value=VALUES)
    def save_what_was_read(self, data: st.DataObject, value: str | None) -> None:
        number = data.draw(st.sampled_from(sorted(self.read)))
        record = self.read.pop(number)
        self._set(record, value)
        there = self.rows.get(number)
        expected: type[RecordRefused] | None = None
        if there is None or there.version != record.version:
            expected = NotThere if there is None else Stale
        elif self._taken(self.rows, number, value):
            expected = ValueTaken
        if saved := self._act(expected, lambda: self.world.store.save(record)):
            self._wrote(number, saved)

    @rule(number=NUMBERS)
    def count_up(self, number: int) -> None:
        expected = None if number in self.rows else NotThere
        if written := self._act(expected, lambda: self.world.store.update(self._key(number), self.world.kind.count_up)):
            assert self.world.kind.counted(written) == self.rows[number].count + 1
            self._wrote(number, written)

    @rule(number=NUMBERS, exactly=st.booleans(), late=st.booleans())
    def delete(self, number: int, exactly: bool, late: bool) -> None:
        there = self.rows.get(number)
        version = (there.version - late if there else 0) if exactly else None
        expected = NotThere if there is None else Stale if exactly and late else None
        self._act(expected, lambda: self.world.store.delete(self._key(number), version))
        if expected is None:
            self._gone(number)

    @rule(acts=ACTS)
    def change_several(self, acts: list[tuple[str, int, str | None]]) -> None:
        try:
            after: dict[int, Row] | None = self._after(acts)
        except Refused:
            after = None
        before = dict(self.rows)
        keys = [self._key(number) for _, number, _ in acts]

        def change(changes: Changes[Any]) -> None:
            for act in acts:
                self._change(changes, *act)

        try:
            self.world.store.update_many(keys, change)
        except RecordRefused:
            assert after is None
            return
        assert after is not None
        for number in before.keys() | after.keys():
            if number not in after:
                self._gone(number)
            elif before.get(number) != after[number]:
                found = self.world.get(number)
                assert (self._value(found), self.world.kind.counted(found)) == (
                    after[number].value,
                    after[number].count,
                )
                self._wrote(number, found)

    @precondition(lambda self: self.world.kind.unique)
    @rule(value=VALUES)
    def find(self, value: str | None) -> None:
        expected = [number for number, row in sorted(self.rows.items()) if value and row.value == value]
        found = self.world.store.find(self.world.unique, value)
        assert [record.key for record in found] == [self._key(number) for number in expected]

    @rule(low=NUMBERS, high=NUMBERS, after=st.none() | NUMBERS, backwards=st.booleans(), page=st.integers(1, 3))
    def iterate(self, low: int, high: int, after: int | None, backwards: bool, page: int) -> None:
        numbers = sorted((n for n in self.rows if low <= n < high), reverse=backwards)
        if after is not None:
            numbers = [n for n in numbers if (n < after if backwards else n > after)]
        found = self.world.store.iterate(
            low=self._key(low),
            high=self._key(high),
            after=None if after is None else self._key(after),
            backwards=backwards,
            page=page,
        )
        assert [record.key for record in found] == [self._key(n) for n in numbers]

    @invariant()
    def they_hold_the_same(self) -> None:
        found = {r.key: Row(r.version, self._value(r), self.world.kind.counted(r)) for r in self.world.store.iterate()}
        assert found == {self._key(number): row for number, row in self.rows.items()}
        assert self.world.store.count() == len(self.rows)

    # The model

    def _after(self, acts: list[tuple[str, int, str | None]]) -> dict[int, Row]:
        """The rows as the acts would leave them. Raises Refused."""
        rows = dict(self.rows)
        for act, number, value in acts:
            if act == "create":
                if number in rows:
                    raise Refused
                rows[number] = Row(-1, self._held(value), 0)
            elif act != "leave":
                if number not in rows:
                    raise Refused
                if act == "delete":
                    del rows[number]
                else:
                    rows[number] = Row(-1, self._held(value), rows[number].count)
        for number, row in rows.items():
            if self._taken(rows, number, row.value):
                raise Refused
        before = self.rows
        same = {n for n in rows.keys() & before.keys() if rows[n].value == before[n].value}
        return {n: before[n] if n in same and rows[n].count == before[n].count else row for n, row in rows.items()}

    def _change(self, changes: Changes[Any], act: str, number: int, value: str | None) -> None:
        if act == "create":
            changes.create(self._made(number, value))
        elif act == "set":
            self._set(changes[self._key(number)], value)
        elif act == "delete":
            changes.delete(self._key(number))

    def _would_be_created(self, rows: dict[int, Row], number: int, value: str | None) -> type[RecordRefused] | None:
        if number in rows:
            return AlreadyThere
        return ValueTaken if self._taken(rows, number, value) else None

    def _taken(self, rows: dict[int, Row], number: int, value: str | None) -> bool:
        held = self._held(value)
        return bool(held) and any(row.value == held and other != number for other, row in rows.items())

    def _act(self, expected: type[RecordRefused] | None, act: Callable[[], Any]) -> Any:
        """The result; None where a refusal was expected and came."""
        result, refusal = None, None
        try:
            result = act()
        except RecordRefused as error:
            refusal = type(error)
        assert refusal is expected
        return result

    def _wrote(self, number: int, record: Any) -> None:
        assert record.version > self.highest.get(number, -1)
        self.highest[number] = record.version
        self.rows[number] = Row(record.version, self._value(record), self.world.kind.counted(record))

    def _gone(self, number: int) -> None:
        self.highest[number] = self.rows.pop(number).version + 1  # the tombstone's

    # Records; where nothing is unique, nothing has a value

    def _key(self, number: int) -> Any:
        return self.world.key(number)

    def _held(self, value: str | None) -> str | None:
        return value if self.world.kind.unique else None

    def _made(self, number: int, value: str | None) -> Any:
        record = self.world.make(number)
        self._set(record, value)
        return record

    def _set(self, record: Any, value: str | None) -> None:
        if self.world.kind.unique:
            setattr(record, self.world.unique, value)

    def _value(self, record: Any) -> str | None:
        value: str | None = getattr(record, self.world.unique) if self.world.kind.unique else None
        return value
