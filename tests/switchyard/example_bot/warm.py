"""Bots that start within a second: aiogram takes seven of processor time to import, so they are forked where it is.

Each is a process of its own all the same, with an environment, a log and an end of its own. Nothing of ours is imported
before the fork: a bot reads its settings as `python -m switchyard.example.bot` does.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

PRELOADED = [
    "aiogram", "aiogram.client.session.aiohttp", "aiogram.utils.deep_linking", "celery", "django.contrib.admin.sites",
    "django.db.models", "django.template.loader", "httpx", "psycopg_pool", "pgtrigger",
]  # fmt: skip

_forked = multiprocessing.get_context("forkserver")
_server: Any = forkserver._forkserver


@contextmanager
def own_server() -> Iterator[None]:
    """A process has one server to fork from, and other tests' has Django in it, with their settings: so it is stopped,
    and ours afterwards. Python has no public call for that.
    """
    others = list(_server._preload_modules)
    _server._stop()
    _forked.set_forkserver_preload(PRELOADED)
    yield
    _server._stop()
    _forked.set_forkserver_preload(others)


def start(program: str, home: Path, environment: dict[str, str]) -> BaseProcess:
    """program: Python, to be run in that folder, its output in the folder's bot.log."""
    process = _forked.Process(target=_live, args=(program, str(home), environment), daemon=True)
    process.start()
    return process


def _live(program: str, home: str, environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(home)
    log = os.open("bot.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.argv = ["bot"]
    exec(compile(program, "<bot>", "exec"), {"__name__": "__main__"})  # noqa: S102 - the test's own
