"""The threads that coroutines' calls run on: as many as database connections that this process may hold.

asyncio's own pool is not used: handlers fill it with whatever else they do, and each of its threads would keep a
connection.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 8

_pool: ThreadPoolExecutor | None = None


async def run(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What the call returns. A caller that is cancelled leaves the call to end by itself."""
    return await asyncio.wrap_future(submit(call, *args, **kwargs))


def submit(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
    """As soon as a thread is free. What has not begun can be cancelled."""
    context = contextvars.copy_context()
    return _threads().submit(lambda: context.run(call, *args, **kwargs))


def _threads() -> ThreadPoolExecutor:
    global _pool
    if _pool is None:
        _pool = ThreadPoolExecutor(THREADS, thread_name_prefix="switchyard")
    return _pool


def _forget() -> None:
    global _pool
    _pool = None


os.register_at_fork(after_in_child=_forget)
