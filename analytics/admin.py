from __future__ import annotations

from typing import ClassVar

from django.contrib import admin

from analytics.models import Event
from migration_control.admin.documents import DocumentAdmin
from migration_control.admin.filters import SampledValues


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
