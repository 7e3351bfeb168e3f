"""One legacy value to one column and back.

Each conversion is lossless together with `extra`: where a column cannot hold the value as it
stands in the file, the caller keeps the original there. So a wrong type is repaired with a note,
and only what no column and no `extra` can hold is refused.
"""

from __future__ import annotations

import copy
import math
import re
from datetime import datetime
from types import NoneType
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django.db import models

from legacy_json.texts import holdable
from migration_control import fields, hints, moments
from migration_control.fields import VerbatimJSONField
from migration_control.moments import Style

Note = str | None  # what had to be repaired, in words
NAMES: dict[Any, str] = {dict: "an object", list: "a list"}
NULL = "\\N"  # in COPY's text format

_integer = re.compile(r"[+-]?\d{1,30}").fullmatch
_decimal = re.compile(r"[+-]?\d{1,30}\.\d*").fullmatch


class CannotHold(ValueError):
    """Neither the column nor `extra` can hold this value: the record is quarantined."""

    def __init__(self, code: str, detail: str) -> None:
        self.code, self.detail = code, detail
        super().__init__(detail)


class Conversion(Protocol):
    """hold: the value for the column and a note if it was repaired; legacy: as the bot writes it; copy: COPY text."""

    def hold(self, value: object, zone: ZoneInfo) -> tuple[Any, Note]: ...
    def legacy(self, held: Any, zone: ZoneInfo) -> object: ...
    def copy(self, held: Any) -> str: ...


class Integer:
    def __init__(self, low: int, high: int, default: int | None) -> None:
        self.low, self.high, self.default = low, high, default

    def hold(self, value: object, zone: ZoneInfo) -> tuple[int | None, Note]:
        if value is None and self.default is None:
            return None, None
        number, note = self._read(value)
        if number is not None and not self.low <= number <= self.high:
            raise CannotHold("number-too-large", f"{number} does not fit {self.high.bit_length() + 1} bits")
        return number, note

    def _read(self, value: object) -> tuple[int | None, Note]:
        if isinstance(value, bool):
            return int(value), f"{value} was read as {int(value)}"
        if isinstance(value, int):
            return value, None
        if isinstance(value, float):
            if not math.isfinite(value):
                raise CannotHold("not-a-number", f"{value} is not a number that a database column holds")
            return int(value), f"{value} was read as {int(value)}"
        if isinstance(value, str) and (_integer(value.strip()) or _decimal(value.strip())):
            number = int(value.strip().partition(".")[0] or "0")
            return number, f"the text {value!r} was read as {number}"
        return self.default, f"{shown(value)} stands where a number belongs; {self.default} was put there"

    def legacy(self, held: int | None, zone: ZoneInfo) -> object:
        return held

    def copy(self, held: int | None) -> str:
        return NULL if held is None else str(held)


class Text:
    def __init__(self, default: str | None) -> None:
        self.default = default

    def hold(self, value: object, zone: ZoneInfo) -> tuple[str | None, Note]:
        if isinstance(value, str):
            held, done = holdable(value)
            return held, "; ".join(done) or None
        if value is None and self.default is None:
            return None, None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value), f"the number {value} was read as a text"
        return self.default, f"{shown(value)} stands where a text belongs; {shown(self.default)} was put there"

    def legacy(self, held: str | None, zone: ZoneInfo) -> object:
        return held

    def copy(self, held: str | None) -> str:
        return NULL if held is None else escaped(held)


class Boolean:
    WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}

    def __init__(self, default: bool | None) -> None:
        self.default = default

    def hold(self, value: object, zone: ZoneInfo) -> tuple[bool | None, Note]:
        if isinstance(value, bool) or (value is None and self.default is None):
            return value, None
        read = self.WORDS.get(str(value).strip().lower()) if isinstance(value, str | int) else None
        if read is not None:
            return read, f"{shown(value)} was read as {str(read).lower()}"
        return self.default, f"{shown(value)} stands where true or false belongs; {self.default} was put there"

    def legacy(self, held: bool | None, zone: ZoneInfo) -> object:
        return held

    def copy(self, held: bool | None) -> str:
        return NULL if held is None else "t" if held else "f"


class Moment:
    def __init__(self, style: Style = Style.NAIVE) -> None:
        self.style = style

    def hold(self, value: object, zone: ZoneInfo) -> tuple[datetime | None, Note]:
        if value is None:
            return None, None
        try:
            moment = moments.parse(value, zone)
        except moments.NotADate:
            return None, f"{shown(value)} is not a date; none was put there"
        usual = moments.usual(value, self.style) or self.legacy(moment, zone) == value
        return moment, None if usual else f"{shown(value)} was read as {moment.isoformat()}"

    def legacy(self, held: datetime | None, zone: ZoneInfo) -> object:
        return None if held is None else moments.legacy(held, zone, self.style)

    def copy(self, held: datetime | None) -> str:
        return NULL if held is None else held.isoformat()


class Json:
    """Any JSON that is of one of these kinds; null is the column's NULL."""

    def __init__(self, kinds: tuple[type, ...], default: Any) -> None:
        self.kinds, self.default = kinds, default

    def hold(self, value: object, zone: ZoneInfo) -> tuple[Any, Note]:
        self._text(value)
        if isinstance(value, self.kinds):
            return value, None
        put = copy.copy(self.default)
        return put, f"{shown(value)} stands where {self._expected} belongs; {put} was put there"

    @property
    def _expected(self) -> str:
        return " or ".join(NAMES.get(kind, kind.__name__) for kind in self.kinds if kind is not NoneType)

    def legacy(self, held: Any, zone: ZoneInfo) -> object:
        return held

    def copy(self, held: Any) -> str:
        return NULL if held is None else escaped(self._text(held))

    def _text(self, value: object) -> str:
        try:
            return fields.dumps(value)
        except ValueError:
            raise CannotHold("not-a-number", "it holds a number that JSON and databases do not know") from None


def conversion(field: models.Field[Any, Any], default: Any, annotation: Any = Any) -> Conversion:
    """The conversion for a model's field; default and annotation are the legacy document's."""
    if isinstance(field, models.BooleanField):
        return Boolean(default)
    if isinstance(field, models.IntegerField):
        low, high = (-(2**63), 2**63 - 1) if isinstance(field, models.BigIntegerField) else (-(2**31), 2**31 - 1)
        return Integer(low, high, default)
    if isinstance(field, models.DateTimeField):
        return Moment(hints.style(annotation))
    if isinstance(field, VerbatimJSONField):
        return Json(hints.kinds(annotation), default)
    if isinstance(field, models.CharField | models.TextField):
        return Text(default)
    raise TypeError(f"{field} has no conversion from a legacy document")


def escaped(text: str) -> str:
    """A text in COPY's text format."""
    # Several times as fast as str.translate, where the text is not ASCII.
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def shown(value: object) -> str:
    """A value in a message, cut to a bearable length."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
