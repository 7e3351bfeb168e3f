"""Who brings somebody else has a bonus, and so has who was brought: once, in both records or in neither."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.conf import settings

from legacy_json.errors import ValueTaken
from migration_control import given
from migration_control.stores.changes import Changes
from subscriptions.errors import AlreadyReferred, NoFreeCode, OwnCode, ReferredByYou, UnknownCode
from subscriptions.models import Subscription, Tier
from subscriptions.services import records
from subscriptions.services.upgrading import give

LENGTH = 8  # characters of a code
SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that looks like another
TRIES = 10
BONUS = "referral_bonus"
ONCE = "referral"  # the idempotency key of being referred: it happens to a user once
LONGEST = 64  # characters of a code that a file may have


def referral_code(user_id: int, *, now: datetime) -> str:
    """The user's own, the same from the first call on. One that a file has given to two people is changed for whom the
    import marked: for the other one it still works. Raises UnknownUser, NoFreeCode.
    """
    del now  # that of every call; nothing of it depends on the time
    key = given.telegram_id(user_id)
    for _ in range(TRIES):
        candidate = _candidate()

        def act(_: Changes[Subscription], subscription: Subscription, candidate: str = candidate) -> str:
            if not subscription.referral_code or subscription.duplicate:
                subscription.referral_code = candidate
            return subscription.referral_code

        try:
            return str(records.change(key, act))
        except ValueTaken:
            continue
    raise NoFreeCode(TRIES)


def apply_referral(user_id: int, code: str, *, now: datetime) -> None:
    """Note who referred the user, and give both their bonus: REFERRED_BONUS_DAYS and REFERRER_BONUS_DAYS of premium,
    each behind what they have.

    One commit of both records. Raises UnknownCode, OwnCode, AlreadyReferred, ReferredByYou, UnknownUser.
    """
    key, code = given.telegram_id(user_id), given.text("a referral code", code, most=LONGEST).strip()
    referrer = _holder(code)
    if referrer == key:
        raise OwnCode(key)

    def act(changes: Changes[Subscription], subscription: Subscription) -> bool:
        other = changes.get(referrer)
        if other is None or not other.referral_code or other.referral_code not in (code, code.upper()):
            raise UnknownCode(code)  # it is another one by now
        if subscription.referred_by is not None:
            raise AlreadyReferred(key)
        if other.referred_by == key:
            raise ReferredByYou(key)
        subscription.referred_by = referrer
        give(subscription, Tier.PREMIUM.value, settings.REFERRED_BONUS_DAYS, BONUS, now)
        give(other, Tier.PREMIUM.value, settings.REFERRER_BONUS_DAYS, BONUS, now)
        other.referrals_count += 1
        return True

    if not records.change(key, act, others=[referrer], once=ONCE):
        raise AlreadyReferred(key)


def _holder(code: str) -> int:
    """Raises UnknownCode."""
    for text in dict.fromkeys((code, code.upper())):
        for found in Subscription.records.find("referral_code", text):
            if not found.duplicate and records.has_user(found):
                return found.user_id
    raise UnknownCode(code)


def _candidate() -> str:
    return "".join(secrets.choice(SIGNS) for _ in range(LENGTH))
