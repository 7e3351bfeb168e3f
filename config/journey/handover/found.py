"""Whether each acknowledged write is in both stores, once, and what was refused in neither."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from config.journey.handover.promised import Promised
from config.journey.handover.subjects import Subject
from legacy_json.keys import Key
from legacy_json.positions import span_of
from migration_control import store
from migration_control.records import Record

CHUNK = 2_000


@dataclass
class Found:
    """Of one component: how many of its acknowledged writes are there, in JSON and in the database."""

    acknowledged: int
    in_json: int = 0
    in_database: int = 0
    unknown: int = 0
    unknown_found: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def found(self) -> int:
        """In both."""
        return min(self.in_json, self.in_database)

    @property
    def ok(self) -> bool:
        return self.in_json == self.in_database == self.acknowledged and not self.wrong


def look(subject: Subject, promised: Promised) -> Found:
    """Raises LegacyError, django.db.Error."""
    in_json, in_database = _in_json(subject, promised.keys), _in_database(subject, promised.keys)
    found = Found(promised.count, unknown=len(promised.unknown))
    found.in_json = count(subject, promised, in_json, "JSON", found.wrong)
    found.in_database = count(subject, promised, in_database, "the database", found.wrong)
    there = _tokens(subject, in_database)
    found.unknown_found = sum(token in there for token in promised.unknown)
    for key in in_json.keys() | in_database.keys():
        if _values(in_json.get(key)) != _values(in_database.get(key)):
            found.wrong.append(f"{subject.component} {key!r} is not the same in both stores.")
    return found


def _in_json(subject: Subject, keys: list[Key]) -> dict[Key, Any]:
    there = store.json_store(subject.known)
    found: dict[Key, Any] = {}
    for at in range(0, len(keys), CHUNK):
        found |= there.get_many(keys[at : at + CHUNK])
    if subject.stem is not None:
        low, high = span_of(subject.stem)
        found |= {record.key: record for record in there.iterate(low=low, high=high)}
    return found


def _in_database(subject: Subject, keys: list[Key]) -> dict[Key, Any]:
    there = subject.known.model._base_manager
    found: dict[Key, Any] = {record.key: record for record in there.filter(pk__in=keys)}
    if subject.stem is not None:
        low, high = span_of(subject.stem)
        found |= {record.key: record for record in there.filter(pk__gte=low, pk__lt=high)}
    return found


def count(subject: Subject, promised: Promised, records: Mapping[Key, Any], where: str, wrong: list[str]) -> int:
    """How many of the acknowledged writes are there; adds to `wrong` what must not be."""
    tokens = {key: subject.tokens(record) for key, record in records.items()}
    everywhere = _tokens(subject, records)
    gone = promised.deleted.keys() | promised.perhaps
    number = 0
    for token, keys in promised.acknowledged.items():
        absent = [key for key in keys if token not in tokens.get(key, ()) and (key in tokens or key not in gone)]
        if absent or (not keys and token not in everywhere):
            wrong.append(f"{token}, a write of {subject.component} {absent or 'kept'}, is not in {where}.")
        else:
            number += 1
    number += sum(key not in tokens for key in promised.deleted)
    wrong += [
        f"{subject.component} {key!r} was deleted, and is in {where}." for key in promised.deleted.keys() & tokens
    ]
    wrong += [f"{token} was refused, and is in {where}." for token in promised.refused & everywhere.keys()]
    twice = {token for each in tokens.values() for token, times in each.items() if times > 1}
    wrong += [f"{token} is twice in a record of {where}." for token in sorted(twice)]
    return number


def _tokens(subject: Subject, records: Mapping[Key, Any]) -> Counter[str]:
    return Counter(token for record in records.values() for token in subject.tokens(record))


def _values(record: Record | None) -> dict[str, Any]:
    """All that both stores keep: the run is the database's own."""
    if record is None:
        return {}
    return {f.attname: getattr(record, f.attname) for f in record._meta.concrete_fields if f.attname != "run"}
