"""What a validation has in hand, and where a component stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from legacy_json.errors import KeyReserved
from legacy_json.keys import Key
from migration_control import store
from migration_control.components import Component
from migration_control.models import ComponentState
from migration_control.stages import Store, answers
from switchyard.validating.report import ValidationReport
from switchyard.validating.rules import RULES, Found, issue

Told = Callable[[str, int, int | None], None]  # what is being done, how many of how many

PAUSE = 0.2  # seconds before what was found is looked at again


def silent(what: str, done: int, total: int | None) -> None:
    """Tells nobody."""


@dataclass
class Look:
    """database: whether it answers."""

    now: datetime
    told: Told = silent
    database: bool = True
    report: ValidationReport = field(default_factory=ValidationReport)

    def found(self, component: str, key: Key | None, found: Found, *, user_id: int | None = None) -> None:
        self.report.add(issue(component, key, found, user_id=user_id))

    def count(self, component: str, code: str, number: int) -> None:
        """Of which nobody knows more than that they are."""
        self.report.count(component, code, RULES[code].severity, number)


class Standing(NamedTuple):
    """authority: None while it is being moved, or where only the database could say."""

    authority: Store | None
    mirrored: bool
    closed: bool


def standing(component: Component, *, database: bool) -> Standing:
    """Raises django.db.Error, LegacyError."""
    if database:
        state = ComponentState.objects.get(name=component.name)
        return Standing(state.row.authority, state.row.mirrored, state.closed)
    if not store.has_files():
        return Standing(None, mirrored=False, closed=False)
    fence = store.fence(component)
    return Standing(answers(fence.state), fence.mirrored, closed=False)


def held(component: Component, keys: list[Key]) -> tuple[dict[Key, Any], set[Key]]:
    """The records of these keys that the authority has, and the keys that are in quarantine."""
    records = component.model.records
    try:
        return records.get_many(keys), set()
    except KeyReserved:
        found, reserved = dict[Key, Any](), set[Key]()
    for key in keys:
        try:
            found |= records.get_many([key])
        except KeyReserved:
            reserved.add(key)
    return found, reserved
