"""A person in the database: rows, and what is noted about records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.models import JSONField, Model, Q, QuerySet, TextField
from django.db.models.functions import Cast

from legacy_json.inbox import Entry
from legacy_json.keys import Key
from migration_control import components
from migration_control.components import Component
from migration_control.fields import dumps
from migration_control.models import AppliedEffect, Finding, InboxEntry, MoveRequest, Parked, Run
from migration_control.persons import cutting, notes, registry
from migration_control.persons.cutting import REFERENCES
from migration_control.persons.traces import Part, Trace, judged
from migration_control.records import Record

TEXTS: tuple[tuple[type[Model], tuple[str, ...]], ...] = ((Run, ("message",)), (MoveRequest, ("message",)))


def records(component: Component, person: int) -> Iterator[Trace]:
    """Rows that are the person's, or name them."""
    zone = ZoneInfo(settings.LEGACY_TIME_ZONE)
    for record in _candidates(component, person).order_by("pk").iterator(2000):
        document = component.mapping.write(record, zone)
        found = judged(component.name, person, record.key, dumps(document))
        if found:
            yield Trace("database", component.name, record.key, *found)


def _candidates(component: Component, person: int) -> QuerySet[Record]:
    wanted, rows = Q(pk__in=[]), component.model._base_manager.all()
    for low, high in registry.personal(component.name).spans(person):
        wanted |= Q(pk__gte=low, pk__lte=high)
    for field in component.model._meta.concrete_fields:
        if isinstance(field, JSONField):
            rows = rows.alias(**{f"text_of_{field.name}": Cast(field.name, TextField())})
            wanted |= Q(**{f"text_of_{field.name}__contains": str(person)})
            wanted |= Q(**{f"text_of_{field.name}__regex": cutting.POWER})
        elif field.name in REFERENCES:
            wanted |= Q(**{field.name: person})
    return rows.filter(wanted)


def scrub(record: Record, person: int) -> None:
    """Take out of somebody else's record what names the person."""
    personal = registry.personal(record.component)
    cut = cutting.unnamed if personal.common else cutting.without
    for field in record._meta.concrete_fields:
        value = getattr(record, field.attname)
        if isinstance(field, JSONField):
            if value is not None:
                setattr(record, field.attname, cut(value, person, personal.within))
        elif field.name in REFERENCES and value == person:
            setattr(record, field.attname, None)


# Notes


def noted(person: int) -> Iterator[Trace]:
    """Everything else in the database that says something of the person."""
    for row in Finding.objects.iterator():
        if found := _finding(person, row):
            yield Trace("finding", row.component_id, row.key, *found, row.pk)
    for entry in InboxEntry.objects.iterator():
        if found := notes.entry(person, _entry(entry)):
            yield Trace("inbox", entry.component, entry.key, *found, entry.pk)
    for parked in Parked.objects.iterator():
        if (mine := _owns(parked.component, parked.key, person)) or cutting.mentioned(parked.reason, person):
            part = Part.WHOLE if mine else Part.MENTION
            yield Trace("parked", parked.component, parked.key, part, parked.reason)
    for effect in _effects(person):
        yield Trace("effect", effect.component, effect.key, Part.WHOLE, effect.effect)
    for model, names in TEXTS:
        for noting in model._default_manager.filter(_mentioning(names, person)):
            said = {name: text for name in names if cutting.mentioned(text := getattr(noting, name), person)}
            if said:
                yield Trace("note", model._meta.db_table, None, Part.MENTION, said, noting.pk)
    for logged in _logged(person):
        yield Trace("admin log", logged.content_type.model, logged.object_id, Part.MENTION, logged.object_repr)
    for beside in registry.beside():
        for each in beside.rows(person):
            yield Trace("table", beside.name, None, Part.WHOLE, each)


def erase_notes(person: int) -> None:
    """What noted() finds; in one transaction."""
    with transaction.atomic():
        for trace in list(noted(person)):
            if trace.place == "finding" and trace.number is not None:
                _erase_finding(person, Finding.objects.get(pk=trace.number), trace)
            elif trace.place == "inbox" and trace.number is not None:
                _erase_entry(person, InboxEntry.objects.get(pk=trace.number), trace)
            elif trace.place == "parked":
                rows = Parked.objects.filter(component=trace.name, key=trace.key)
                _ = rows.delete() if trace.part is Part.WHOLE else rows.update(reason=notes.TAKEN_OUT)
        for effect in _effects(person):
            AppliedEffect.objects.filter(pk=effect.pk).delete()
        for model, names in TEXTS:
            for row in model._default_manager.filter(_mentioning(names, person)):
                texts = {name: notes.blanked(person, getattr(row, name)) for name in names}
                model._default_manager.filter(pk=row.pk).update(**texts)
        for row in _logged(person):
            type(row).objects.filter(pk=row.pk).update(object_repr=notes.TAKEN_OUT, change_message="")
        for beside in registry.beside():
            beside.clear(person)


def reclaim() -> None:
    """Dead rows give up their place. Outside any transaction."""
    with connection.cursor() as cursor:
        for table in _tables():
            cursor.execute(f"VACUUM {connection.ops.quote_name(table)}")


def _tables() -> list[str]:
    models: list[type[Model]] = [component.model for component in components.everything()]
    models += [Finding, InboxEntry, Parked, AppliedEffect, Run, MoveRequest]
    return [model._meta.db_table for model in models]


def _finding(person: int, row: Finding) -> notes.Found | None:
    raw: Any = row.raw
    data, key = None if raw is None else bytes(raw), notes.parsed(row.component_id, row.key)
    return notes.finding(person, row.component_id, key, row.source, row.detail, data)


def _erase_finding(person: int, row: Finding, trace: Trace) -> None:
    if trace.part is Part.WHOLE:
        row.delete()
        return
    raw: Any = row.raw
    row.raw = notes.rest(person, row.component_id, None if raw is None else bytes(raw))
    row.detail = notes.blanked(person, row.detail)
    row.save(update_fields=["raw", "detail"])


def _erase_entry(person: int, row: InboxEntry, trace: Trace) -> None:
    if trace.part is Part.WHOLE:
        row.delete()
    else:
        InboxEntry.objects.filter(pk=row.pk).update(payload=notes.entry_rest(person, _entry(row)))


def _entry(row: InboxEntry) -> Entry:
    return Entry(row.component, row.key, row.once, row.effect, row.payload)


def _owns(component: str, key: str, person: int) -> bool:
    parsed: Key | None = notes.parsed(component, key)
    return parsed is not None and registry.personal(component).owns(person, parsed)


def _effects(person: int) -> Iterator[AppliedEffect]:
    for component in components.declared():
        for low, high in registry.personal(component.name).spans(person):
            # The keys of one that is a number are no range of texts: there it is one key.
            keys = Q(key=str(low)) if component.key is int else Q(key__gte=low, key__lte=high)
            yield from AppliedEffect.objects.filter(keys, component=component.name)


def _mentioning(names: tuple[str, ...], person: int) -> Q:
    wanted = Q(pk__in=[])
    for name in names:
        wanted |= Q(**{f"{name}__contains": str(person)})
    return wanted


def _logged(person: int) -> Iterator[Any]:
    """Entries of the admin's own log about their records, or which name them."""
    log: Any = apps.get_model("admin", "LogEntry")
    named = {component.model._meta.model_name: component for component in components.declared()}
    rows = log.objects.exclude(object_repr=notes.TAKEN_OUT).select_related("content_type")
    for row in rows.filter(content_type__model__in=[*named, "finding", "parked", "run"]).iterator():
        component = named.get(row.content_type.model)
        mine = component is not None and _owns(component.name, row.object_id or "", person)
        if mine or cutting.mentioned(row.object_repr, person) or cutting.mentioned(row.change_message, person):
            yield row
