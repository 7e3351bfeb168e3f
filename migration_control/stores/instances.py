"""A record of the index as an instance of its model.

Documents that need no repair go a fast way, whose result equals the mapping's; whatever looks in the least unusual is
left to that, as in `plain`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, Generic, TypeVar, cast
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET

from legacy_json.errors import KeyReserved
from legacy_json.index import Record as Legacy
from migration_control import stamps
from migration_control.components import Component
from migration_control.conversions import CannotHold, Conversion, Integer, Moment, Text
from migration_control.moments import Style
from migration_control.records import ENGINE, Record
from migration_control.stamps import CANONICAL, Unplain

R = TypeVar("R", bound=Record)
Extra = dict[str, object]
Cell = Callable[[Any, Extra], Any]  # the field's value; what it would be written otherwise than it was goes to extra


class Instances(Generic[R]):
    """Of one component, with its dates in one zone."""

    def __init__(self, component: Component, zone: ZoneInfo) -> None:
        self.component, self.zone = component, zone
        self._model = cast(type[R], component.model)
        self._mapping = mapping = component.mapping
        self._derive = component.derived
        self._decode = msgspec.json.Decoder(_strict(component.document)).decode
        infos = msgspec.structs.fields(component.document)
        names = [info.name for info in infos]
        self._key_at = names.index(mapping.pk) if mapping.pk in names else None
        self._cells = [_cell(info, mapping.conversions[info.name], zone) for info in infos]
        self._fields = [field.attname for field in self._model._meta.concrete_fields]
        there = ["key", *ENGINE, *names, *mapping.derived]
        if self._key_at is None:
            there[0] = mapping.pk
        self._arranged = itemgetter(*(there.index(name) for name in self._fields))

    def make(self, legacy: Legacy) -> R:
        """Raises KeyReserved for a document that neither the model nor `extra` can hold."""
        try:
            try:
                values = self._plain(legacy)
            except Unplain:
                values = self._careful(legacy)
        except CannotHold as error:
            raise KeyReserved(self.component.name, legacy.key, error.detail) from error
        return self._model.from_db(None, self._fields, values)

    def unrepaired(self, legacy: Legacy) -> tuple[Any, ...] | None:
        """The values of the same, in the order of the model's columns; None if anything had to be repaired, of which
        staff are told. Raises KeyReserved.
        """
        try:
            try:
                return self._plain(legacy)
            except Unplain:
                return None if self._mapping.held(legacy, self.zone).notes else self._careful(legacy)
        except CannotHold as error:
            raise KeyReserved(self.component.name, legacy.key, error.detail) from error

    def _plain(self, legacy: Legacy) -> tuple[Any, ...]:
        if legacy.odd:
            raise Unplain
        try:
            found = msgspec.structs.astuple(self._decode(legacy.document))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unplain from error
        if self._key_at is not None and found[self._key_at] != legacy.key:
            raise Unplain
        extra: Extra = {}
        values = [cell(value, extra) if cell else value for cell, value in zip(self._cells, found, strict=True)]
        derived = self._derive(legacy.key) if self._derive else {}
        engine = (legacy.version, extra, bool(legacy.duplicate), None)
        arranged: tuple[Any, ...] = self._arranged(
            (legacy.key, *engine, *values, *(derived[name] for name in self._mapping.derived))
        )
        return arranged

    def _careful(self, legacy: Legacy) -> tuple[Any, ...]:
        held = self._mapping.held(legacy, self.zone)
        engine = {"version": legacy.version, "extra": held.extra, "duplicate": bool(legacy.duplicate), "run": None}
        values = held.values | engine
        return tuple(values[name] for name in self._fields)


def _strict(document: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """The document with no other keys."""
    return msgspec.defstruct(document.__name__, [], bases=(document,), forbid_unknown_fields=True)


def _cell(info: msgspec.structs.FieldInfo, conversion: Conversion, zone: ZoneInfo) -> Cell | None:
    made = _value(info.name, conversion, zone)
    return _if_set(made) if info.default is UNSET else made


def _value(name: str, conversion: Conversion, zone: ZoneInfo) -> Cell | None:
    if isinstance(conversion, Integer):
        return _integer(conversion)
    if isinstance(conversion, Moment):
        return _moment(name, conversion.style, zone)
    return _text if isinstance(conversion, Text) else None


def _if_set(made: Cell | None) -> Cell:
    """An absent key is None; null itself is kept in `extra`, which the careful way does."""

    def cell(value: Any, extra: Extra) -> Any:
        if value is UNSET:
            return None
        if value is None:
            raise Unplain
        return made(value, extra) if made else value

    return cell


def _text(value: str | None, extra: Extra) -> str | None:
    if value is not None and "\0" in value:
        raise Unplain
    return value


def _integer(conversion: Integer) -> Cell:
    low, high = conversion.low, conversion.high

    def cell(value: int | None, extra: Extra) -> int | None:
        if value is not None and not low <= value <= high:
            raise Unplain
        return value

    return cell


def _moment(name: str, style: Style, zone: ZoneInfo) -> Cell:
    stamp = stamps.naive(zone) if style is Style.NAIVE else stamps.stamp(style, zone)
    canonical = CANONICAL.get(style)

    def cell(text: str | None, extra: Extra) -> datetime | None:
        if text is None:
            return None
        moment = datetime.fromisoformat(stamp(text)).astimezone(UTC)
        if canonical and not canonical(text):
            extra[name] = text
        return moment

    return cell
