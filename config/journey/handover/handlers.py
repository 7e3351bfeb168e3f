"""A process with the handlers of a bot: coroutines that read and write records while others move these.

`python -m config.journey.handover.handlers FOLDER NUMBER COMPONENT...`: its notes go to the folder. It ends at SIGTERM,
once what is under way has its answer.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import random

import django

COROUTINES = 5
PAUSE = 0.08  # seconds between two calls of a coroutine, on average
REST = 0.1  # seconds more after a refusal: nobody asks a store that is away as fast as he can

Call = Callable[[], Awaitable[bool]]


def main(folder: Path, number: int, names: list[str]) -> None:
    django.setup()
    # Django's models can be imported from here on.
    from config.journey.handover.calls import Calls
    from config.journey.handover.notes import Notebook
    from config.journey.handover.subjects import written
    from migration_control.mirroring import acknowledging

    calls = Calls(Notebook(folder, number), number, written(names))
    asyncio.run(_serve(calls.one))
    acknowledging.flush()


async def _serve(call: Call) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    async with asyncio.TaskGroup() as group:
        for _ in range(COROUTINES):
            group.create_task(_handle(call, ended))


async def _handle(call: Call, ended: asyncio.Event) -> None:
    while not ended.is_set():
        served = await call()
        pause = 2 * PAUSE * random()  # noqa: S311 - so that they do not march in step
        await asyncio.sleep(pause + (0 if served else REST))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
