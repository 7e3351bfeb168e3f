from __future__ import annotations

from django.db import models
from django.db.models import Q

from migration_control.fields import VerbatimJSONField
from migration_control.records import Record


class Profile(Record):
    """What the companion bot knows of whom it talks to in a chat. See ProfileDocument.

    Texts have no length limit, but an index takes about 2,700 bytes of a text after compression: a record whose name is
    longer is quarantined. A negative count arrives as it is; validation reports it.
    """

    component = "profiles"

    chat_id = models.BigIntegerField("chat id", primary_key=True)
    name = models.CharField(blank=True, default="", db_index=True)
    last_activity = models.DateTimeField(null=True, blank=True, db_index=True)
    message_count = models.BigIntegerField(default=0)
    summary = VerbatimJSONField(default=dict, blank=True)
    profile = VerbatimJSONField(default=dict, blank=True)
    previous_response_id = models.CharField(null=True, blank=True)

    class Meta(Record.Meta):
        pass

    def __str__(self) -> str:
        return self.name or str(self.chat_id)


class Direction(models.TextChoices):
    IN = "in"
    OUT = "out"


class Message(Record):
    """One message of a conversation, at its position there. A direction that nobody knows arrives as it is."""

    component = "conversations"

    id = models.CharField("key", primary_key=True, db_collation="C")
    chat_id = models.BigIntegerField("chat id", editable=False)
    position = models.BigIntegerField(editable=False)
    ts = models.DateTimeField("sent", null=True, blank=True)
    direction = models.CharField(choices=Direction, blank=True, default="")
    text = models.TextField(blank=True, default="")

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(fields=["chat_id", "position"], name="one_message_at_a_position"),
            models.CheckConstraint(condition=Q(position__gte=0), name="message_position_not_negative"),
        ]

    def __str__(self) -> str:
        return self.id


class Setting(Record):
    """One setting of a bot, of any JSON type; NULL is JSON's null. Without a scope it is the whole bot's."""

    component = "configuration"

    id = models.CharField("key", primary_key=True, db_collation="C")
    bot_id = models.CharField("bot", editable=False)
    scope = models.CharField(null=True, blank=True, editable=False)
    name = models.CharField(editable=False)
    value = VerbatimJSONField(null=True, blank=True)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["bot_id", "scope", "name"], nulls_distinct=False, name="one_setting_of_a_name"
            )
        ]

    def __str__(self) -> str:
        return self.id
