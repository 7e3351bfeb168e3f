"""Which PostgreSQL and which Redis: a URL, else DB_* and REDIS_*, else the embedded servers."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

import environ
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from . import embedded
from .environment import Reader, choice, file, number

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
DATABASE_NAMES = ("DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD")
REDIS_NAMES = ("REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD")
DATABASE_FORM = "postgresql://user:password@host:5432/name, special characters in the password percent-encoded"
REDIS_FORM = "redis://:password@host:6379/0, rediss://... for TLS, or unix://:password@/path/to/socket?db=0"


def masked(url: str) -> str:
    """Return `url` without its password, for messages."""
    hidden = re.sub(r"^((?:[\w+]+:)?(?://)?[^:@]*):.*@", r"\1:***@", url)
    return re.sub(r"(password=)[^&]*", r"\1***", hidden)


@dataclass(frozen=True)
class Database:
    """The database's entry in DATABASES, and whether it is the embedded one."""

    entry: dict[str, Any]
    embedded: bool


def is_named(reader: Reader) -> bool:
    """Whether the environment names a database."""
    return any(reader.text(name) for name in ("DATABASE_URL", *DATABASE_NAMES))


def no_database() -> Database:
    """Nothing connects to it: see config.no_database."""
    return Database(_nowhere() | {"ENGINE": f"{__package__}.no_database"}, embedded=False)


def database(reader: Reader, home: Path) -> Database:
    """Return the database that the environment names, else the embedded one of `home`."""
    url = reader.text("DATABASE_URL")
    parts = any(reader.text(name) for name in DATABASE_NAMES)
    if url:
        entry = _from_url(reader, url)
    elif parts:
        entry = _from_parts(reader)
    else:
        entry = environ.Env.db_url_config(embedded.database_url(home))
    if url or parts:
        _add_ssl(reader, entry.setdefault("OPTIONS", {}))
    # A socket's folder comes as the option `host`; Django's own tools (dbshell) look at HOST.
    entry["HOST"] = entry.setdefault("OPTIONS", {}).pop("host", None) or entry["HOST"]
    return Database(entry, embedded=not (url or parts))


def _from_url(reader: Reader, url: str) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    try:
        # Not for other schemes: the parser warns of them, with the password.
        if urlsplit(url).scheme in ("postgres", "postgresql", "pgsql"):
            entry = environ.Env.db_url_config(url)
    except ValueError:
        pass
    if not entry.get("NAME"):
        reader.problem("E001", f"DATABASE_URL is {masked(url)!r}.", f"Set DATABASE_URL to {DATABASE_FORM}.")
        return _nowhere()
    return entry


def _from_parts(reader: Reader) -> dict[str, Any]:
    if not reader.text("DB_NAME"):
        reader.problem("E002", "DB_* variables are set, but DB_NAME is not.", "Set DB_NAME to the database's name.")
        return _nowhere()
    return _nowhere() | {
        "NAME": reader.text("DB_NAME"),
        "USER": reader.text("DB_USER"),
        "PASSWORD": reader.text("DB_PASSWORD"),
        "HOST": reader.text("DB_HOST") or "localhost",
        "PORT": reader.get("DB_PORT", number(1, 65535), 5432, id="E002", expects="a port, 1-65535"),
    }


def _nowhere() -> dict[str, Any]:
    """Settings have to load for the check to be shown; a discard port is better than somebody's default server."""
    return {"ENGINE": "django.db.backends.postgresql", "NAME": "unset", "USER": "", "HOST": "127.0.0.1", "PORT": 9}


def _add_ssl(reader: Reader, options: dict[str, Any]) -> None:
    mode = reader.get("DB_SSLMODE", choice(*SSL_MODES), "", id="E003", expects=f"one of {', '.join(SSL_MODES)}")
    root = reader.get("DB_SSLROOTCERT", file, None, id="E003", expects="the file of the root certificate")
    if mode:
        options.setdefault("sslmode", mode)
    if root:
        options.setdefault("sslrootcert", str(root))
    if str(options.get("sslmode", "prefer")) not in SSL_MODES:
        reader.problem(
            "E003", f"sslmode in DATABASE_URL is {options['sslmode']!r}.", f"Set it to one of {', '.join(SSL_MODES)}."
        )


def redis_answers(url: str) -> None:
    """Raise redis.ConnectionError or redis.TimeoutError unless the server answers within seconds."""
    # By default the client tries ten times.
    with redis.Redis.from_url(url, socket_timeout=5, retry=Retry(NoBackoff(), 0)) as client:
        client.ping()


@dataclass(frozen=True)
class RedisServer:
    """One Redis server; `database` is the broker's, the next one is the cache's (a cache clear empties a database)."""

    server: str
    password: str
    username: str
    database: int
    options: dict[str, str]
    embedded: bool

    @property
    def cache_url(self) -> str:
        """The cache's URL, as redis-py understands it."""
        return self._url(self.server, {"db": str(self.database + 1)} | self.options)

    @property
    def url(self) -> str:
        """The broker's database, as redis-py understands it."""
        return self._url(self.server, {"db": str(self.database)} | self.options)

    @property
    def broker_url(self) -> str:
        """The broker's URL, as kombu understands it: it has a scheme of its own for sockets."""
        if self.server.startswith("unix://"):
            return self._url("redis+socket" + self.server.removeprefix("unix"), {"virtual_host": str(self.database)})
        query = f"?{urlencode(self.options)}" if self.options else ""
        return f"{self._url(self.server, {})}/{self.database}{query}"

    def _url(self, server: str, query: dict[str, str]) -> str:
        scheme, rest = server.split("://", 1)
        login = f"{quote(self.username)}:{quote(self.password, safe='')}@" if self.password or self.username else ""
        return f"{scheme}://{login}{rest}" + (f"?{urlencode(query)}" if query else "")


def no_redis() -> RedisServer:
    """The discard port, where nobody answers."""
    return RedisServer("redis://127.0.0.1:9", "", "", 0, {}, embedded=False)


def redis_server(reader: Reader, home: Path) -> RedisServer:
    """Return the Redis that the environment names, else the embedded Valkey of `home`."""
    if url := reader.text("REDIS_URL"):
        try:
            return _parse_redis(url, is_embedded=False)
        except ValueError:
            reader.problem("E004", f"REDIS_URL is {masked(url)!r}.", f"Set REDIS_URL to {REDIS_FORM}.")
            return no_redis()
    if any(reader.text(name) for name in REDIS_NAMES):
        port = reader.get("REDIS_PORT", number(1, 65535), 6379, id="E004", expects="a port, 1-65535")
        server = f"redis://{reader.text('REDIS_HOST') or 'localhost'}:{port}"
        return RedisServer(server, reader.text("REDIS_PASSWORD"), "", 0, {}, embedded=False)
    return _parse_redis(embedded.redis_url(home), is_embedded=True)


def _parse_redis(url: str, is_embedded: bool) -> RedisServer:
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if parts.scheme in ("redis", "rediss") and parts.hostname:
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        server = f"{parts.scheme}://{host}:{parts.port or 6379}"
        number_text = query.pop("db", "") or parts.path.strip("/") or "0"
    elif parts.scheme in ("unix", "redis+socket") and parts.path:
        server = f"unix://{parts.path}"
        number_text = query.pop("db", "") or query.pop("virtual_host", "") or "0"
    else:
        raise ValueError(url)
    login = unquote(parts.password or ""), unquote(parts.username or "")
    return RedisServer(server, *login, int(number_text), query, is_embedded)
