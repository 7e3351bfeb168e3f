"""Reading environment variables without a traceback.

A value that cannot be read is noted as a `Problem` and replaced by the default, so that settings always load; the
system checks report the problems (`config.checks`), and the web process refuses to start with any (`refuse_problems`).
"""

import io
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
EXAMPLE_ZONE = "Europe/Berlin"  # of the clock of the example store's bot

T = TypeVar("T")


@dataclass(frozen=True)
class Problem:
    """A variable that cannot be used: check id ("switchyard.E001", or empty), a fact, and the remedy."""

    id: str
    fact: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.fact} {self.remedy}" + (f" ({self.id})" if self.id else "")


@dataclass
class Reader:
    """Variables by name; empty counts as unset. What cannot be used is collected in `problems`."""

    raw: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)

    def text(self, name: str) -> str:
        return self.raw.get(name, "").strip()

    def get(self, name: str, parse: Callable[[str], T], default: T, *, id: str, expects: str) -> T:
        """Return the parsed value, or `default` when unset or wrong; `expects` says the range ("a number, 1-1000")."""
        text = self.text(name)
        if not text:
            return default
        try:
            return parse(text)
        except ValueError:
            self.problem(id, f"{name} is {text!r}.", f"Set {name} to {expects}.")
            return default

    def problem(self, id: str, fact: str, remedy: str) -> None:
        self.problems.append(Problem(f"switchyard.{id}" if id else "", fact, remedy))


@dataclass(frozen=True)
class Hosted:
    """What a bot's process is given in the place of its own environment, and the folder of the installation."""

    values: Mapping[str, str]
    home: Path


_hosted: ContextVar[Hosted | None] = ContextVar("hosted", default=None)


@contextmanager
def hosting(values: Mapping[str, str], home: Path) -> Iterator[None]:
    """While it is entered, settings load for a bot's own process."""
    token = _hosted.set(Hosted(values, home))
    try:
        yield
    finally:
        _hosted.reset(token)


def hosted() -> bool:
    return _hosted.get() is not None


def _home() -> Path:
    """The folder of the installation, from which relative paths are taken."""
    given = _hosted.get()
    return given.home if given else BASE_DIR


def read(environment: Mapping[str, str] | None = None) -> Reader:
    """Return the environment, completed by the file that ENV_FILE names (default .env beside manage.py), if it exists.

    The process's own environment is left as it is.
    """
    host = _hosted.get()
    if environment is None:
        environment = host.values if host else os.environ
    given = dict(environment)

    class Env(environ.Env):  # type: ignore[misc]  # django-environ has no types
        ENVIRON = given

    file = Path(given.get("ENV_FILE") or _home() / ".env")
    if file.is_file():
        Env.read_env(io.StringIO(_without_comments(file.read_text())))
    return Reader(given)


def _without_comments(text: str) -> str:
    """Drop `# ...` after a value, but not a `#` within one: django-environ's own way cuts passwords short."""
    return re.sub(r"""^(\w+=(?!["'])[^\s#]\S*)\s+#.*$""", r"\1", text, flags=re.MULTILINE)


def var_dir(reader: Reader) -> Path:
    """Return the folder for everything that the installation writes itself: SWITCHYARD_VAR, default var/."""
    return path(reader.text("SWITCHYARD_VAR") or "var")


def path(text: str) -> Path:
    """Relative paths are taken from the project's folder, whatever folder a command is started in."""
    return _home() / Path(text).expanduser()


def boolean(text: str) -> bool:
    known = {"true": True, "on": True, "yes": True, "1": True, "false": False, "off": False, "no": False, "0": False}
    if text.lower() not in known:
        raise ValueError(text)
    return known[text.lower()]


def number(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not low <= int(text) <= high:
            raise ValueError(text)
        return int(text)

    return parse


def numbers(low: int, high: int) -> Callable[[str], list[int]]:
    """Comma-separated, at least one."""

    def parse(text: str) -> list[int]:
        found = [number(low, high)(part) for part in names(text)]
        if not found:
            raise ValueError(text)
        return found

    return parse


def choice(*allowed: str, fold: Callable[[str], str] = str.lower) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if fold(text) not in allowed:
            raise ValueError(text)
        return fold(text)

    return parse


def several(*allowed: str) -> Callable[[str], list[str]]:
    """Some of these, comma-separated, at least one."""

    def parse(text: str) -> list[str]:
        found = [name.lower() for name in names(text)]
        if not found or not set(found) <= set(allowed):
            raise ValueError(text)
        return found

    return parse


def subfolder(text: str) -> str:
    """A path that stays below its parent."""
    found = PurePosixPath(text.strip())
    if found.is_absolute() or ".." in found.parts or "*" in text:
        raise ValueError(text)
    return "" if found == PurePosixPath() else str(found)


def names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def origins(text: str) -> list[str]:
    """Comma-separated origins, each with its scheme, as Django 4 and later want them."""
    if any("://" not in origin for origin in names(text)):
        raise ValueError(text)
    return names(text)


def web_address(text: str) -> str:
    """Of a server, with a path or not, without the slash at its end."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError(text)
    return text.rstrip("/")


def folder(text: str) -> Path:
    if not path(text).is_dir():
        raise ValueError(text)
    return path(text)


def file(text: str) -> Path:
    if not path(text).is_file():
        raise ValueError(text)
    return path(text)


def time_zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (KeyError, OSError) as error:  # an unknown name, or one that is a folder of the zone database
        raise ValueError(text) from error
