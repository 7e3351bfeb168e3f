"""What the handover costs: writes into both stores, through the router, during a move, and the way back.

Two installations are up at once, one large and one small, each with servers and a process of its own: what is compared
takes turns in them, so that what else the machine does falls on both sides.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from config.stack import isolate
from tests.bench import handover_dual, handover_moving, handover_returning, handover_router
from tests.bench.handover_ground import fill
from tests.bench.reading import ZONE, spawn

RECORDS = 100_000
SMALL = 10_000  # records of the other one


class Installation:
    """So many users in both stores, JSON the authority. folder: one that is not there yet, on the disk to measure."""

    def __init__(self, folder: Path, records: int) -> None:
        self._records = records
        home, bot = folder / "home", folder / "bot"
        for made, mode in ((folder, 0o711), (home, 0o711), (bot, 0o755)):
            made.mkdir(mode=mode)
        isolate(home, bot, ZONE)
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        from config.embedded import Servers

        self._servers = Servers(home)
        self._connection, child = spawn.Pipe()
        # Started here, because it takes the environment as it is now.
        self._process = spawn.Process(target=_serve, args=(child,))
        self._process.start()
        child.close()

    def __enter__(self) -> Self:
        self._servers.start()
        self.ask(fill, self._records)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._connection.close()
        self._process.join()
        self._servers.stop()

    def ask(self, what: Callable[..., Any], *arguments: object) -> Any:
        """What it returns in the installation's process. EOFError if it fails."""
        self._connection.send((what, arguments))
        return self._connection.recv()


def _serve(connection: Connection) -> None:
    try:
        while True:
            what, arguments = connection.recv()
            connection.send(what(*arguments))
    except EOFError:
        return


def run(folder: Path, records: int, repeats: int, parts: Sequence[str] = ()) -> dict[str, Any]:
    """Ratios of medians (lower is faster). folder: an empty one. parts: some of PARTS; all when none is named."""
    with Installation(folder / "large", records) as large, Installation(folder / "small", SMALL) as small:
        found = {name: part(large, small, repeats) for name, part in PARTS.items() if not parts or name in parts}
    return {"records": records, "load before and after": [_LOAD, _load()], **found}


def _load() -> list[float]:
    return [round(each, 1) for each in os.getloadavg()]


_LOAD = _load()


def _dual(large: Installation, small: Installation, repeats: int) -> Any:
    return large.ask(handover_dual.run, repeats)


def _router(large: Installation, small: Installation, repeats: int) -> Any:
    return large.ask(handover_router.run, repeats)


def _move(large: Installation, small: Installation, repeats: int) -> Any:
    return large.ask(handover_moving.run, repeats)


def _return(large: Installation, small: Installation, repeats: int) -> Any:
    rounds = [
        (large.ask(handover_returning.once, number), small.ask(handover_returning.once, number))
        for number in range(repeats)
    ]
    return handover_returning.compared(rounds)


PARTS: dict[str, Callable[[Installation, Installation, int], Any]] = {
    "a write into both stores": _dual,
    "through the router, db-only": _router,
    "a move under four writers": _move,
    "a return from db-only": _return,
}
