"""The acts behind MigrationAdapter: plain, on a thread."""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.db import Error
from rich.console import Console

from legacy_json import selecting
from legacy_json.errors import LegacyError
from legacy_json.keys import Key
from migration_control import components, given, runs, store, undoing
from migration_control.comparing import Comparison, Keys, compare, drain, fields_of, in_quarantine, repair, row
from migration_control.following import NobodyWorks, follow
from migration_control.models import Run
from migration_control.run_states import RunState
from migration_control.runs import RunRefused
from migration_control.stages import Store
from switchyard.facade.answers import TROUBLE
from switchyard.fronts.integrity import COMPONENTS
from switchyard.fronts.results import MigrationDirection, MigrationResult, MigrationStatus

log = logging.getLogger(__name__)

BY = "MigrationAdapter"
REFUSALS = (*TROUBLE, RunRefused, NobodyWorks)


def timed(result: MigrationResult, work: Callable[..., None], *arguments: Any) -> None:
    """Do the work and judge it: what refuses is told in the result."""
    began = time.monotonic()
    try:
        work(result, *arguments)
    except REFUSALS as error:
        result.tell(str(error))
    except BaseException as error:
        result.tell(f"{type(error).__name__}: {error}")
        raise
    finally:
        result.duration_seconds = time.monotonic() - began
        result.judge()


def everybody(result: MigrationResult, batch_size: int | None, validation: bool) -> None:
    if result.direction is MigrationDirection.JSON_TO_POSTGRESQL:
        ended = _imported(result, batch_size=batch_size)
        if validation:
            _count(result, _both())
        else:
            _count_runs(result, ended)
    elif result.direction is MigrationDirection.POSTGRESQL_TO_JSON:
        _to_json(result)
    else:
        _synchronised(result, batch_size)


def one(result: MigrationResult, user_id: object) -> None:
    key = given.telegram_id(user_id)
    now = row(components.get("users"))
    if now.authority is Store.JSON:
        users = _imported(result, ["users"], key=str(key))
        if store.index().known("subscriptions", [key]):  # most have none in the file
            _imported(result, ["subscriptions"], after=users, key=str(key))
    elif now.mirrored:
        result.direction = MigrationDirection.POSTGRESQL_TO_JSON
        _repaired(result, [key])
    else:
        result.tell(_not_mirrored("users"))
        return
    differing = {name: fields_of(components.get(name), key) for name in COMPONENTS}
    for name in COMPONENTS:
        if key in in_quarantine(components.get(name))[1]:
            differing[name] = ["record"]
    if differing["users"] is None:
        result.tell(f"There is no user {key} in either store. Give the id of one.")
        return
    result.total_users = 1
    failed = [name for name, fields in differing.items() if fields]
    result.failed_users, result.migrated_users = (1, 0) if failed else (0, 1)
    for name in failed:
        result.tell(_why(name, key))


def undo(migration_id: str) -> bool:
    """The children first: a user stays while its subscription does."""
    done: list[bool] = []
    try:
        for run in reversed(_runs(migration_id)):
            if run.inserted:
                ended = _followed([undoing.request(run.pk, requested_by=BY, reason="rollback_migration").pk])[0]
                done.append(ended.state == RunState.COMPLETED and not ended.kept)
                if not done[-1]:
                    log.warning("The undo of run %s: %s. %s", run.pk, ended.state, ended.message)
    except REFUSALS as error:
        log.warning("Migration %s is not rolled back: %s", migration_id, error)
        return False
    if not done:
        log.warning("Migration %s inserted nothing, so there is nothing to roll back.", migration_id)
    return bool(done) and all(done)


def of_runs(migration_id: str) -> MigrationResult | None:
    """As far as the rows say: without a comparison of both stores."""
    found = _runs(migration_id)
    if not found:
        return None
    result = MigrationResult(migration_id=migration_id)
    _count_runs(result, found)
    for run in found:
        if run.ended and run.state != RunState.COMPLETED:
            result.tell(_of_run(run))
    result.judge()
    undone = Run.objects.filter(kind=Run.Kind.UNDO, state=RunState.COMPLETED, target__in=found)
    if not all(run.ended for run in found):
        paused = any(run.state == RunState.PAUSED for run in found)
        result.status = MigrationStatus.PAUSED if paused else MigrationStatus.IN_PROGRESS
    elif all(run.state == RunState.CANCELLED for run in found):
        result.status = MigrationStatus.CANCELLED
    elif {run.pk for run in found if run.inserted} & set(undone.values_list("target", flat=True)):
        result.status = MigrationStatus.ROLLED_BACK
    return result


# Ways


def _imported(
    result: MigrationResult, names: Sequence[str] = COMPONENTS, after: Sequence[Run] = (), **options: Any
) -> list[Run]:
    """after: runs of the same migration."""
    asked = [runs.request(components.get(name), requested_by=BY, **options).pk for name in names]
    result.migration_id = "+".join(map(str, [*(run.pk for run in after), *asked]))
    ended = _followed(asked)
    for run in ended:
        if run.state != RunState.COMPLETED:
            result.tell(_of_run(run))
    return ended


def _to_json(result: MigrationResult) -> None:
    for name in COMPONENTS:
        now = row(components.get(name))
        if now.authority is Store.JSON:
            result.tell(f"JSON is the authority for {name}: what the database has is older, and is not copied over it.")
        elif not now.mirrored:
            result.tell(_not_mirrored(name))
        else:
            drain(components.get(name))
    if not result.errors:
        _count(result, _both())


def _synchronised(result: MigrationResult, batch_size: int | None) -> None:
    now = row(components.get("users"))
    if now.authority is Store.JSON and not now.mirrored:
        _imported(result, batch_size=batch_size)
    for found in _both():
        keys = [*_lacking(found).first, *found.different.first]
        if keys and row(found.component).mirrored:
            _repair(result, found.component.name, keys)
        elif keys and row(found.component).authority is Store.DATABASE:
            result.tell(_not_mirrored(found.component.name))
    _count(result, _both())


def _repaired(result: MigrationResult, keys: list[Key]) -> None:
    for name in COMPONENTS:
        _repair(result, name, keys)


def _repair(result: MigrationResult, name: str, keys: list[Key]) -> None:
    for key, why in repair(components.get(name), keys).items():
        result.tell(f"Migration failed for user {key} ({name}): {why}")


# Counting


def _both() -> tuple[Comparison, Comparison]:
    users, subscriptions = (compare(components.get(name)) for name in COMPONENTS)
    return users, subscriptions


def _count(result: MigrationResult, both: tuple[Comparison, Comparison]) -> None:
    """A user has failed if it, or its subscription, is not in the other store as the authority has it."""
    failed: dict[Key, str] = {}
    uncounted = 0
    for found in both:
        lacking = _lacking(found)
        for key in [*lacking.first, *found.different.first]:
            failed.setdefault(key, found.component.name)
        both_kinds = found.different.count + lacking.count
        uncounted = max(uncounted, both_kinds - len(lacking.first) - len(found.different.first))
    users, quarantined = both[0], 0
    for found in both:
        count, keys = in_quarantine(found.component)
        for key in keys:
            failed.setdefault(key, found.component.name)
        if found is users:
            quarantined, uncounted = count, uncounted + count - len(keys)
    authority = row(users.component).authority
    _, extra = users.seen_from(authority)
    result.total_users = users.in_json + quarantined if authority is Store.JSON else users.in_database
    result.extra_users = extra.count
    result.failed_users = min(result.total_users, len(failed) + uncounted)
    result.migrated_users = result.total_users - result.failed_users
    for key, name in failed.items():
        result.tell(_why(name, key))
    if result.extra_users:
        other = authority.other.said
        result.tell(f"{result.extra_users} users are only in {other}, which is not the authority. Nothing was written.")


def _lacking(found: Comparison) -> Keys:
    return found.seen_from(row(found.component).authority)[0]


def _count_runs(result: MigrationResult, ended: list[Run]) -> None:
    users = next((run for run in ended if run.component_id == "users"), None)
    if users is not None:
        result.failed_users = users.quarantined
        result.total_users = max(users.total, users.done)
        result.migrated_users = users.done - users.quarantined - users.kept


def _why(name: str, key: Key) -> str:
    reason = ""
    if store.has_files():
        try:
            reason = selecting.reason(store.index(), name, key)
        except (LegacyError, Error) as error:
            reason = str(error)
    return f"Migration failed for user {key} ({name}): {reason or 'the stores differ. Look at validate_all_data()'}"


def _of_run(run: Run) -> str:
    return f"{run} is {run.state}: {run.message or 'see migration_status'}"


def _not_mirrored(name: str) -> str:
    return f"{name} is {row(components.get(name))}: JSON is not written there. Move it back first: migration_rollback."


def _runs(migration_id: str) -> list[Run]:
    parts = migration_id.split("+")
    if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        return []
    found = Run.objects.filter(kind=Run.Kind.IMPORT).in_bulk([int(part) for part in parts])
    return [found[int(part)] for part in parts if int(part) in found]


def _followed(asked: list[int]) -> list[Run]:
    return follow(asked, Console(file=io.StringIO()), here=store.has_files())
