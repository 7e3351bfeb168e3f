"""The coroutines that handlers await: none blocks the event loop, and what goes wrong is in their result, as a text for
the person who asked, in that person's language.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from django.conf import settings

from accounts import services as accounts
from migration_control.bots import Bot
from subscriptions import services as subscriptions
from subscriptions.models import Subscription
from switchyard.facade import activity, analysing, health, history, status
from switchyard.facade.answers import TROUBLE
from switchyard.facade.asking import Faceit, asked
from switchyard.facade.desk import Answer
from switchyard.facade.paying import Paying
from switchyard.legacy import clock
from switchyard.legacy.users import UserData, user_of
from switchyard.overload import gate, within
from switchyard.texts import local, say

log = logging.getLogger(__name__)


class Switchyard(Paying):
    """faceit: a client of the FACEIT API; unless given, one as the settings say is made at first use. Close it at the
    end of the loop, or use the object as an async context manager.

    The person is named first and known by Telegram id. Whoever calls is noted as active, by themselves.
    """

    def __init__(self, *, faceit: Faceit | None = None) -> None:
        super().__init__(faceit=faceit)
        self._health: tuple[float, dict[str, Any]] | None = None

    async def __aenter__(self) -> Switchyard:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # Users

    async def get_or_create_user(
        self,
        telegram_user_id: int,
        faceit_nickname: str | None = None,
        language: str = "ru",
        referral_code: str | None = None,
    ) -> UserData:
        """With the subscription. A nickname is linked and a code applied if they can be; why not is in the log.

        Raises BadInput, BadLanguage, KeyReserved for somebody in quarantine, and what Model.records and the gate raise.
        """

        def get() -> None:
            found, _ = accounts.get_or_create(telegram_user_id, now=clock.now(), language=language)
            self._languages.note(found)

        await gate().run(get)
        self._activity.note(telegram_user_id, "start")
        if faceit_nickname is not None:
            _log(await self.link_faceit_account(telegram_user_id, faceit_nickname))
        if referral_code is not None:
            _log(await self.apply_referral(telegram_user_id, referral_code))

        def look() -> UserData:
            return user_of(self._known(telegram_user_id), Subscription.records.get(telegram_user_id))

        return await gate().run(look)

    async def link_faceit_account(self, telegram_user_id: int, faceit_nickname: str) -> Answer:
        """(True, None), or (False, why not)."""

        async def link() -> None:
            nickname = accounts.check_nickname(faceit_nickname)
            await gate().run(lambda: self._known(telegram_user_id))
            player = await asked(self._client().player_by_nickname(nickname))
            called = player.get("nickname") or nickname
            id = player["player_id"]
            await gate().run(lambda: accounts.link(telegram_user_id, nickname=called, player_id=id, now=clock.now()))

        self._activity.note(telegram_user_id, "link")
        _, error = await self._answer(telegram_user_id, link)
        return error is None, error

    async def apply_referral(self, telegram_user_id: int, referral_code: str) -> Answer:
        """(True, None), or (False, why not)."""
        if not (settings.ENABLE_REFERRAL_SYSTEM and settings.ENABLE_SUBSCRIPTION_SYSTEM):
            return False, self._say("switched-off", telegram_user_id)
        call = self._on_thread(lambda: subscriptions.apply_referral(telegram_user_id, referral_code, now=clock.now()))
        _, error = await self._answer(telegram_user_id, call)
        return error is None, error

    async def update_user_activity(
        self, telegram_user_id: int, action: str = "general", metadata: dict[str, Any] | None = None
    ) -> None:
        """Returns at once; what cannot be noted is not."""
        self._activity.note(telegram_user_id, action, {"metadata": metadata} if metadata else None)

    # Subscriptions

    async def check_subscription_access(self, telegram_user_id: int, feature: str) -> Answer:
        """(True, None), or (False, why not). Without ENABLE_SUBSCRIPTION_SYSTEM whoever is known may do everything."""
        self._activity.note(telegram_user_id, "access")

        def look() -> Answer:
            user = self._known(telegram_user_id)
            if not settings.ENABLE_SUBSCRIPTION_SYSTEM:
                return True, None
            found = subscriptions.allows(telegram_user_id, feature, now=clock.now())
            return found.allowed, None if found.allowed else say(found.code, user.language)

        found, error = await self._answer(telegram_user_id, self._on_thread(look))
        return found or (False, error)

    async def check_rate_limit(self, telegram_user_id: int) -> Answer:
        """(True, None), and one request is counted; or (False, why not), and none is. Where no store answers it is not
        allowed. Without ENABLE_SUBSCRIPTION_SYSTEM nothing is counted.
        """
        self._activity.note(telegram_user_id, "request")

        def count() -> Answer:
            if not settings.ENABLE_SUBSCRIPTION_SYSTEM:
                self._known(telegram_user_id)
                return True, None
            found = subscriptions.check_and_count(telegram_user_id, now=clock.now())
            if found.allowed:
                return True, None
            language = self._language_of(telegram_user_id)
            return False, say(found.code, language, limit=found.limit, resets_at=local(found.resets_at))

        found, error = await self._answer(telegram_user_id, self._on_thread(count))
        return found or (False, error)

    async def format_subscription_status(self, telegram_user_id: int) -> str:
        """Or why it cannot be said."""
        if not settings.ENABLE_SUBSCRIPTION_SYSTEM:
            return self._say("switched-off", telegram_user_id)
        self._activity.note(telegram_user_id, "subscription")
        call = self._on_thread(lambda: status.subscription_status(self._known(telegram_user_id), now=clock.now()))
        found, error = await self._answer(telegram_user_id, call)
        return found or error or ""

    # Matches and figures

    async def analyze_match(
        self, match_url: str, telegram_user_id: int | None = None
    ) -> tuple[bool, str | None, dict[str, Any] | None]:
        """(True, None, analysis), as analysing.shown() has it; or (False, why not, None). Counts nothing."""
        if not settings.ENABLE_MATCH_ANALYSIS:
            return False, self._say("switched-off", telegram_user_id), None
        if telegram_user_id is not None:
            self._activity.note(telegram_user_id, "analysis")
        found, error = await self._answer(telegram_user_id, lambda: analysing.analysed(match_url, self._client))
        if found is None:
            return False, error, None
        return True, None, analysing.shown(*found, self._languages.of(telegram_user_id))

    async def get_match_history(self, telegram_user_id: int) -> tuple[bool, str | None, list[dict[str, Any]]]:
        """(True, None, matches), as history.look() has them, as far as the tier looks back: FACEIT is asked, and what
        it says is stored. (False, why not, what was stored before) where it could not be asked.
        """

        def who() -> tuple[str, int]:
            user = self._known(telegram_user_id)
            return history.linked(user), history.limit(user)

        self._activity.note(telegram_user_id, "history")
        with within(settings.REQUEST_TIMEOUT):
            player, error = await self._answer(telegram_user_id, self._on_thread(who))
            if player is None:
                return False, error, []
            _, error = await self._answer(telegram_user_id, lambda: history.fetch(*player, self._client()))
            stored, unread = await self._answer(telegram_user_id, self._on_thread(lambda: history.look(*player)))
        return error is unread is None, error or unread, stored or []

    async def get_user_statistics(self, telegram_user_id: int) -> dict[str, Any]:
        """As status.statistics() has it; {} of somebody unknown, {"error": why not} where it cannot be said."""

        def look() -> dict[str, Any]:
            user = accounts.get(telegram_user_id)
            self._languages.note(user)
            return {} if user is None else status.statistics(user, now=clock.now())

        self._activity.note(telegram_user_id, "statistics")
        found, error = await self._answer(telegram_user_id, self._on_thread(look))
        return {"error": error} if found is None else found

    async def track_command_usage(
        self, telegram_user_id: int, command: str, success: bool = True, metadata: dict[str, Any] | None = None
    ) -> bool:
        """Whether it is to be written: False where the queue is full, or without ENABLE_ANALYTICS. Returns at once."""
        if isinstance(telegram_user_id, bool) or not isinstance(telegram_user_id, int):
            return False
        data = {"command": command, "success": success} | ({"metadata": metadata} if metadata else {})
        return activity.record(activity.COMMAND, data, telegram_user_id)

    # Service

    async def health_check(self) -> dict[str, Any]:
        """As health.look() has it, asked anew once in HEALTH_CHECK_INTERVAL unless something was amiss."""
        held = self._health
        fresh = held is not None and time.monotonic() < held[0] + settings.HEALTH_CHECK_INTERVAL
        if held is not None and fresh and held[1]["status"] == "healthy":
            return dict(held[1])
        try:
            found = await gate().run(lambda: health.look(clock.now()))
        except TROUBLE as error:
            return {"status": "error", "reason": str(error)}
        self._health = time.monotonic(), found
        return dict(found)

    def get_service_info(self) -> dict[str, Any]:
        """What is switched on, and the limits of this process. Sync; asks nobody."""
        return {
            "bot_id": Bot.FACEIT.bot_id,
            "storage_backend": settings.STORAGE_BACKEND,
            "services_enabled": settings.ENABLE_SERVICES,
            "database_used": settings.DATABASE_USED,
            "features": {
                "match_analysis": settings.ENABLE_MATCH_ANALYSIS,
                "subscriptions": settings.ENABLE_SUBSCRIPTION_SYSTEM,
                "referrals": settings.ENABLE_REFERRAL_SYSTEM,
                "analytics": settings.ENABLE_ANALYTICS,
            },
            "max_concurrent_requests": settings.MAX_CONCURRENT_REQUESTS,
            "request_timeout": settings.REQUEST_TIMEOUT,
            "retry_attempts": settings.RETRY_ATTEMPTS,
            "health_check_interval": settings.HEALTH_CHECK_INTERVAL,
        }


class BotIntegrationAdapter(Switchyard):
    """The same by the name of the integration guide, which builds it of services: ours are found without."""

    def __init__(self, *_: object, faceit: Faceit | None = None, **__: object) -> None:
        super().__init__(faceit=faceit)


def _log(answer: Answer) -> None:
    done, why = answer
    if not done:
        log.info("Of a registration: %s", why)
