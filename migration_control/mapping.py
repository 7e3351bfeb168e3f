"""Legacy document <-> columns, derived once from the model and the document's type.

A round trip loses nothing: what a column cannot hold as it stood in the file stays in `extra`
under its own name, beside the keys that the model does not know, and comes back out as long as
the column still says the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping as Fields
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from django.db import models

from legacy_json.index import Record as Legacy
from legacy_json.keys import Key
from migration_control import fields
from migration_control.conversions import NULL, CannotHold, Conversion, conversion, escaped
from migration_control.plain import Plain, Unplain
from migration_control.records import ENGINE, Record

Note = tuple[str, str]  # code, detail
_decode = msgspec.json.Decoder().decode


class Held(NamedTuple):
    """What one document becomes: values by field name, the rest, and what was repaired."""

    values: dict[str, Any]
    extra: dict[str, object]
    notes: list[Note]


class Mapping:
    """Both directions for one component.

    columns: the key's, then the document's in its order, then the engine's; a line has them in this order.
    """

    def __init__(self, model: type[Record], document: type[msgspec.Struct]) -> None:
        self.model, self.document = model, document
        pk = model._meta.pk
        assert pk is not None  # every concrete model has one
        self.pk = pk.name
        infos = msgspec.structs.fields(document)
        self.defaults = {info.name: None if info.required else info.default for info in infos}
        self.conversions: dict[str, Conversion] = {
            name: conversion(_field(model, name), default) for name, default in self.defaults.items()
        }
        self._names = [self.pk, *(name for name in self.conversions if name != self.pk)]
        self.columns = [str(_field(model, name).column) for name in (*self._names, *ENGINE)]
        self._plain = lru_cache(1)(lambda zone: Plain(document, self.pk, self.conversions, zone))

    def line(self, legacy: Legacy, zone: ZoneInfo, run: int | None) -> tuple[str, list[Note]]:
        """The document as one line of COPY's text format, and what was repaired. Raises CannotHold."""
        try:
            return self._plain(zone).line(legacy) + _plain_tail(legacy.version, run), []
        except Unplain:
            return self._careful_line(legacy, zone, run)

    def _careful_line(self, legacy: Legacy, zone: ZoneInfo, run: int | None) -> tuple[str, list[Note]]:
        held = self.held(legacy, zone)
        cells = [escaped(str(legacy.key))]
        cells += [self.conversions[name].copy(held.values[name]) for name in self._names[1:]]
        extra = escaped(_extra_text(held.extra))
        return "\t".join(cells) + _tail(legacy.version, run, extra, "t" if legacy.duplicate else "f"), held.notes

    def held(self, legacy: Legacy, zone: ZoneInfo) -> Held:
        """The record that the database is to hold. Raises CannotHold."""
        return self.read(decoded(legacy), legacy.key, zone)

    def read(self, document: Fields[str, object], key: Key, zone: ZoneInfo) -> Held:
        """Document -> columns. Raises CannotHold."""
        held = Held({self.pk: key}, {}, [])
        for name, found in document.items():
            if name == self.pk and name in self.conversions:
                if not _same(found, key):
                    held.extra[name] = found
            elif name in self.conversions:
                self._read_field(held, name, found, zone)
            else:
                held.extra[name] = found
        for name, default in self.defaults.items():
            held.values.setdefault(name, default)
        _extra_text(held.extra)
        return held

    def _read_field(self, held: Held, name: str, found: object, zone: ZoneInfo) -> None:
        converts = self.conversions[name]
        try:
            value, note = converts.hold(found, zone)
        except CannotHold as error:
            raise CannotHold(error.code, f"{name}: {error.detail}") from None
        held.values[name] = value
        if note:
            held.notes.append(("repaired-value", f"{name}: {note}"))
        if not _same(converts.legacy(value, zone), found):
            held.extra[name] = found

    def write(self, record: Record, zone: ZoneInfo) -> dict[str, object]:
        """Columns -> document: the legacy bot's keys in its order, then those that the model does not know."""
        extra: dict[str, Any] = dict(record.extra)
        document: dict[str, object] = {}
        for name, converts in self.conversions.items():
            held = getattr(record, name)
            document[name] = converts.legacy(held, zone)
            if name in extra:
                original = extra.pop(name)
                if converts.hold(original, zone)[0] == held:
                    document[name] = original
        return document | extra


def _tail(version: int, run: int | None, extra: str, duplicate: str) -> str:
    """The engine's columns, to the end of the line."""
    return f"\t{version}\t{extra}\t{duplicate}\t{NULL if run is None else run}\n"


@lru_cache(100)
def _plain_tail(version: int, run: int | None) -> str:
    return _tail(version, run, "{}", "f")


def decoded(legacy: Legacy) -> dict[str, object]:
    """The document's object, read as the bot reads it: of names that stand there twice, the last. Raises CannotHold."""
    value = json.loads(legacy.document) if legacy.odd else _decode(legacy.document)
    if not isinstance(value, dict):
        raise CannotHold("not-an-object", "it is not an object")
    return value


def _extra_text(extra: dict[str, object]) -> str:
    try:
        return fields.dumps(extra)
    except ValueError:
        for name, value in extra.items():
            try:
                fields.dumps(value)
            except ValueError:
                raise CannotHold(
                    "not-a-number", f"{name}: it holds a number that JSON and databases do not know"
                ) from None
        raise


def _field(model: type[Record], name: str) -> models.Field[Any, Any]:
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)
    return field


def _same(written: object, found: object) -> bool:
    """Equal as JSON: 1 is not true, and not 1.0."""
    return type(written) is type(found) and written == found
