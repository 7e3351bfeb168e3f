from __future__ import annotations

from django.db import models

from migration_control.fields import VerbatimJSONField
from migration_control.records import Record


class Status(models.TextChoices):
    SCHEDULED = "scheduled"
    CONFIGURING = "configuring"
    READY = "ready"
    ONGOING = "ongoing"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class Match(Record):
    """A match on FACEIT: what the API said of it, and what we made of that. See MatchDocument.

    A status that nobody knows arrives as it is; validation reports it.
    """

    component = "matches"

    match_id = models.CharField("FACEIT match id", primary_key=True, db_collation="C")
    status = models.CharField(choices=Status, null=True, blank=True)
    game = models.CharField(null=True, blank=True)
    region = models.CharField(null=True, blank=True)
    competition_name = models.CharField(null=True, blank=True)
    best_of = models.BigIntegerField(null=True, blank=True)
    map = models.CharField(null=True, blank=True)
    scheduled_at = models.DateTimeField(null=True, blank=True)
    configured_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    faction1_name = models.CharField(null=True, blank=True)
    faction1_score = models.BigIntegerField(null=True, blank=True)
    faction2_name = models.CharField(null=True, blank=True)
    faction2_score = models.BigIntegerField(null=True, blank=True)
    winner = models.CharField(null=True, blank=True)
    details = VerbatimJSONField(null=True, blank=True)
    history = VerbatimJSONField(null=True, blank=True)
    statistics = VerbatimJSONField(null=True, blank=True)
    analyses = VerbatimJSONField(default=list, blank=True)

    class Meta(Record.Meta):
        verbose_name_plural = "matches"
        indexes = [
            *Record.Meta.indexes,
            models.Index(fields=["status", "finished_at"], name="match_by_status"),
            models.Index(fields=["finished_at"], name="match_by_end"),
        ]

    def __str__(self) -> str:
        return self.match_id


class Player(Record):
    """Somebody who played: where to find their matches. See PlayerDocument."""

    component = "players"

    player_id = models.CharField("FACEIT player id", primary_key=True, db_collation="C")
    matches = VerbatimJSONField(default=dict, blank=True)

    class Meta(Record.Meta):
        pass

    def __str__(self) -> str:
        return self.player_id
