"""What the fronts return: the documented names and attributes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

LISTED = 1000  # errors that a result holds; the others are counted


class MigrationDirection(StrEnum):
    JSON_TO_POSTGRESQL = "json_to_postgresql"
    POSTGRESQL_TO_JSON = "postgresql_to_json"
    BIDIRECTIONAL_SYNC = "bidirectional_sync"


class MigrationStatus(StrEnum):
    """PARTIAL: something arrived, and something did not. COMPLETED: everything did."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    PAUSED = "paused"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ROLLED_BACK = "rolled_back"


@dataclass
class MigrationResult:
    """migration_id: of the imports that it was, joined by '+', which survives the process; or of this process alone.

    errors: a sentence each. extra_users: that only the store has that is not the authority; never written.
    """

    migration_id: str = ""
    direction: MigrationDirection = MigrationDirection.JSON_TO_POSTGRESQL
    status: MigrationStatus = MigrationStatus.PENDING
    total_users: int = 0
    migrated_users: int = 0
    failed_users: int = 0
    extra_users: int = 0
    errors: list[str] = field(default_factory=list)
    more_errors: int = 0
    duration_seconds: float = 0.0

    def tell(self, error: str) -> None:
        if len(self.errors) < LISTED:
            self.errors.append(error)
        else:
            self.more_errors += 1

    def judge(self) -> None:
        """Of what was counted and told."""
        if not (self.errors or self.failed_users or self.extra_users):
            self.status = MigrationStatus.COMPLETED
        else:
            self.status = MigrationStatus.PARTIAL if self.migrated_users else MigrationStatus.FAILED
