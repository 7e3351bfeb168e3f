"""Invoices: what their payload says, and whether what is to be paid is what we sell."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

from migration_control import given
from migration_control.given import BadInput
from subscriptions.errors import ForgedPayload, HasItForGood, SomebodyElses, UnknownTier, WrongAmount, WrongCurrency
from subscriptions.services import records, tiers
from subscriptions.services.tiers import PERIODS, XTR
from subscriptions.services.upgrading import paid

LONGEST = 128  # characters of a payload, as Telegram has it
MOST = 2**31 - 1  # Stars

_payload = re.compile(r"(premium|pro)_(monthly|yearly)_([1-9][0-9]{0,18})", re.ASCII).fullmatch


class Order(NamedTuple):
    """price: in Stars, at present. days: that are given for it."""

    tier: str
    period: str
    user_id: int
    days: int
    price: int


def payload(tier: str, period: str, user_id: int) -> str:
    """Of an invoice. Raises UnknownTier, BadInput for a period that is neither monthly nor yearly."""
    if not isinstance(period, str) or period not in PERIODS:
        raise BadInput(f"{period!r:.60} is no period. There are {' and '.join(PERIODS)}.", name="a period")
    return f"{paid(tier)}_{period}_{given.telegram_id(user_id)}"


def parse_payload(text: str) -> Order:
    """Raises ForgedPayload."""
    found = _payload(text) if isinstance(text, str) else None
    if found is None:
        raise ForgedPayload(text)
    try:
        tier, period, user_id = paid(found[1]), found[2], given.telegram_id(int(found[3]))
    except (UnknownTier, BadInput) as error:
        raise ForgedPayload(text) from error
    return Order(tier, period, user_id, PERIODS[period], tiers.price(tier, period))


def check_order(text: str, *, user_id: int, amount: int, currency: str) -> Order:
    """For a pre_checkout_query, before anything is charged: only the present price is taken. Raises ForgedPayload,
    SomebodyElses, WrongCurrency, WrongAmount.
    """
    return _checked(text, user_id, amount, currency, former=False)


def check_buyer(user_id: int, tier: str, *, now: datetime) -> None:
    """For an invoice and a pre_checkout_query, beside check_order(): nobody is charged for what would add nothing.
    Whether there is such a user is not asked. Raises HasItForGood, UnknownTier.
    """
    has = records.of(user_id, now=now)
    if tiers.adds_nothing(tiers.time_of(has), paid(tier)):
        raise HasItForGood(user_id, has.tier)


def judged(text: str, *, user_id: int, amount: int, currency: str) -> Order:
    """Of what is charged. An invoice that was approved a moment before the price changed is paid after it: so a former
    price counts, if the settings name it. Raises as check_order() does.
    """
    return _checked(text, user_id, amount, currency, former=True)


def _checked(text: str, user_id: int, amount: int, currency: str, *, former: bool) -> Order:
    order = parse_payload(text)
    if order.user_id != given.telegram_id(user_id):
        raise SomebodyElses(text, user_id)
    if currency != XTR:
        raise WrongCurrency(currency)
    taken = tiers.prices(order.tier, order.period) if former else [order.price]
    if given.whole("an amount of Stars", amount, low=1, high=MOST) not in taken:
        raise WrongAmount(amount, order.price)
    return order
