"""Copying users and their subscriptions between the stores, by the engine's own runs and drains."""

from __future__ import annotations

import logging
import uuid
from collections import OrderedDict
from typing import Any

from switchyard.fronts import copying, integrity
from switchyard.fronts.results import MigrationDirection, MigrationResult, MigrationStatus
from switchyard.waiting import aside, waited

log = logging.getLogger(__name__)

REMEMBERED = 100  # results of this process
BATCH = 1000  # records; the most that MIGRATION_BATCH_SIZE may be


class MigrationAdapter:
    """Built of whatever the guide gives it, which is passed over: the engine is found without."""

    def __init__(self, *_: object, **__: object) -> None:
        self._results: OrderedDict[str, MigrationResult] = OrderedDict()

    async def migrate_all_users(
        self,
        direction: MigrationDirection | str = MigrationDirection.JSON_TO_POSTGRESQL,
        batch_size: int | None = None,
        validation_mode: bool = True,
    ) -> MigrationResult:
        """Returns when it has ended. Raises ValueError for a direction or a batch size (1-1000) that there is not.

        json_to_postgresql: an import each of users and subscriptions, while JSON is the authority.
        postgresql_to_json: what JSON lacks, while the database is the authority and JSON is written too.
        bidirectional_sync: both stores are compared, and what differs is copied anew from the authority.

        validation_mode: both stores are compared afterwards, and total_users are all that the authority has. Without,
        they are those that this import had to copy. A copy to JSON is always compared.
        """
        direction = MigrationDirection(direction)
        if batch_size is not None and not (type(batch_size) is int and 1 <= batch_size <= BATCH):
            raise ValueError(f"batch_size is {batch_size!r}. Give a whole number from 1 to {BATCH}, or leave it out.")
        result = self._begun(direction)
        await aside(lambda: self._ended(result, copying.everybody, batch_size, validation_mode))
        return result

    async def migrate_single_user(self, user_id: int) -> MigrationResult:
        """From the authority, with its subscription."""
        result = self._begun(MigrationDirection.JSON_TO_POSTGRESQL)
        await aside(lambda: self._ended(result, copying.one, user_id))
        return result

    async def validate_migration_integrity(self) -> dict[str, Any]:
        """As integrity.look() has it: every record of both stores, now."""
        return await aside(integrity.look)

    async def rollback_migration(self, migration_id: str) -> bool:
        """Remove what the imports of that migration inserted, of which nothing was changed since. The files stay, and
        automatic imports are held. False if there is no such import, or it may not be undone now, or rows had to be
        kept: the log says which.
        """
        undone = await aside(lambda: copying.undo(str(migration_id)))
        if undone and str(migration_id) in self._results:
            self._results[str(migration_id)].status = MigrationStatus.ROLLED_BACK
        return undone

    def get_migration_status(self, migration_id: str) -> MigrationResult | None:
        """Sync. Of a migration of this object, under way or ended; else of the imports of that id, as far as their
        rows say; None if there are none. Raises django.db.Error.
        """
        known = self._results.get(str(migration_id))
        return known or waited(lambda: copying.of_runs(str(migration_id)))

    def _begun(self, direction: MigrationDirection) -> MigrationResult:
        result = MigrationResult(migration_id=uuid.uuid4().hex, direction=direction)
        result.status = MigrationStatus.IN_PROGRESS
        return self._remember(result)

    def _ended(self, result: MigrationResult, work: Any, *given: Any) -> None:
        """On a thread."""
        copying.timed(result, work, *given)
        for error in result.errors[:10]:
            log.warning("%s", error)
        self._remember(result)

    def _remember(self, result: MigrationResult) -> MigrationResult:
        self._results[result.migration_id] = result
        while len(self._results) > REMEMBERED:
            self._results.popitem(last=False)
        return result
