"""Users and subscriptions of a bot whose files are ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accounts.models import User
from legacy_json.fences import Fence
from legacy_json.index import Index
from legacy_json.keys import Key
from legacy_json.owners import Owner
from legacy_json.writing import commit
from migration_control import components, store
from migration_control.components import Component
from migration_control.mirroring import acknowledging
from migration_control.models import ComponentState
from migration_control.moving.rows import By
from migration_control.moving.steps import take
from migration_control.routing.records import Records
from migration_control.stages import STAGES, StageRow, path, row

BY = By("ann", "because")

DISABLED, DUAL_JSON, DUAL_DATABASE, DB_ONLY = STAGES


@dataclass
class Ground:
    """users: the component most tests move."""

    users: Component
    index: Index

    @classmethod
    def made(cls) -> Ground:
        index = store.index()
        with index.write() as (connection, _):
            connection.executemany(
                "INSERT OR IGNORE INTO source VALUES (?, ?, '')",
                [(name, Owner.SWITCHYARD) for name in store.places().sources],
            )
            connection.executemany(
                "INSERT OR IGNORE INTO scanned (component) VALUES (?)", [(c.name,) for c in components.everything()]
            )
        return cls(components.get("users"), index)

    @property
    def records(self) -> Records[User]:
        return User.records

    def move(self, wanted: StageRow, name: str = "users") -> None:
        """All the steps to that stage, with no gates."""
        state = self.state(name)
        for step in path(state.row, wanted):
            take(components.get(name), step, self.state(name).epoch, BY)

    def put(self, wanted: StageRow, *names: str) -> None:
        for name in names:
            self.move(wanted, name)

    def poison(self, key: Key, *, count: int = 1 << 70) -> None:
        """A user of the index that no row can hold, unless with another count."""
        with commit(self.index, store.places()) as writer:
            put = writer.create if writer.get(self.users.collection, key) is None else writer.replace
            put(self.users.collection, key, {"user_id": key, "total_requests": count})

    def state(self, name: str = "users") -> ComponentState:
        return ComponentState.objects.get(name=name)

    def fence(self, name: str = "users") -> Fence:
        return store.fence(components.get(name))

    def in_json(self, key: Key, name: str = "users") -> Any:
        """The record as the index has it, whatever the stage is."""
        return store.json_store(components.get(name)).get(key)

    def in_database(self, key: Key, name: str = "users") -> Any:
        return components.get(name).model._default_manager.filter(pk=key).first()

    def lag(self, name: str = "users") -> tuple[int, int]:
        """Keys that the database lacks, and keys that JSON lacks."""
        from migration_control.mirroring.draining_to_json import count_pending

        acknowledging.flush()
        return self.index.count_pending(name), count_pending(components.get(name))


__all__ = ["BY", "DB_ONLY", "DISABLED", "DUAL_DATABASE", "DUAL_JSON", "Ground", "row"]
