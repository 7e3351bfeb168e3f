"""Work that takes longer than a handler's call: on a thread of its own, so that neither the event loop nor the threads
of the handlers wait for it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from django.db import connections

T = TypeVar("T")


async def aside(call: Callable[[], T]) -> T:
    """What the call returns. A caller that is cancelled leaves it to end by itself; so does the end of the process,
    which is as good as being killed: what was begun is in the rows of the engine, and goes on from there.
    """
    return await asyncio.wrap_future(_begun(call))


def waited(call: Callable[[], T]) -> T:
    """The same for what is documented as sync, where Django refuses a connection while an event loop runs."""
    return _begun(call).result()


def _begun(call: Callable[[], T]) -> Future[T]:
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()

    def run() -> None:
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001 - whoever waits is told
            connections.close_all()
            future.set_exception(error)
        else:
            connections.close_all()
            future.set_result(result)

    threading.Thread(target=run, name="switchyard-front", daemon=True).start()
    return future
