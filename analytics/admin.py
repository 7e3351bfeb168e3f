from __future__ import annotations

from typing import ClassVar

from django.contrib import admin

from analytics.models import Event, RollUp
from migration_control.admin.documents import DocumentAdmin
from migration_control.admin.filters import SampledValues
from migration_control.admin.reading import ReadOnlyAdmin


class Bot(SampledValues):
    title = "bot"
    parameter_name = field = "bot_id"


class EventType(SampledValues):
    title = "event type"
    parameter_name = field = "event_type"


@admin.register(Event)
class EventAdmin(DocumentAdmin[Event]):
    list_display = ("id", "timestamp", "bot_id", "event_type", "file")
    list_filter = ("timestamp", Bot, EventType)
    sortable_by = ("id", "timestamp")
    ordering = ("-timestamp",)
    searched: ClassVar[dict[str, str]] = {"id": "exact", "bot_id": "exact"}
    search_help_text = "A key, whole, as 202501:0000000003; or a bot's id, whole"
    given = ("file",)
    facts = True


@admin.register(RollUp)
class RollUpAdmin(ReadOnlyAdmin[RollUp]):
    """Computed from events, so nobody alters or deletes one."""

    list_display = ("start", "period", "bot_id", "kind", "events", "users")
    list_filter = ("period", "start", Bot)
    sortable_by = ("start",)
    ordering = ("-start", "period", "bot_id", "event_type")
    search_fields = ("=event_type",)
    search_help_text = "An event type, whole"

    @admin.display(description="Event type")
    def kind(self, row: RollUp) -> str:
        return row.event_type or "all"
