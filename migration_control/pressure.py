"""What the database says of its load, so that an import steps back before the bot's own work suffers."""

from __future__ import annotations

from django.db import connection

WAITING = 4  # sessions that wait for a lock
LAG = 10.0  # seconds that a replica is behind

SIGNALS = """
SELECT (SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()),
       (SELECT coalesce(max(extract(epoch FROM replay_lag)), 0)::float FROM pg_stat_replication)
"""


def pressure() -> str | None:
    """Why an import should wait a moment, in words; None if it need not."""
    with connection.cursor() as cursor:
        cursor.execute(SIGNALS)
        waiting, lag = cursor.fetchone()
    if waiting >= WAITING:
        return f"{waiting} sessions wait for locks"
    if lag >= LAG:
        return f"a replica is {lag:.0f} s behind"
    return None
