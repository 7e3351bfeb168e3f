"""Ground whose files are ours, points, children, and an end to whatever hangs."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.migration_control.moving.ground import Ground
    from tests.migration_control.protocol.children import Child, Orders
    from tests.migration_control.protocol.servers import OwnServer
    from tests.points import Points

SECONDS = 150  # that a test may take; each wait of its own ends long before


@pytest.fixture(autouse=True)
def hang_guard() -> Iterator[None]:
    def cut(number: int, frame: FrameType | None) -> None:
        del number, frame
        pytest.fail(f"the test hung for {SECONDS} s")

    before = signal.signal(signal.SIGALRM, cut)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> Iterator[Points]:
    from tests.points import Points

    made = Points(monkeypatch)
    yield made
    made.release()


@pytest.fixture
def child(bot: object) -> Iterator[Callable[..., Child]]:
    """Start a process that does one call. orders: see Orders."""
    from tests.migration_control.protocol.children import Child, Orders

    started: list[Child] = []

    def start(call: Callable[..., object], *args: object, orders: Orders | None = None, **named: Any) -> Child:
        made = Child(call, *args, orders=orders or Orders(**named))
        started.append(made)
        return made

    yield start
    for each in started:
        each.kill()


@pytest.fixture(scope="session")
def own_server() -> Iterator[OwnServer]:
    from tests.migration_control.protocol.servers import OwnServer

    made = OwnServer()
    yield made
    made.remove()


@pytest.fixture
def server(
    own_server: OwnServer, bot: object, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OwnServer]:
    """Running, empty, and this process's database. It may be stopped and frozen."""
    from django.core.management import call_command
    from django.db import connection

    from migration_control.mirroring import acknowledging, servers
    from tests.database import delete_rows

    del bot, transactional_db
    acknowledging.flush()
    own_server.start()
    connection.close()
    for name, value in own_server.settings.items():
        monkeypatch.setitem(connection.settings_dict, name, value)
    monkeypatch.setattr(servers, "_reachable", servers.Reachable())
    if not own_server.migrated:
        call_command("migrate", verbosity=0)
        own_server.migrated = True
    delete_rows()
    yield own_server
    own_server.thaw()
    own_server.start()
    connection.close()
    acknowledging.flush()
    monkeypatch.undo()
    connection.close()


@pytest.fixture
def far_ground(server: object) -> Iterator[Ground]:
    """As ground, but on that server."""
    from migration_control import store
    from tests.migration_control.moving.ground import Ground

    del server
    yield Ground.made()
    store.index().close()
