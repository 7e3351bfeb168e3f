"""Whether what the bot needs is there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import Error, connection

from analytics.recording import recorder
from legacy_json.errors import LegacyError
from migration_control import components, store
from migration_control.mirroring import servers
from migration_control.mirroring.watchdog import watching
from migration_control.stages import Store, answers
from migration_control.wording import first_line
from switchyard.overload import gate

PATIENCE = 5.0  # seconds for the database to answer


def look(now: datetime) -> dict[str, Any]:
    """status: healthy; degraded, if the database is away or refuses while JSON is the authority for all that is served
    here, or events are dropped; error, if somebody cannot be served. Beside it: checked_at, database, files, stores
    (by component), events, calls.
    """
    database, authorities = _database(), _authorities()
    files = "ok" if store.has_files() else "elsewhere"
    counts = recorder().counts
    found = {
        "checked_at": now.astimezone(UTC).isoformat(),
        "database": database,
        "files": files,
        "stores": {name: str(authority) for name, authority in authorities.items()},
        "events": counts._asdict(),
        "calls": {"under_way": gate().under_way, "limit": gate().limit},
    }
    needed = any(authority is not Store.JSON for authority in authorities.values()) or files != "ok"
    if database not in ("ok", "unused") and needed:
        return {"status": "error"} | found
    degraded = database not in ("ok", "unused") or counts.dropped > 0
    return {"status": "degraded" if degraded else "healthy"} | found


def _database() -> str:
    """ok, unused, or why not."""
    if not settings.DATABASE_USED:
        return "unused"
    try:
        connection.ensure_connection()
        with watching(connection.connection.fileno(), PATIENCE), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        connection.close()
        servers.failed(error)
        return first_line(error)
    return "ok"


def _authorities() -> dict[str, Store | str]:
    """As the fence says; on a host without the files the database is asked by whoever calls."""
    if not store.has_files():
        return {component.name: Store.DATABASE for component in components.everything()}
    try:
        return {c.name: answers(store.fence(c).state) or "moving" for c in components.everything()}
    except LegacyError as error:
        return {c.name: first_line(error) for c in components.everything()}
