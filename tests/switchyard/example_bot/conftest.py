"""The example bot as a process of its own, against a Bot API and a FACEIT of this machine."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pytest_django import Settings

from switchyard.example.telegram import TOKEN, server
from switchyard.example.telegram.people import Person
from switchyard.example.telegram.server import PATIENCE, Telegram
from tests.faceit import server as faceit_server
from tests.switchyard.example_bot import warm

OWNER = 990
PROGRAM = "import sys; from switchyard.example.bot.__main__ import main; sys.exit(main())"


@dataclass
class BotProcess:
    """home: of the installation. said: what it wrote, of all its lives."""

    home: Path
    telegram: Telegram
    process: BaseProcess | None = None

    @property
    def said(self) -> str:
        return (self.home / "bot.log").read_text() if (self.home / "bot.log").exists() else ""

    def starts(self, *, program: str = PROGRAM, **variables: str) -> None:
        """Returns once it asks for updates. program: Python that calls main() itself."""
        polls = self.telegram.polls
        self.begins(program=program, **variables)
        self.telegram.until(lambda: self.telegram.polls > polls or self._ended())

    def begins(self, *, program: str = PROGRAM, **variables: str) -> BaseProcess:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        given = {
            "SWITCHYARD_HOME": str(self.home), "TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": self.telegram.url,
            "TELEGRAM_OWNER_ID": str(OWNER),
        }  # fmt: skip
        self.process = warm.start(program, self.home, kept | given | variables)
        return self.process

    def ends(self, number: int = signal.SIGINT) -> int | None:
        """The exit status."""
        assert self.process is not None
        assert self.process.pid is not None
        os.kill(self.process.pid, number)
        return self.waited()

    def waited(self) -> int | None:
        """The exit status of one that ends by itself."""
        assert self.process is not None
        self.process.join(PATIENCE)
        return self.process.exitcode

    def is_killed(self) -> None:
        """As by `kill -9`."""
        assert self.process is not None
        self.process.kill()
        self.process.join()

    def settings(self, **values: object) -> dict[str, str]:
        """Put into the installation's .env; returns what was there."""
        path = self.home / ".env"
        lines = path.read_text().splitlines() if path.exists() else []
        before = dict(line.split("=", 1) for line in lines)
        after = before | {name: str(value) for name, value in values.items()}
        path.write_text("".join(f"{name}={value}\n" for name, value in after.items()))
        return before

    def _ended(self) -> bool:
        assert self.process is not None
        if self.process.exitcode is not None:
            raise AssertionError(f"The bot ended with {self.process.exitcode}:\n{self.said[-3000:]}")
        return False


@pytest.fixture(scope="package", autouse=True)
def _warm() -> Iterator[None]:
    with warm.own_server():
        yield


@pytest.fixture
def telegram() -> Iterator[Telegram]:
    with server.serving() as telegram:
        yield telegram


@pytest.fixture
def faceit() -> Iterator[faceit_server.Faceit]:
    """With the answers of tests.faceit."""
    loop, begun, ended = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    made: list[faceit_server.Faceit] = []

    async def serve() -> None:
        async with faceit_server.serving() as found:
            made.append(found)
            begun.set()
            await ended.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert begun.wait(20)
    yield made[0]
    loop.call_soon_threadsafe(ended.set)
    thread.join(20)
    loop.close()


@pytest.fixture
def process(
    ground: object, faceit: faceit_server.Faceit, telegram: Telegram, settings: Settings, tmp_path: Path
) -> Iterator[BotProcess]:
    """Of an installation that has this test's files and database."""
    from django.db import connection

    home = tmp_path / "installation"
    home.mkdir()
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    values = {
        "LEGACY_DIR": settings.LEGACY_DIR, "LEGACY_INDEX": settings.LEGACY_INDEX, "LEGACY_TIME_ZONE": "Europe/Moscow",
        "BOTS": "faceit,companion", "DATABASE_URL": url, "REDIS_URL": os.environ["REDIS_URL"], "SECRET_KEY": "x" * 60,
        "ALLOWED_HOSTS": "h", "FACEIT_API_KEY": faceit_server.TOKEN, "FACEIT_API_URL": faceit.url,
        "FACEIT_ATTEMPTS": 1,
    }  # fmt: skip
    bot = BotProcess(home, telegram)
    bot.settings(**values)
    yield bot
    if bot.process is not None:
        bot.is_killed()


@pytest.fixture
def person(telegram: Telegram) -> Callable[..., Person]:
    return lambda number, **more: Person(telegram, number, **more)
