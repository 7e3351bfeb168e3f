from __future__ import annotations

from django.db import models
from django.db.models import Q

from migration_control.records import Record


class User(Record):
    """A person who talks to the FACEIT bot. Most have no linked FACEIT account; they count too.

    Texts have no length limit, and validation reports odd lengths; but an index takes about 2,700 bytes of a text
    after compression: a record whose faceit_player_id or faceit_nickname is longer is quarantined.
    """

    component = "users"

    user_id = models.BigIntegerField("Telegram id", primary_key=True)
    faceit_player_id = models.CharField(null=True, blank=True)
    faceit_nickname = models.CharField(null=True, blank=True, db_index=True)
    last_checked_match_id = models.CharField(null=True, blank=True)
    waiting_for_nickname = models.BooleanField(default=False)
    language = models.CharField(default="ru")
    notifications_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(null=True, blank=True)
    last_active_at = models.DateTimeField(null=True, blank=True, db_index=True)
    total_requests = models.BigIntegerField(default=0)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["faceit_player_id"],
                condition=Q(duplicate=False, faceit_player_id__gt=""),
                name="one_user_per_faceit_account",
            )
        ]

    def __str__(self) -> str:
        return self.faceit_nickname or str(self.user_id)
