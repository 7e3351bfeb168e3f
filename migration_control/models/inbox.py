"""Effects that wait for their record: posted in the same commit as what they follow from."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class InboxEntry(models.Model):
    """What a change of the database is yet to do to a record of another component, wherever that one is.

    once: the idempotency key with which it is applied. payload: JSON. The index has the same for changes of the files.
    """

    component = models.CharField(help_text="whose record it changes")
    key = models.CharField()
    once = models.CharField("idempotency key")
    effect = models.CharField(help_text="the name of its handler")
    payload = models.TextField()
    posted_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveIntegerField(default=0)
    due = models.DateTimeField(db_default=Now(), db_index=True, help_text="when it is tried next")
    trouble = models.TextField(blank=True, default="", help_text="why it could not be applied the last time")

    class Meta:
        ordering = ["posted_at"]
        verbose_name_plural = "inbox entries"
        constraints = [
            models.UniqueConstraint(fields=["component", "key", "once"], name="one_entry_of_an_effect"),
        ]

    def __str__(self) -> str:
        return f"{self.effect} {self.once}"
