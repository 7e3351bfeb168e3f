"""The legacy bot's own record of a subscription: its keys, in its order, with its defaults."""

from __future__ import annotations

import msgspec


class SubscriptionDocument(msgspec.Struct):
    """`subscription` inside a user's record. Dates are naive local ISO texts in LEGACY_TIME_ZONE."""

    tier: str = "free"
    expires_at: str | None = None
    auto_renew: bool = False
    payment_method: str | None = None
    daily_requests: int = 0
    last_reset_date: str | None = None
    referred_by: int | None = None
    referral_code: str | None = None
    referrals_count: int = 0
