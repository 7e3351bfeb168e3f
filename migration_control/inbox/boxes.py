"""Where entries wait: in the index, beside changes of the files, or in the database, beside its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

from django.conf import settings
from django.db.models import F, QuerySet

from legacy_json import inbox
from legacy_json.inbox import Entry, Waiting
from legacy_json.index import Index
from migration_control import components, pairing, store
from migration_control.models import InboxEntry


class Box(Protocol):
    """Raises, besides others, django.db.Error and LegacyError when its store is away."""

    def due(self, now: float, limit: int) -> list[Waiting]:
        """What may be applied. now: seconds since the epoch."""

    def done(self, entry: Entry) -> bool:
        """Remove it. Whether it was there."""

    def failed(self, entry: Entry, trouble: str, until: float) -> None: ...

    def count(self) -> int: ...


class IndexBox:
    def __init__(self, index: Index) -> None:
        self._index = index

    def due(self, now: float, limit: int) -> list[Waiting]:
        return inbox.due(self._index, now, limit)

    def done(self, entry: Entry) -> bool:
        return inbox.done(self._index, entry)

    def failed(self, entry: Entry, trouble: str, until: float) -> None:
        inbox.failed(self._index, entry, trouble, until)

    def count(self) -> int:
        return inbox.count(self._index)


class DatabaseBox:
    def due(self, now: float, limit: int) -> list[Waiting]:
        rows = InboxEntry.objects.filter(due__lte=datetime.fromtimestamp(now, UTC)).order_by("posted_at", "pk")
        rows = rows.exclude(component__in=_strange())
        return [Waiting(_entry(row), row.attempts, row.trouble) for row in rows[:limit]]

    def done(self, entry: Entry) -> bool:
        return bool(_rows(entry).delete()[0])

    def failed(self, entry: Entry, trouble: str, until: float) -> None:
        _rows(entry).update(attempts=F("attempts") + 1, trouble=trouble, due=datetime.fromtimestamp(until, UTC))

    def count(self) -> int:
        return InboxEntry.objects.count()


def boxes() -> list[Box]:
    """Those of this host."""
    found: list[Box] = [IndexBox(store.index())] if _has_index() else []
    return [*found, DatabaseBox()] if settings.DATABASE_USED else found


def _strange() -> list[str]:
    """Components of which this database is not the index's other half: what was posted there may never have happened,
    or have been applied long ago. Its entries wait until the two are a pair.
    """
    found = []
    if _has_index():
        for component in components.everything():
            try:
                pairing.check(component.name, store.index())
            except pairing.StoresDisagree:
                found.append(component.name)
    return found


def _has_index() -> bool:
    return store.has_files() and settings.LEGACY_INDEX.exists()


def _rows(entry: Entry) -> QuerySet[InboxEntry]:
    return InboxEntry.objects.filter(component=entry.component, key=entry.key, once=entry.once)


def _entry(row: InboxEntry) -> Entry:
    return Entry(row.component, row.key, row.once, row.effect, row.payload)
