"""The companion bot's store: profiles, settings and events, wherever the stages say that they are."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.conf import settings

from analytics.recording import recorder
from conversations.models import Profile as Record
from conversations.services import configuration
from conversations.services import profiles as services
from migration_control.bots import Bot
from switchyard.facade import health
from switchyard.facade.answers import TROUBLE
from switchyard.legacy import clock
from switchyard.legacy.profiles import profile_of
from switchyard.overload import gate

log = logging.getLogger(__name__)

T = TypeVar("T")

MEASURED = 1000  # the latest calls of a name


class HybridDataStore:
    """Built of whatever it is given, which is passed over. What reads raises what the services do; what writes is False
    where a service refuses or no store can be written, with a line in the log.
    """

    def __init__(self, *_: object, **__: object) -> None:
        self._seconds: dict[str, deque[float]] = {}

    async def get_user_profile(self, user_id: int) -> dict[str, Any] | None:
        """As ProfileManager.load_profile, as a dict. user_id: the chat's. Raises BadInput."""

        def look() -> dict[str, Any] | None:
            record = services.get(user_id)
            return None if record is None else _shown(record)

        return await self._timed("get_user_profile", look)

    async def save_user_profile(self, user_id: int, profile_data: Mapping[str, Any]) -> bool:
        """Only the fields that are given; entries of summary and profile are added to what there is. A profile that is
        not there is made.
        """
        fields = {name: value for name, value in profile_data.items() if name != "chat_id"}
        if profile_data.get("chat_id", user_id) != user_id:
            log.warning("A profile of chat %r was given for %r. Nothing was stored.", profile_data["chat_id"], user_id)
            return False
        return await self._done("save_user_profile", lambda: services.save(user_id, fields))

    async def update_user_activity(self, user_id: int) -> bool:
        """last_activity is now, and message_count one more. False of an unknown chat."""
        return await self._done("update_user_activity", lambda: services.touch(user_id, now=clock.now()), again=False)

    async def get_bot_configuration(self, name: str, default: Any = None, *, scope: str | None = None) -> Any:
        """The scope's value, else the whole bot's, else the default. Raises BadInput."""
        found = await self._timed("get_bot_configuration", lambda: configuration.get(name, scope=scope))
        return default if found is None else found

    async def save_bot_configuration(
        self, name: str, value: object, *, scope: str | None = None, by: str = "the bot"
    ) -> bool:
        def save() -> object:
            return configuration.set(name, value, scope=scope, by=by, now=clock.now())

        return await self._done("save_bot_configuration", save)

    async def log_analytics_event(
        self, event_type: str, data: Mapping[str, Any] | None = None, user_id: int | None = None
    ) -> bool:
        """Whether it is to be written: False where the queue is full, or without ENABLE_ANALYTICS. Returns at once."""
        if not settings.ENABLE_ANALYTICS:
            return False
        bot_id = Bot.COMPANION.bot_id
        try:
            return recorder().record(event_type, dict(data or {}), bot_id=bot_id, user_id=user_id, at=clock.now())
        except TROUBLE as error:
            log.warning("An event was refused: %s", error)
            return False

    async def health_check(self) -> dict[str, Any]:
        """As facade.health.look() has it, and `overall`, the same as its status: healthy, degraded or error."""
        try:
            found = await gate().run(lambda: health.look(clock.now()))
        except TROUBLE as error:
            found = {"status": "error", "reason": str(error)}
        return found | {"overall": found["status"]}

    async def get_performance_metrics(self) -> dict[str, Any]:
        """latency_ms: of this object's calls by name, of the latest MEASURED: calls, mean, p95, most; none is there
        that was not called. calls: under way in this process, and the limit. events: as the recorder counts them.
        """
        return {
            "latency_ms": {name: _figures(list(seconds)) for name, seconds in self._seconds.items()},
            "calls": {"under_way": gate().under_way, "limit": gate().limit},
            "events": recorder().counts._asdict(),
        }

    async def _done(self, name: str, call: Callable[[], object], *, again: bool = True) -> bool:
        try:
            await self._timed(name, call, again=again)
        except TROUBLE as error:
            log.warning("%s: %s", name, error)
            return False
        return True

    async def _timed(self, name: str, call: Callable[[], T], *, again: bool = True) -> T:
        began = time.perf_counter()
        try:
            return await gate().run(call, again=again)
        finally:
            self._seconds.setdefault(name, deque(maxlen=MEASURED)).append(time.perf_counter() - began)


def _shown(record: Record) -> dict[str, Any]:
    profile = profile_of(record)
    return {name: getattr(profile, name) for name in profile.FIELDS}


def _figures(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(each * 1000 for each in seconds)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return {"calls": len(ordered), "mean": sum(ordered) / len(ordered), "p95": p95, "most": ordered[-1]}
