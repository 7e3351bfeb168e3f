"""Switchyard in a bot's own process, beside the bot's packages, whatever it calls its configuration.

Our settings are the package `config`, and so are many a bot's. In a bot's process ours is loaded by its path as
`switchyard_config`; nothing that is loaded there imports it by name. See docs/in-a-bot.md.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

from switchyard.errors import (
    AnotherDjango,
    ClosedToBot,
    NameTaken,
    NoInstallation,
    NotInstalled,
    ServersAway,
    SetUpElsewhere,
    WrongSettings,
)

CONFIG = "switchyard_config"
CODE = Path(__file__).resolve().parent.parent
PACKAGES = ("accounts", "analytics", "conversations", "legacy_json", "matches", "migration_control", "subscriptions")
OURS = ("SWITCHYARD_VAR",)  # what a bot's own environment may say beside a file of the installation's
# A bot serves no pages.
OF_THE_WEB = {"switchyard.E006", "switchyard.E007", "switchyard.E008", "switchyard.E009"}

_lock = threading.RLock()
_served: list[Path] = []  # the folder of the installation, once it is known


def setup(home: str | Path | None = None, *, environment: Mapping[str, str] | None = None) -> None:
    """Load settings and apps of the installation in `home` (else SWITCHYARD_HOME, else the folder of this code).

    Its .env is read, or its embedded servers taken; the process's environment counts only where the installation has
    neither, for a bot's DATABASE_URL is the bot's. `environment` goes before all of it. Starts no server, connects to
    none, and leaves the process's clock, logging, signal handlers, sys.path and environment alone. A second call does
    nothing. In a process of the installation's own, where Django is set up, it does nothing either.

    Raises HostingError.
    """
    with _lock:
        chosen = Path(home or os.environ.get("SWITCHYARD_HOME") or CODE).expanduser().resolve()
        if _is_set_up():
            if _served and _served[0] != chosen and home is not None:
                raise SetUpElsewhere(_served[0], chosen)
            return
        _refuse_another_django()
        _refuse_taken_names()
        config = _config()
        before = dict(os.environ), list(sys.path)
        try:
            _load(config, chosen, environment or {})
        finally:
            _restore(*before)
        _served[:] = [chosen]


def check_servers() -> None:
    """Return once PostgreSQL answers, within seconds; safe to call while an event loop runs. Raises ServersAway.

    Nobody has to call it: without the database a bot goes on wherever JSON is the authority.
    """
    from django.conf import settings

    setup()
    if not settings.DATABASE_USED:
        return
    # A thread of its own: Django refuses a connection where an event loop runs.
    with ThreadPoolExecutor(1, thread_name_prefix="switchyard-look") as pool:
        pool.submit(_look).result()


def _look() -> None:
    from django.conf import settings
    from django.db import OperationalError, connection

    try:
        connection.ensure_connection()
    except OperationalError as error:
        package = settings.ROOT_URLCONF.rpartition(".")[0]
        line = importlib.import_module(f"{package}.unreachable").line(error)
        raise ServersAway(f"{line or error} The installation is in {_served[0] if _served else CODE}.") from error
    finally:
        connection.close()


def _is_set_up() -> bool:
    """Whether Django is up with our settings. Raises AnotherDjango."""
    conf = sys.modules.get("django.conf")
    if conf is None or not conf.settings.configured:
        return False
    if not hasattr(conf.settings, "LEGACY_INDEX") or not hasattr(conf.settings, "HOSTED"):
        raise AnotherDjango(f"settings {conf.settings!r}")
    return bool(sys.modules["django.apps"].apps.ready) if "django.apps" in sys.modules else False


def _refuse_another_django() -> None:
    named = os.environ.get("DJANGO_SETTINGS_MODULE")
    if named and named != f"{CONFIG}.settings":
        raise AnotherDjango(f"DJANGO_SETTINGS_MODULE={named}")


def _refuse_taken_names() -> None:
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None:
            raise NotInstalled(name)
        if spec.origin is None or Path(spec.origin).resolve().parent != CODE / name:
            raise NameTaken(name, spec.origin or str(list(spec.submodule_search_locations or [])))


def _config() -> ModuleType:
    """Our `config`, under a name that is nobody else's."""
    if CONFIG in sys.modules:
        return sys.modules[CONFIG]
    if (CODE / CONFIG).is_dir():  # a wheel has it under that name
        return importlib.import_module(CONFIG)
    folder = CODE / "config"
    spec = importlib.util.spec_from_file_location(
        CONFIG, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None or not folder.is_dir():
        raise NotInstalled(CONFIG)
    module = importlib.util.module_from_spec(spec)
    sys.modules[CONFIG] = module
    spec.loader.exec_module(module)
    return module


def _load(config: ModuleType, home: Path, given: Mapping[str, str]) -> None:
    try:
        import django
        from django.conf import settings

        environment: Any = importlib.import_module(f"{config.__name__}.environment")
        with environment.hosting(_values(home, given), home):
            _refuse_no_installation(environment.read(), environment, home)
            os.environ["DJANGO_SETTINGS_MODULE"] = f"{CONFIG}.settings"
            _refuse_problems(settings.ENVIRONMENT_PROBLEMS)  # which loads them
            settings.TIME_ZONE = "UTC"  # too late for Django to put it into the process's clock
            django.setup()
    except ModuleNotFoundError as error:
        raise NotInstalled(error.name or str(error)) from error
    except PermissionError as error:
        raise ClosedToBot(str(error)) from error


def _values(home: Path, given: Mapping[str, str]) -> dict[str, str]:
    """The variables that the settings are read from, before a .env completes them."""
    counts = OURS if _has_own(home, given) else tuple(os.environ)
    return {name: os.environ[name] for name in counts if name in os.environ} | dict(given)


def _has_own(home: Path, given: Mapping[str, str]) -> bool:
    """Whether the installation says by itself which servers are its own."""
    var = home / (given.get("SWITCHYARD_VAR") or os.environ.get("SWITCHYARD_VAR") or "var")
    return (home / ".env").is_file() or (var / "secrets" / "postgres").exists()


def _refuse_no_installation(reader: Any, environment: Any, home: Path) -> None:
    """Settings would make secrets for servers that nobody starts."""
    connections: Any = importlib.import_module(f"{CONFIG}.connections")
    without = reader.text("STORAGE_BACKEND").lower() == "json" and reader.text("ENABLE_SERVICES")
    if without or connections.is_named(reader):
        return
    if not (environment.var_dir(reader) / "secrets" / "postgres").exists():
        raise NoInstallation(home)


def _refuse_problems(problems: list[Any]) -> None:
    if found := [str(problem) for problem in problems if problem.id not in OF_THE_WEB]:
        raise WrongSettings(found)


def _restore(environment: dict[str, str], path: list[str]) -> None:
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    os.environ.update({name: value for name, value in environment.items() if os.environ.get(name) != value})
    sys.path[:] = path
