from __future__ import annotations

from django.db import models

from migration_control.fields import VerbatimJSONField
from migration_control.records import Record


class Event(Record):
    """Something that a bot counted or noted. See EventDocument; what an entry does not have is NULL.

    file: the month of an event as YYYYMM, or which file it lies in: metrics, data.
    """

    component = "analytics"

    id = models.CharField("key", primary_key=True, db_collation="C")
    file = models.CharField("month or file", editable=False)
    timestamp = models.DateTimeField(null=True, blank=True)
    bot_id = models.CharField("bot", null=True, blank=True)
    event_type = models.CharField(null=True, blank=True)
    event_data = VerbatimJSONField(null=True, blank=True)
    metrics = VerbatimJSONField(null=True, blank=True)

    class Meta(Record.Meta):
        indexes = [
            *Record.Meta.indexes,
            models.Index(fields=["bot_id", "event_type", "timestamp"], name="event_by_bot_and_type"),
            models.Index(fields=["timestamp"], name="event_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.id}: {self.event_type}" if self.event_type else self.id
