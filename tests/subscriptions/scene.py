"""People of a bot, and moments; nothing here depends on today's date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from accounts.models import User
from migration_control.inbox.boxes import boxes
from migration_control.stages import StageRow
from subscriptions.models import Payment, Subscription
from subscriptions.services.charges import Charge
from tests.migration_control.moving.ground import DB_ONLY, DISABLED, DUAL_DATABASE, DUAL_JSON, Ground

NOW = datetime(2026, 5, 6, 7, 8, 9, 101112, UTC)
ANN, BOB, CAT, NOBODY = 5_000_000_007, 5_000_000_014, 5_000_000_021, 5_000_000_999

STAGES: dict[str, StageRow] = {
    "disabled/json": DISABLED,
    "dual-write/json": DUAL_JSON,
    "dual-write/database": DUAL_DATABASE,
    "db-only/database": DB_ONLY,
}


def days(count: float) -> timedelta:
    return timedelta(days=count)


@dataclass
class Scene:
    ground: Ground

    def stand(self, stage: str) -> None:
        wanted = STAGES[stage]
        if wanted == DB_ONLY:  # what lies in one file goes there together
            self.ground.put(DUAL_DATABASE, "users", "subscriptions", "analytics")
        self.ground.put(wanted, "users", "subscriptions")

    def join(self, *people: int) -> None:
        """They are users, and have no subscription."""
        for user_id in people:
            User.records.create(User(user_id=user_id, created_at=NOW))

    def subscribe(self, user_id: int, **values: Any) -> Subscription:
        """A user with that subscription."""
        self.join(user_id)
        return Subscription.records.create(Subscription(user_id=user_id, **values))


def has(user_id: int) -> Subscription:
    found = Subscription.records.get(user_id)
    assert found is not None
    return found


def time_of(user_id: int) -> tuple[str, datetime | None, str | None]:
    found = has(user_id)
    return found.tier, found.expires_at, found.payment_method


def charge(number: int = 1, user_id: int = ANN, order: str = "premium_monthly", amount: int = 199) -> Charge:
    return Charge(f"stxABC_{number}", user_id, amount, "XTR", f"{order}_{user_id}")


def statuses() -> dict[str, str]:
    return dict(Payment.objects.order_by("pk").values_list("pk", "status"))


def waiting() -> list[int]:
    """Entries in the inboxes: of the index, and of the database."""
    return [box.count() for box in boxes()]
