"""What processes of these tests do, and what must hold once they are done."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from migration_control import components, store
from migration_control.components import Component
from migration_control.mirroring import acknowledging, draining_to_database, draining_to_json
from migration_control.models import ComponentState, Transition
from migration_control.moving import recovery
from migration_control.moving.rows import By
from migration_control.moving.steps import take
from migration_control.stages import STAGES, StageRow, Store, fence_for, path
from tests.points import HANG

BY = By("bob", "a test")


def move(row: int, name: str = "users") -> int:
    """To that row of the table of stages, step by step; the epoch at the end."""
    state = ComponentState.objects.get(name=name)
    epoch = state.epoch
    for step in path(state.row, STAGES[row]):
        epoch = take(components.get(name), step, epoch, BY)
    return epoch


def number(row: StageRow) -> int:
    return STAGES.index(row)


def recover(name: str = "users") -> bool:
    return recovery.recover(components.get(name))


def drain(name: str = "users") -> None:
    """Copy what the store that is not the authority lacks."""
    component, index = components.get(name), store.index()
    acknowledging.flush()
    if ComponentState.objects.get(name=name).authority == Store.JSON:
        draining_to_database.drain(component, index)
    else:
        draining_to_json.drain(component, index)


def count_up(user: User) -> None:
    user.total_requests += 1


def count(key: int, times: int) -> int:
    """That many increments of one user, each a call of its own."""
    for _ in range(times):
        User.records.update(key, count_up)
    return times


def create(key: int, **values: Any) -> None:
    User.records.create(User(user_id=key, **values))


def delete(key: int) -> None:
    User.records.delete(key)


def total(key: int) -> int:
    user = User.records.get(key)
    assert user is not None
    return int(user.total_requests)


def stores_agree(name: str = "users") -> dict[Any, int]:
    """After recovery and a drain: fence and row, and every record in both stores. Returns versions by key."""
    component = components.get(name)
    connection.close()  # a test may have broken it
    until(lambda: recovered(component), f"the recovery of {name}")  # a killed process's session ends a little later
    epoch = ComponentState.objects.get(name=name).epoch
    assert not epoch or Transition.objects.filter(component=name, epoch=epoch).exists()
    drain(name)
    here, there = _in_json(component), _in_database(component)
    assert here == there
    return {key: version for key, (version, _) in here.items()}


def recovered(component: Component) -> bool:
    """Whether fence and row are of one mind, after a try to make them so."""
    recovery.recover(component)
    state = ComponentState.objects.get(name=component.name)
    return store.fence(component) == fence_for(state.row, state.epoch)


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + HANG
    while not holds():
        assert time.monotonic() < deadline, f"{what} did not happen in {HANG:g} s"
        time.sleep(0.01)


def _in_json(component: Component) -> dict[Any, tuple[int, dict[str, Any]]]:
    return {r.key: _held(r) for r in store.json_store(component).iterate()}


def _in_database(component: Component) -> dict[Any, tuple[int, dict[str, Any]]]:
    return {r.key: _held(r) for r in component.model._default_manager.order_by("pk")}


def _held(record: Any) -> tuple[int, dict[str, Any]]:
    skipped = ("version", "run")
    fields = {f.attname: getattr(record, f.attname) for f in record._meta.concrete_fields if f.name not in skipped}
    return record.version, fields


@contextmanager
def not_mirrored() -> Iterator[None]:
    """Writes of this process are not copied at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("migration_control.mirroring.to_database.Mirror.copy", lambda *args: {})
        patch.setattr("migration_control.mirroring.inline.to_json", SimpleNamespace(apply=lambda *args: {}))
        yield


class Thread:
    """A call beside the test's own, in this process; its connections are closed with it."""

    def __init__(self, call: Callable[..., object], *args: object) -> None:
        self._outcome: list[Any] = []
        self._thread = threading.Thread(target=self._run, args=(call, args), daemon=True)
        self._thread.start()

    def result(self, seconds: float = HANG) -> Any:
        """What it returned; what it raised is raised here."""
        self._thread.join(seconds)
        assert not self._thread.is_alive(), f"it did not end in {seconds:g} s"
        raised, outcome = self._outcome
        if raised:
            raise outcome
        return outcome

    @property
    def runs(self) -> bool:
        return self._thread.is_alive()

    def _run(self, call: Callable[..., object], args: tuple[object, ...]) -> None:
        try:
            self._outcome = [False, call(*args)]
        except Exception as error:  # noqa: BLE001 - raised where the test asks for it
            self._outcome = [True, error]
        finally:
            store.index().close()
            connection.close()
