"""One look at all of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from django.conf import settings

from migration_control import store
from migration_control.components import Component
from migration_control.mirroring import acknowledging
from migration_control.stages import Store
from switchyard.facade import health
from switchyard.facade.answers import TROUBLE
from switchyard.validating import between, files
from switchyard.validating.looking import Look, Standing, Told, silent, standing
from switchyard.validating.report import ValidationReport
from switchyard.validating.rules import Found
from switchyard.validating.walking import walk


def validate(chosen: Sequence[Component], *, now: datetime, told: Told = silent) -> ValidationReport:
    """Every record of these, as the authority has it, and against the other store; nothing is changed, but that files
    which a bot writes are read into the index.

    What cannot be looked at is a finding. May run beside writers: see walking and comparing.
    """
    began = time.monotonic()
    state = str(health.look(now)["database"])
    look = Look(now, told, database=state == "ok")
    look.report.validation_timestamp = now.astimezone(UTC).isoformat()
    if state not in ("ok", "unused"):
        look.report.compared = False
        look.found("", None, Found("database-unreachable", {"reason": state}))
    elif state == "unused":
        look.found("", None, Found("one-store", {"reason": "STORAGE_BACKEND=json with ENABLE_SERVICES=false"}))
    if look.database:
        acknowledging.flush()
    known: set[str] = set()
    for component in chosen:
        _one(component, look, known)
    look.report.arrange()
    look.report.duration_seconds = time.monotonic() - began
    return look.report


def _one(component: Component, look: Look, known: set[str]) -> None:
    stopped = "not-checked"
    try:
        stands = standing(component, database=look.database)
        current = _is_current(component, stands, look, known)
        walk(component, look)
        stopped = "not-compared"
        _between(component, stands, look, current=current)
    except TROUBLE as error:
        _untold(component, stopped, error, look)
        look.report.compared &= component.name not in between.PEOPLE


def _is_current(component: Component, stands: Standing, look: Look, known: set[str]) -> bool:
    """Whether the index says what the files do, where these count."""
    if stands.authority is Store.DATABASE or not store.has_files() or not look.database:
        return True
    current = files.read(component, look, known)
    files.odd(component, look)
    return current


def _between(component: Component, stands: Standing, look: Look, *, current: bool) -> None:
    people = component.name in between.PEOPLE
    if stands.closed or not settings.DATABASE_USED:
        if people:
            _one_store(look, component)
    elif look.database and current and store.has_files():
        between.compare(component, stands, look)
    elif look.database and not store.has_files():
        look.report.compared &= not people
        reason = "the files are on another host (LEGACY_DIR is not set here)"
        _untold(component, "not-compared", reason, look)
    elif people:
        look.report.compared = False


def _one_store(look: Look, component: Component) -> None:
    """Everybody is where they should be."""
    count = look.report.checked[component.name]
    report = look.report
    report.in_either += count
    report.in_both += count
    if settings.DATABASE_USED:
        report.in_database += count
        look.found(component.name, None, Found("one-store", {"reason": "the migration is closed"}))
    else:
        report.in_json += count
    if not count and component.name == "users":
        look.found("users", None, Found("no-users", {}))


def _untold(component: Component, code: str, reason: object, look: Look) -> None:
    facts = {"component": component.name, "reason": str(reason).strip().rstrip(".")}
    look.found(component.name, None, Found(code, facts))
