"""One decoded value to COPY text, for values that need no repair: a function for each field, made once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import NoneType
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET

from migration_control import stamps
from migration_control.conversions import NULL, Boolean, Conversion, Integer, Json, Moment, Text, escaped
from migration_control.moments import Style
from migration_control.stamps import Unplain

Cell = Callable[[Any], str]
Column = Callable[[Sequence[Any], Sequence[bool]], Sequence[str]]


def column(info: msgspec.structs.FieldInfo, conversion: Conversion, zone: ZoneInfo) -> Column:
    """Of many records at once, each with whether its JSON has escapes."""
    plain, escaping = (cell(info, conversion, zone, escapes=escapes) for escapes in (False, True))
    absent = UNSET if info.default is UNSET else None
    texts = isinstance(conversion, Text) and absent is None

    def made(values: Sequence[Any], escapes: Sequence[bool]) -> Sequence[str]:
        if values[0] is absent and values.count(absent) == len(values):
            return [NULL] * len(values)
        if True not in escapes:
            return values if texts and None not in values else list(map(plain, values))
        return [escaping(v) if escaped else plain(v) for v, escaped in zip(values, escapes, strict=True)]

    return made


def cell(info: msgspec.structs.FieldInfo, conversion: Conversion, zone: ZoneInfo, *, escapes: bool) -> Cell:
    made = _value(conversion, zone, escapes=escapes)
    return _if_set(made) if info.default is UNSET else made


def _value(conversion: Conversion, zone: ZoneInfo, *, escapes: bool) -> Cell:
    if isinstance(conversion, Integer):
        return _integer(conversion)
    if isinstance(conversion, Moment):
        return stamps.naive(zone) if conversion.style is Style.NAIVE else stamps.stamp(conversion.style, zone)
    if isinstance(conversion, Boolean):
        return conversion.copy
    if isinstance(conversion, Json):
        return _json(conversion, escapes=escapes)
    assert isinstance(conversion, Text)
    return _escaped_text if escapes else _text


def _if_set(cell: Cell) -> Cell:
    """An absent key is NULL; null itself is kept in `extra`, which the careful way does."""

    def optional(value: Any) -> str:
        if value is UNSET:
            return NULL
        text = cell(value)
        if text == NULL:
            raise Unplain
        return text

    return optional


def _text(value: str | None) -> str:
    return NULL if value is None else value


def _escaped_text(value: str | None) -> str:
    if value is None:
        return NULL
    if "\0" in value:
        raise Unplain
    return escaped(value)


def _json(conversion: Json, *, escapes: bool) -> Cell:
    """The document's own bytes. By the first of them a value shows its kind."""
    firsts = {dict: "{", list: "[", NoneType: "n"}
    anything = object in conversion.kinds
    allowed = {firsts[kind] for kind in conversion.kinds if kind in firsts}

    def cell(raw: msgspec.Raw) -> str:
        text = str(raw, "utf-8")
        if not anything and text[0] not in allowed:
            raise Unplain
        if text == "null":
            return NULL
        return escaped(text) if escapes else text

    return cell


def _integer(conversion: Integer) -> Cell:
    low, high = conversion.low, conversion.high

    def cell(value: int | None) -> str:
        if value is None:
            return NULL
        if not low <= value <= high:
            raise Unplain
        return str(value)

    return cell
