"""Effects that took place once, as the database knows them: see legacy_json.effects for the index's."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class AppliedEffect(models.Model):
    """An idempotency key that was applied to a record, kept beyond the record's deletion. Trimmed by age."""

    pk = models.CompositePrimaryKey("component", "effect", "key")
    component = models.CharField()
    effect = models.CharField()
    key = models.CharField(db_collation="C")  # of lists a range is looked up
    at = models.DateTimeField()
    acked = models.BooleanField(default=False, help_text="whether JSON is known to have it")

    class Meta:
        indexes = [
            models.Index(fields=["component", "key"], condition=Q(acked=False), name="effect_pending"),
        ]

    def __str__(self) -> str:
        return f"{self.component} {self.key}: {self.effect}"
