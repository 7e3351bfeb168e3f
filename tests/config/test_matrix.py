"""The table of docs/operate.md: every combination of what an operator may expect, and what comes of it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from config.environment import BASE_DIR
from migration_control import automatic, components, runs
from migration_control.models import ComponentState
from migration_control.moving import advancing, requests
from migration_control.stages import STAGES, StageRow, row
from tests.config.test_settings import Load, load
from tests.migration_control.conftest import bot
from tests.migration_control.world import Bot, user

__all__ = ["bot", "load"]

NAMES = ("STORAGE_BACKEND", "ENABLE_SERVICES", "MIGRATION_MODE", "AUTO_MIGRATE")
VALUES = (("json", "dual", "postgresql"), ("true", "false"), ("disabled", "manual", "auto"), ("false", "true"))

Cell = tuple[tuple[str, ...], dict[str, str]]


def table() -> Iterator[Cell]:
    """Each combination with the columns that say what comes of it; a row of the document may speak of several."""
    lines = (BASE_DIR / "docs" / "operate.md").read_text().splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("| STORAGE_BACKEND | ENABLE_SERVICES |"))
    head = _columns(lines[start])
    for line in itertools.takewhile(lambda line: line.startswith("|"), lines[start + 2 :]):
        columns = dict(zip(head, _columns(line), strict=True))
        for values in itertools.product(*(re.findall(r"`([^`]+)`", columns[name]) for name in NAMES)):
            yield values, columns


def _columns(line: str) -> list[str]:
    return [column.strip() for column in line.strip("|").split("|")]


CELLS = list(table())
STOPPED = [cell for cell in CELLS if cell[1]["stops the start"] != "-"]
STARTED = [cell for cell in CELLS if cell[1]["stops the start"] == "-"]


def named(cell: Cell) -> str:
    return "-".join(cell[0])


def test_the_table_has_every_combination_once() -> None:
    assert sorted(values for values, _ in CELLS) == sorted(itertools.product(*VALUES))


@pytest.mark.parametrize("cell", STOPPED, ids=named)
def test_what_stops_the_start_is_a_problem_and_is_mended_as_the_table_says(load: Load, cell: Cell) -> None:
    values, columns = cell
    given = dict(zip(NAMES, values, strict=True)) | {"LEGACY_DIR": str(BASE_DIR), "LEGACY_TIME_ZONE": "UTC"}
    problems = {problem.id: problem for problem in load(**given)["ENVIRONMENT_PROBLEMS"]}
    assert set(problems) == set(columns["stops the start"].split(", "))
    mended = dict(part.split("=") for part in columns["what mends it"].split())
    assert all(any(f"{name}={value}" in p.remedy for p in problems.values()) for name, value in mended.items())
    assert load(**given | mended)["ENVIRONMENT_PROBLEMS"] == []


@pytest.fixture
def expected(load: Load, settings: Settings, request: pytest.FixtureRequest) -> dict[str, str]:
    """The columns of the cell, with the settings that it leads to."""
    values, columns = request.param
    given = dict(zip(NAMES, values, strict=True)) | {"LEGACY_DIR": str(BASE_DIR), "LEGACY_TIME_ZONE": "UTC"}
    loaded: dict[str, Any] = load(**given)
    assert loaded["ENVIRONMENT_PROBLEMS"] == []
    for name in ("STORAGE_BACKEND", "ENABLE_SERVICES", "MIGRATION_MODE", "AUTO_MIGRATE", "DATABASE_USED"):
        setattr(settings, name, loaded[name])
    return dict(columns)


@pytest.mark.parametrize("expected", STARTED, ids=named, indirect=True)
@pytest.mark.django_db
def test_moves_are_made_by_whom_the_table_names(expected: dict[str, str], settings: Settings) -> None:
    who = expected["who moves"].strip("`")
    if not settings.DATABASE_USED:
        assert who == "nobody"  # there is no row to move
        return
    users = components.get("users")
    try:
        requests.request(users, STAGES[1], 0, by="ann", reason="because")
        assert who != "nobody"
    except requests.ModeDisabled:
        assert who == "nobody"
    assert (who == "engine") == (_by_itself(STAGES[1]) != STAGES[1])


@pytest.mark.parametrize("expected", STARTED, ids=named, indirect=True)
def test_the_engine_goes_as_far_as_the_table_says(expected: dict[str, str]) -> None:
    far = expected["how far by itself"]
    if far == "-":
        assert [_by_itself(row) for row in STAGES] == list(STAGES)
        return
    stage, reads = re.findall(r"`([^`]+)`", far)
    assert _by_itself(STAGES[1]) == row(stage, reads)
    begun = "from the start" in far
    assert begun != ("once staff have begun" in far)
    assert _by_itself(STAGES[0]) == (row(stage, reads) if begun else STAGES[0])


def _by_itself(start: StageRow) -> StageRow:
    """Where the engine takes a component that stands there, if every gate holds."""
    now = start
    while True:
        step = advancing.next_step(ComponentState(name="users", stage=now.stage, reads=now.reads))
        if step is None:
            return now
        now = step.after


@pytest.mark.parametrize("expected", STARTED, ids=named, indirect=True)
@pytest.mark.django_db
def test_imports_are_made_as_the_table_says(bot: Bot, expected: dict[str, str], settings: Settings) -> None:
    bot.writes(user(1))
    imports = expected["imports"].strip("`")
    if not settings.DATABASE_USED:
        assert imports == "nothing"  # there is nothing to import into
        return
    assert (runs.refusal(components.get("users")) == "") == (imports != "nothing")
    assert {run.component_id for run in automatic.queue_runs()} >= {"users"} if imports == "changes" else True
    assert imports == "changes" or automatic.queue_runs() == []
