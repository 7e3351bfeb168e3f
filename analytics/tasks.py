"""Celery's side of analytics."""

from __future__ import annotations

from celery import shared_task

from analytics import rolling


@shared_task(name="analytics.tasks.roll_up", soft_time_limit=3600, time_limit=3660)
def roll_up() -> int:
    """Bring the roll-ups up to date. Returns how many months had news."""
    return rolling.refresh()
