"""An installation that is up: servers, schema, and the services asked for. `make run` and `make demo` stand on it.

Where no database is used (STORAGE_BACKEND=json with ENABLE_SERVICES=false), that is one process that renders files.
"""

import os
import shutil
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import django
import redis
from django.conf import settings
from django.core.checks import CheckMessage, run_checks
from django.core.management import call_command
from django.db import OperationalError, connections

from config import unreachable
from config.connections import redis_answers
from config.disk import refuse_full_disk
from config.embedded import ServerError, Servers
from config.environment import EXAMPLE_ZONE, Reader, var_dir
from config.lock import hold
from config.supervisor import Refusal, Service, Supervisor

WORKER_SECONDS = 120
ENOUGH_DISK = 500 * 1000 * 1000


def isolate(home: Path, legacy_dir: Path, time_zone: str) -> None:
    """Make this process and its children an installation of its own under `home`, whatever the environment says.

    To be called before settings load.
    """
    for name in [name for name in os.environ if name.startswith(("DB_", "REDIS_", "LEGACY_", "MIGRATION_"))]:
        del os.environ[name]
    for name in ("DATABASE_URL", "AUTO_MIGRATE", "STORAGE_BACKEND", "ENABLE_SERVICES", "SECRET_KEY", "ALLOWED_HOSTS"):
        os.environ.pop(name, None)
    os.environ.update(
        ENV_FILE=os.devnull,
        SWITCHYARD_VAR=str(home),
        LEGACY_DIR=str(legacy_dir),
        LEGACY_TIME_ZONE=time_zone,
        LEGACY_INDEX=str(home / "index.sqlite3"),
    )


def use_example(reader: Reader) -> bool:
    """Make the example store the bot's files when LEGACY_DIR is unset; to be called before settings load."""
    if reader.text("LEGACY_DIR"):
        return False
    folder = var_dir(reader) / "example"
    _make_example(folder)
    os.environ.update(LEGACY_DIR=str(folder), LEGACY_TIME_ZONE=reader.text("LEGACY_TIME_ZONE") or EXAMPLE_ZONE)
    return True


def _make_example(folder: Path) -> None:
    """Write the example stores of the bots that have none there yet, an earlier release's beside them left alone."""
    from switchyard.example.store import LAST_FILES, write_stores

    missing = [bot for bot, last in LAST_FILES.items() if not (folder / last).exists()]
    if not missing:
        return
    draft = folder.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    write_stores(draft, bots=missing)
    if folder.exists():
        last = [draft / LAST_FILES[bot] for bot in missing]
        shutil.copytree(draft, folder, dirs_exist_ok=True, ignore=lambda _, names: {p.name for p in last} & {*names})
        for path in last:
            shutil.copy2(path, folder / path.name)
        shutil.rmtree(draft)
    else:
        draft.rename(folder)


@contextmanager
def stack(services: Sequence[str] = ("worker", "beat")) -> Iterator[Supervisor]:
    """Start servers (unless the environment names others), schema and services under SWITCHYARD_VAR; stop all at exit.

    Where no database is used, the renderer takes the place of all of them. Django is set up in this process when it
    yields. Raises Refusal.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if settings.ENVIRONMENT_PROBLEMS:
        raise Refusal("\n".join(map(str, settings.ENVIRONMENT_PROBLEMS)))
    if not settings.DATABASE_USED:
        services = ("renderer",)
    home: Path = settings.VAR_DIR
    note = f"process {os.getpid()}, {admin_address() if 'web' in services else 'without web'}"
    try:
        lock = hold(home / "run.lock", note)
    except BlockingIOError as error:
        raise Refusal(f"Switchyard already runs here ({error.strerror}): use that one, or stop it first.") from error
    with ExitStack() as undo:
        undo.callback(lock.release)
        refuse_full_disk(home, ENOUGH_DISK)
        if "web" in services:
            _refuse_used_port()
        print(_starting(services))
        _servers(home, undo)
        django.setup()
        if settings.DATABASE_USED:
            _schema()
        _checks()
        supervisor = Supervisor(home / "log")
        undo.callback(supervisor.stop)
        for name in services:
            supervisor.start(SERVICES[name]())
        if "worker" in services:
            _wait_for_worker(supervisor)
        yield supervisor


def _starting(services: Sequence[str]) -> str:
    if "renderer" in services:
        return (
            "STORAGE_BACKEND=json with ENABLE_SERVICES=false: no PostgreSQL, no Redis, no worker and no admin are"
            " started. Starting the renderer of files ..."
        )
    return "Starting servers, schema, worker, web and beat ..." if "web" in services else "Starting servers ..."


def admin_address() -> str:
    host = f"[{settings.WEB_HOST}]" if ":" in settings.WEB_HOST else settings.WEB_HOST
    return f"http://{host}:{settings.WEB_PORT}/admin/"


def _refuse_used_port() -> None:
    family = socket.AF_INET6 if ":" in settings.WEB_HOST else socket.AF_INET
    with socket.socket(family) as probe:
        # As gunicorn does: connections of an earlier run that still fade out are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.WEB_HOST, settings.WEB_PORT))
        except OSError as error:
            raise Refusal(
                f"{settings.WEB_HOST}:{settings.WEB_PORT} cannot be used ({error.strerror}): "
                f"choose another port: WEB_PORT={settings.WEB_PORT % 65535 + 1} make run"
            ) from error


def _servers(home: Path, undo: ExitStack) -> None:
    if not (settings.EMBEDDED_DATABASE or settings.EMBEDDED_REDIS):
        return
    try:
        servers = undo.enter_context(Servers(home))
    except ServerError as error:
        raise Refusal(str(error)) from error
    if servers.notice:
        print(servers.notice)


def _schema() -> None:
    try:
        call_command("migrate", verbosity=0)
        redis_answers(settings.REDIS_URL)
    except (OperationalError, redis.ConnectionError, redis.TimeoutError) as error:
        message = unreachable.line(error)
        if message is None:
            raise
        raise Refusal(message) from error
    finally:
        connections.close_all()


def _checks() -> None:
    """What stops the start, and what is only said."""
    try:
        found = run_checks(databases=["default"] if settings.DATABASE_USED else None)
    finally:
        connections.close_all()
    told = [message for message in found if not message.is_silenced()]
    errors = [message for message in told if message.is_serious()]
    if errors:
        raise Refusal("\n".join(map(_line, errors)))
    for message in told:
        print(_line(message))


def _line(message: CheckMessage) -> str:
    return " ".join(filter(None, (message.msg, message.hint, f"({message.id})")))


def _wait_for_worker(supervisor: Supervisor) -> None:
    """Until it answers: on a busy machine that takes longer than a run may wait before it is called abandoned."""
    from config.celery import app

    deadline = time.monotonic() + WORKER_SECONDS
    while not app.control.ping(timeout=0.3, limit=1):
        supervisor.look()
        if time.monotonic() > deadline:
            raise Refusal(f"The worker did not answer in {WORKER_SECONDS} s: see {supervisor.logs / 'worker.log'}.")


def _celery(*arguments: str) -> tuple[str, ...]:
    return ("-m", "celery", "-A", "config.celery", *arguments)


def _worker() -> Service:
    # A task in hand may take long; what is cut short is resumed from its rows.
    return Service("worker", _celery("worker", "-Q", "celery,legacy", "--loglevel", settings.LOG_LEVEL), patience=30)


def _beat() -> Service:
    return Service("beat", _celery("beat", "--pidfile=", "--loglevel", settings.LOG_LEVEL))


def _web() -> Service:
    host = f"[{settings.WEB_HOST}]" if ":" in settings.WEB_HOST else settings.WEB_HOST
    bind = ("--bind", f"{host}:{settings.WEB_PORT}", "--no-control-socket", "--access-logfile", "-")
    return Service("web", ("-m", "gunicorn", "config.wsgi", "--workers", "1", "--threads", "8", *bind))


def _renderer() -> Service:
    # On the way out it writes what still waits.
    return Service("renderer", ("manage.py", "legacy_render", "--follow"), patience=60)


SERVICES = {"worker": _worker, "beat": _beat, "web": _web, "renderer": _renderer}
