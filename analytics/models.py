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


class RollUp(models.Model):
    """What a bot's events of a day, a week or a month came to, kept beyond the events themselves. No record: it is
    computed from them, and says nothing of who the users were.

    start: the period's first day in BOT_TIME_ZONE. event_type: NULL for all types together.
    """

    bot_id = models.CharField("bot")
    period = models.CharField(choices=[(name, name) for name in ("daily", "weekly", "monthly")])
    start = models.DateField()
    event_type = models.CharField(null=True)
    events = models.BigIntegerField()
    users = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["period", "start", "bot_id", "event_type"], nulls_distinct=False, name="one_roll_up_of_a_type"
            )
        ]

    def __str__(self) -> str:
        return f"{self.bot_id} {self.period} {self.start} {self.event_type or 'all'}"


class RolledMonth(models.Model):
    """Up to which event a month is in the roll-ups, and by the days of which zone."""

    month = models.CharField(primary_key=True)
    last = models.CharField("key")
    time_zone = models.CharField()

    def __str__(self) -> str:
        return self.month
