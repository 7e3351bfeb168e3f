"""Celery's side of conversations."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from conversations.services import backups


@shared_task(name="conversations.tasks.back_up", soft_time_limit=3600, time_limit=3660)
def back_up() -> int:
    """Back up yesterday's messages, and let old backups go. Returns of how many chats."""
    now = timezone.now()
    backups.prune(now)
    return backups.back_up(backups.yesterday(now))
