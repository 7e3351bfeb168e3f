"""What handlers put into the fields of legacy objects, as the models hold it. Only what they changed is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from legacy_json.keys import shown
from migration_control import given
from migration_control.given import BadInput
from subscriptions.errors import UnknownTier
from switchyard.legacy import clock
from switchyard.legacy.remembering import Change
from switchyard.legacy.users import SubscriptionTier

Check = Callable[[str, Any], Any]


def text(most: int) -> Check:
    return lambda name, value: given.text(name, value, most=most, empty=True)


def maybe(check: Check) -> Check:
    return lambda name, value: None if value is None else check(name, value)


def flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise BadInput(f"{name} is true or false, not {shown(value)}.", name=name, value=shown(value))
    return value


def tier(name: str, value: object) -> str:
    del name
    if value not in list(SubscriptionTier):
        raise UnknownTier(value)
    return str(value)


def somebody(name: str, value: object) -> int:
    del name
    return given.telegram_id(value)


USER: dict[str, Check] = {
    "user_id": somebody,
    "faceit_player_id": maybe(text(64)),
    "faceit_nickname": maybe(text(50)),
    "last_checked_match_id": maybe(text(200)),
    "waiting_for_nickname": flag,
    "language": text(10),
    "notifications_enabled": flag,
    "created_at": clock.aware,
    "last_active_at": clock.aware,
    "total_requests": given.whole,
}
SUBSCRIPTION: dict[str, Check] = {
    "tier": tier,
    "expires_at": clock.aware,
    "auto_renew": flag,
    "payment_method": maybe(text(50)),
    "daily_requests": given.whole,
    "last_reset_date": clock.aware,
    "referred_by": maybe(somebody),
    "referral_code": maybe(text(64)),
    "referrals_count": given.whole,
}


def checked(checks: Mapping[str, Check], changes: Mapping[str, Change]) -> dict[str, Change]:
    """With what the model's fields take. Raises BadInput, UnknownTier."""
    return {name: change._replace(now=checks[name](name, change.now)) for name, change in changes.items()}
