"""The records that are written: of which components, under which keys, and where each keeps its past."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.soak.history import Key, Seen
from tests.soak.states import changed


@dataclass(frozen=True)
class Subject:
    """field: the text with the past. lasting: keys that are never deleted; passing: those that come and go.

    lookup: the field that its records are found by, with the value that follows from the key.
    """

    component: str
    weight: int
    field: str
    lasting: tuple[Key, ...]
    passing: tuple[Key, ...] = ()
    lookup: str = ""
    groups: int = 1

    @property
    def keys(self) -> tuple[Key, ...]:
        return (*self.lasting, *self.passing)

    @property
    def model(self) -> Any:
        from migration_control import components

        return components.get(self.component).model

    def make(self, key: Key, text: str, *, account: bool = False) -> Any:
        """account: with the value that no other may have."""
        values: dict[str, object] = {self.field: text}
        if self.lookup:
            values[self.lookup] = self.value(key)
        if account and self.component == "users":
            values["faceit_player_id"] = f"player-{key}"
        return self.model(pk=key, **values)

    def value(self, key: Key) -> Key:
        group = int(key) % self.groups
        return f"group-{group}" if self.component == "users" else group

    def group(self, key: Key) -> list[Key]:
        """The keys that a search for this one's value may find."""
        return [other for other in self.keys if self.value(other) == self.value(key)]

    def change(self, record: Any, token: str) -> None:
        setattr(record, self.field, changed(getattr(record, self.field), token))

    def seen(self, record: Any) -> Seen:
        return Seen(record.key, getattr(record, self.field), record.version)


# Users with a subscription stay: in JSON the one lies in the other, and would go with it.
USERS = Subject(
    "users", 5, "last_checked_match_id", tuple(range(1, 121)), tuple(range(1001, 1181)), "faceit_nickname", 60
)
SUBSCRIPTIONS = Subject(
    "subscriptions", 2, "payment_method", tuple(range(1, 41)), tuple(range(41, 121)), "referred_by", 30
)
ANALYTICS = Subject("analytics", 1, "event_type", tuple(f"202501:{number:010}" for number in range(80)))
PROFILES = Subject("profiles", 2, "previous_response_id", tuple(range(1, 41)), tuple(range(41, 101)))

SUBJECTS = (USERS, SUBSCRIPTIONS, ANALYTICS, PROFILES)
BY_NAME = {subject.component: subject for subject in SUBJECTS}
