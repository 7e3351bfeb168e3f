"""What the operator expects of the stages, by STORAGE_BACKEND and its kin; the row, or the fence, is what holds.

A contradiction changes nothing by itself: it is said, with what mends it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from django.conf import settings

from migration_control.moving.advancing import expected
from migration_control.stages import Stage, StageRow, Store

MOVE = "manage.py migration_move {name} --to {row.stage} --reads {row.reads} --reason 'as STORAGE_BACKEND says'"
FOR_GOOD = "Its migration is closed, and there is no way back: set STORAGE_BACKEND=postgresql."
ROLLBACK = "manage.py migration_rollback {name} --all-the-way"


class Contradiction(NamedTuple):
    """component: '' where no single one is meant. fact and remedy: sentences."""

    component: str
    fact: str
    remedy: str


def contradictions(rows: Mapping[str, StageRow], closed: Collection[str] = ()) -> Iterator[Contradiction]:
    """rows: by component, parents first. closed: whose migration is."""
    for name, row in rows.items():
        remedy = FOR_GOOD if name in closed and _remedy(name, row) else _remedy(name, row)
        if remedy:
            yield Contradiction(
                name,
                f"{name} is {row}, but STORAGE_BACKEND is {settings.STORAGE_BACKEND}{_mode()}.",
                remedy,
            )


def _remedy(name: str, row: StageRow) -> str:
    """Empty where nothing is contradicted: a component on its way there contradicts nothing, if somebody moves it."""
    goal = expected(settings.STORAGE_BACKEND)
    if goal is None:  # JSON, wherever the database is copied to
        return _do(ROLLBACK.format(name=name)) if row.authority is Store.DATABASE else ""
    beyond = settings.STORAGE_BACKEND == "dual" and row.stage is Stage.DB_ONLY
    stuck = settings.MIGRATION_MODE == "disabled" and _behind(row)
    return _do(MOVE.format(name=name, row=goal)) if beyond or stuck else ""


def _behind(row: StageRow) -> bool:
    """Whether it does without what the backend is named after."""
    return row.stage is Stage.DISABLED if settings.STORAGE_BACKEND == "dual" else row.authority is Store.JSON


def _do(command: str) -> str:
    first = "Set MIGRATION_MODE=manual, and then: " if settings.MIGRATION_MODE == "disabled" else "Move it: "
    return f"{first}{command}"


def _mode() -> str:
    return " and MIGRATION_MODE disabled" if settings.MIGRATION_MODE == "disabled" else ""
