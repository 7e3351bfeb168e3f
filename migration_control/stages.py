"""The stages of a component: a frozen table. Who is asked reads the row; nobody else names a stage."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Stage(StrEnum):
    DISABLED = "disabled"
    DUAL_WRITE = "dual-write"
    DB_ONLY = "db-only"


class Store(StrEnum):
    JSON = "json"
    DATABASE = "database"


class StageRow(NamedTuple):
    """reads and authority always agree; mirrored: whether the other store is written at once."""

    stage: Stage
    reads: Store
    authority: Store
    mirrored: bool


STAGES = (
    StageRow(Stage.DISABLED, Store.JSON, Store.JSON, mirrored=False),
    StageRow(Stage.DUAL_WRITE, Store.JSON, Store.JSON, mirrored=True),
    StageRow(Stage.DUAL_WRITE, Store.DATABASE, Store.DATABASE, mirrored=True),
    StageRow(Stage.DB_ONLY, Store.DATABASE, Store.DATABASE, mirrored=False),
)
