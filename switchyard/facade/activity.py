"""Who was active, noted without being asked for and without anybody waiting for it."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from concurrent.futures import Future
from threading import BoundedSemaphore, Lock
from typing import Any

from django.conf import settings

from accounts import services as accounts
from analytics.recording import recorder
from migration_control.bots import Bot
from migration_control.routing import threads
from switchyard.facade.answers import TROUBLE
from switchyard.legacy import clock
from switchyard.overload import gate

log = logging.getLogger(__name__)

SEEN = 10_000  # users of whom it is known when they were noted last
TOUCHES = 2  # at a time: the other threads are for those who wait for an answer
ACTIVITY, COMMAND = "user_activity", "command"


class Activity:
    """Of one process."""

    def __init__(self) -> None:
        self._seen: OrderedDict[int, float] = OrderedDict()
        self._lock = Lock()
        self._places = BoundedSemaphore(TOUCHES)

    def note(self, user_id: object, action: str, data: dict[str, Any] | None = None) -> bool:
        """Touch the user, now and then, and record an event: whether that is to be written. Never waits or raises."""
        if isinstance(user_id, bool) or not isinstance(user_id, int):
            return False
        self._touch(user_id)
        return record(ACTIVITY, {"action": action} | (data or {}), user_id)

    def _touch(self, user_id: int) -> None:
        """Unless others are being touched: then at the user's next call."""
        if gate().under_way >= gate().limit // 2 or not self._places.acquire(blocking=False):
            return
        if not self._is_due(user_id):
            self._places.release()
            return
        threads.submit(accounts.touch, user_id, now=clock.now()).add_done_callback(self._touched)

    def _touched(self, touched: Future[Any]) -> None:
        self._places.release()
        error = None if touched.cancelled() else touched.exception()
        if error is not None and not isinstance(error, TROUBLE):
            log.error("Activity could not be noted.", exc_info=error)

    def _is_due(self, user_id: int) -> bool:
        now = time.monotonic()
        with self._lock:
            before = self._seen.get(user_id)
            if before is not None and now < before + settings.ACTIVITY_SECONDS:
                return False
            self._seen[user_id] = now
            self._seen.move_to_end(user_id)
            while len(self._seen) > SEEN:
                self._seen.popitem(last=False)
        return True


def record(event_type: str, data: dict[str, Any], user_id: int) -> bool:
    """False where the queue is full, or ENABLE_ANALYTICS is false."""
    if not settings.ENABLE_ANALYTICS:
        return False
    return recorder().record(event_type, data, bot_id=Bot.FACEIT.bot_id, user_id=user_id, at=clock.now())
