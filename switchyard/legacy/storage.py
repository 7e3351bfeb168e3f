"""The FACEIT bot's storage object, with its calls and their results: all coroutines, none of which blocks the loop.

What a service refuses is False or None where the bot's own storage said so, and a line in the log. What cannot be done
now is raised: routing.errors, overload.Overloaded, overload.TimedOut; and KeyReserved for a user in quarantine.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

from django.conf import settings
from django.db import Error

from accounts import services as accounts
from accounts.errors import UnknownUser
from accounts.models import User
from legacy_json.errors import KeyReserved, LegacyError
from legacy_json.keys import Key
from migration_control.routing.errors import RouterError
from migration_control.service_errors import ServiceError
from subscriptions import services as subscriptions
from subscriptions.models import Subscription
from switchyard.legacy import clock, saving
from switchyard.legacy.users import UserData, user_of
from switchyard.overload import gate

log = logging.getLogger(__name__)

T = TypeVar("T")
U = TypeVar("U")

PAGE = 500  # subscriptions read at a time
TOLD = 30.0  # seconds in which a handler tells those whose time ran out; long before others take it for dead

_background: set[asyncio.Task[None]] = set()  # which nobody else holds


class DataStorage:
    """file_path: taken, as the bot's own took it, and passed over: the installation says which files there are."""

    def __init__(self, file_path: object = None) -> None:
        del file_path

    async def get_user(self, user_id: int) -> UserData | None:
        """With its subscription, a free one if it has none. Raises BadInput."""
        return await gate().run(lambda: _get(user_id))

    async def save_user(self, user: UserData) -> None:
        """What changed of it since it was read, or all of a new one: see legacy.remembering. One that was read and is
        deleted since is not made anew: UnknownUser. Raises BadInput, UnknownTier, AccountTaken.
        """
        await gate().run(lambda: saving.save(user))

    async def get_all_users(self) -> list[UserData]:
        """Those with a linked FACEIT account, by id."""
        return await gate().run(lambda: _with_subscriptions(accounts.linked()))

    async def update_last_checked_match(self, user_id: int, match_id: str | None) -> None:
        """Of an unknown user nothing."""
        await _or(_nothing, lambda: accounts.set_last_checked_match(user_id, match_id))

    async def can_make_request(self, user_id: int) -> bool:
        """Only looks; whoever has to count too calls the facade's check_rate_limit()."""
        if not settings.ENABLE_SUBSCRIPTION_SYSTEM:
            return await _or(_no, lambda: accounts.get(user_id) is not None)
        return await _or(_no, lambda: subscriptions.may_request(user_id, now=clock.now()).allowed)

    async def increment_request_count(self, user_id: int) -> None:
        """Of the day, and in all, and last_active_at. Of an unknown user nothing. Who dies in between has counted the
        day's: nobody has a request for nothing.
        """
        await _or(_nothing, lambda: _count(user_id), again=False)

    async def upgrade_subscription(
        self, user_id: int, tier: str, duration_days: int = 30, payment_method: str = "telegram_stars"
    ) -> bool:
        """Adds to what runs already."""
        if not settings.ENABLE_SUBSCRIPTION_SYSTEM:
            return False

        def upgrade() -> bool:
            subscriptions.upgrade(user_id, tier, days=duration_days, method=payment_method, now=clock.now())
            return True

        return await _or(_no, upgrade)

    async def check_expired_subscriptions(self) -> list[UserData]:
        """Users whose time ran out, whoever made them free, and who were not named yet. Half a minute later this
        process says that they were told; of one that dies before, they are named again, five minutes later.
        """
        named = await gate().run(_run_out)
        if named:
            told = [user.user_id for user in named]
            asyncio.get_running_loop().call_later(TOLD, lambda: _in_background(_say_told(told)))
        return named

    async def generate_referral_code(self, user_id: int) -> str | None:
        """The same one at each call."""
        if not settings.ENABLE_REFERRAL_SYSTEM:
            return None
        return await _or(_nothing, lambda: subscriptions.referral_code(user_id, now=clock.now()))

    async def apply_referral(self, user_id: int, referral_code: str) -> bool:
        if not (settings.ENABLE_REFERRAL_SYSTEM and settings.ENABLE_SUBSCRIPTION_SYSTEM):
            return False

        def apply() -> bool:
            subscriptions.apply_referral(user_id, referral_code, now=clock.now())
            return True

        return await _or(_no, apply)

    async def get_subscription_stats(self) -> dict[str, int]:
        """total_users, free_users, premium_users, pro_users, active_users, daily_requests."""
        return await gate().run(lambda: subscriptions.statistics(now=clock.now()))


storage = DataStorage()


async def _or(otherwise: Callable[[], U], call: Callable[[], T], *, again: bool = True) -> T | U:
    """What the call returns, or the other one where the service refuses."""

    def run() -> T | U:
        try:
            return call()
        except ServiceError as refusal:
            log.info("Refused: %s", refusal)
            return otherwise()

    return await gate().run(run, again=again)


def _no() -> bool:
    return False


def _nothing() -> None:
    return None


def _get(user_id: int) -> UserData | None:
    user = accounts.get(user_id)
    return None if user is None else user_of(user, Subscription.records.get(user_id))


def _count(user_id: int) -> None:
    now = clock.now()
    if accounts.get(user_id) is None:
        raise UnknownUser(user_id)
    if settings.ENABLE_SUBSCRIPTION_SYSTEM:
        subscriptions.count(user_id, now=now)
    accounts.count_request(user_id, now=now)


def _run_out() -> list[UserData]:
    if not settings.ENABLE_SUBSCRIPTION_SYSTEM:
        return []
    names = subscriptions.run_out(now=clock.now())
    users = User.records.get_many(names)
    return _with_subscriptions(users[name] for name in names if name in users)


async def _say_told(users: list[int]) -> None:
    try:
        await gate().run(lambda: subscriptions.told(users))
    except (ServiceError, RouterError, LegacyError, Error) as error:
        log.warning("That %d users were told is not written down; they may be named again: %s", len(users), error)


def _in_background(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.get_running_loop().create_task(work)
    _background.add(task)
    task.add_done_callback(_background.discard)


def _with_subscriptions(users: Iterable[User]) -> list[UserData]:
    found: list[UserData] = []
    for page in _pages(users):
        theirs, reserved = _subscriptions([user.user_id for user in page])
        found += [user_of(user, theirs.get(user.user_id)) for user in page if user.user_id not in reserved]
    return found


def _subscriptions(keys: list[int]) -> tuple[dict[Key, Subscription], set[int]]:
    """And of whom it is in quarantine: nobody can say what they have paid for, and they hold up nobody else."""
    try:
        return Subscription.records.get_many(keys), set()
    except KeyReserved:
        found, reserved = dict[Key, Subscription](), set[int]()
    for key in keys:
        try:
            found |= Subscription.records.get_many([key])
        except KeyReserved as refusal:
            log.warning("User %d is passed over: %s", key, refusal)
            reserved.add(key)
    return found, reserved


def _pages(users: Iterable[User]) -> Iterable[list[User]]:
    page: list[User] = []
    for user in users:
        page.append(user)
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page
