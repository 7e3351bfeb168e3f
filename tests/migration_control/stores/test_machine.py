"""What Hypothesis finds to do to a store, a plain dict predicts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from legacy_json.index import Index
from tests.database import delete_rows
from tests.migration_control.stores import worlds
from tests.migration_control.stores.machine import StoreMachine
from tests.migration_control.stores.worlds import Kind, World

EXAMPLES = settings(max_examples=15, stateful_step_count=25, deadline=None)
KINDS = pytest.mark.parametrize("kind", [worlds.USERS, worlds.MATCHES], ids=lambda kind: kind.component)


def run(world: Callable[[], World]) -> None:
    class Machine(StoreMachine):
        def __init__(self) -> None:
            super().__init__(world)

    run_state_machine_as_test(Machine, settings=EXAMPLES)


@KINDS
def test_the_memory_store_holds_what_a_dict_would(kind: Kind) -> None:
    run(lambda: worlds.memory(kind))


@KINDS
@pytest.mark.django_db(transaction=True)
def test_the_database_store_holds_what_a_dict_would(kind: Kind) -> None:
    def empty() -> World:
        delete_rows()
        return worlds.database(kind)

    run(empty)


@KINDS
def test_the_json_store_holds_what_a_dict_would(kind: Kind, tmp_path: Path) -> None:
    opened: list[Index] = []

    def empty() -> World:
        for index in opened[-1:]:
            index.close()
        opened.append(Index(tmp_path / str(len(opened)) / "index.sqlite3"))
        return worlds.of_json(kind, opened[-1])

    run(empty)
