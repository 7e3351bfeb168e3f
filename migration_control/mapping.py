"""Legacy document <-> columns, derived once from the model and the document's type.

A round trip loses nothing: what a column cannot hold as it stood in the file stays in `extra`
under its own name, beside the keys that the model does not know, and comes back out as long as
the column still says the same. A key that the file does not have comes back with the bot's default;
one whose default is UNSET stays away, and then its column is NULL.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
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
from migration_control.plain import Plain
from migration_control.records import ENGINE, Record
from migration_control.stamps import Unplain

Note = tuple[str, str]  # code, detail
Derived = Callable[[Key], dict[str, Any]]  # columns that follow from the key; raises CannotHold
_decode = msgspec.json.Decoder().decode


class Held(NamedTuple):
    """What one document becomes: values by field name, the rest, and what was repaired."""

    values: dict[str, Any]
    extra: dict[str, object]
    notes: list[Note]


class Mapping:
    """Both directions for one component.

    columns: the key's, the document's in its order, those derived from the key, the engine's; a line has them in this
    order. defaults: of the keys that come back when the file does not have them.
    """

    def __init__(self, model: type[Record], document: type[msgspec.Struct], derived: Derived | None = None) -> None:
        self.model, self.document = model, document
        pk = model._meta.pk
        assert pk is not None  # every concrete model has one
        self.pk = pk.name
        infos = msgspec.structs.fields(document)
        self.defaults = {info.name: default(info) for info in infos if info.default is not msgspec.UNSET}
        self.conversions: dict[str, Conversion] = {
            info.name: conversion(_field(model, info.name), self.defaults.get(info.name), info.type) for info in infos
        }
        self._derive: Derived = derived or _nothing
        self.derived = self._derived_columns() if derived else {}
        self._derived_copies = [(name, converts.copy) for name, converts in self.derived.items()]
        self._names = [self.pk, *(name for name in self.conversions if name != self.pk)]
        self.columns = [str(_field(model, name).column) for name in (*self._names, *self.derived, *ENGINE)]
        self._plain = lru_cache(1)(lambda zone: Plain(document, self.pk, self.conversions, zone))

    def _derived_columns(self) -> dict[str, Conversion]:
        """What no document fills and the engine does not."""
        names = [field.name for field in self.model._meta.concrete_fields]
        filled = {self.pk, *self.conversions, *ENGINE}
        return {name: conversion(_field(self.model, name), None) for name in names if name not in filled}

    def line(self, legacy: Legacy, zone: ZoneInfo, run: int | None) -> tuple[str, list[Note]]:
        """The document as one line of COPY's text format, and what was repaired. Raises CannotHold."""
        made = self.lines([legacy], zone, run)
        return (made[0], []) if made else self._careful_line(legacy, zone, run)

    def lines(self, records: Sequence[Legacy], zone: ZoneInfo, run: int | None) -> list[str] | None:
        """The same of several; None if any of them needs a closer look."""
        keys, versions, _, duplicates, odds, _, _, documents = zip(*records, strict=True)
        if any(duplicates) or any(odds):
            return None
        try:
            columns, extras = self._plain(zone).columns(keys, documents)
            derived = list(map(self._derive, keys)) if self.derived else []
        except (Unplain, CannotHold):
            return None
        columns += [[copied(values[name]) for values in derived] for name, copied in self._derived_copies]
        return [
            "\t".join(cells) + (_tail(version, run, extra, "f") if extra else _plain_tail(version, run))
            for cells, version, extra in zip(zip(*columns, strict=True), versions, extras, strict=True)
        ]

    def _careful_line(self, legacy: Legacy, zone: ZoneInfo, run: int | None) -> tuple[str, list[Note]]:
        held = self.held(legacy, zone)
        cells = [escaped(str(legacy.key))]
        cells += [self.conversions[name].copy(held.values[name]) for name in self._names[1:]]
        cells += self._derived_cells(held.values)
        extra = escaped(_extra_text(held.extra))
        return "\t".join(cells) + _tail(legacy.version, run, extra, "t" if legacy.duplicate else "f"), held.notes

    def _derived_cells(self, values: Fields[str, Any]) -> list[str]:
        return [copied(values[name]) for name, copied in self._derived_copies]

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
        for name in self._names:
            if name not in held.values:
                held.values[name] = copy.copy(self.defaults.get(name))
        held.values.update(self._derive(key))
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
        if not _same(converts.legacy(value, zone), found) or (found is None and name not in self.defaults):
            held.extra[name] = found

    def write(self, record: Record, zone: ZoneInfo) -> dict[str, object]:
        """Columns -> document: the legacy bot's keys in its order, then those that the model does not know."""
        extra: dict[str, Any] = dict(record.extra)
        document: dict[str, object] = {}
        for name, converts in self.conversions.items():
            held = getattr(record, name)
            if held is not None or name in self.defaults:
                document[name] = converts.legacy(held, zone)
            if name in extra:
                original = extra.pop(name)
                # The key's own column says what the key is, not what stood there.
                if name == self.pk or converts.hold(original, zone)[0] == held:
                    document[name] = original
        return document | extra


def _nothing(key: Key) -> dict[str, Any]:
    return {}


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


def default(info: msgspec.structs.FieldInfo) -> Any:
    """What the bot takes for a key that the document does not have; None where it needs the key."""
    if info.required:
        return None
    return info.default if info.default is not msgspec.NODEFAULT else info.default_factory()


def _field(model: type[Record], name: str) -> models.Field[Any, Any]:
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)
    return field


def _same(written: object, found: object) -> bool:
    """Equal as JSON: 1 is not true, and not 1.0."""
    return type(written) is type(found) and written == found
