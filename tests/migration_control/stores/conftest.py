"""A world for each store and each kind of record. Imports wait for the servers, as in the folder above."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.migration_control.stores.worlds import World

STORES = ("memory", "database", "json")
INTEGERS, TEXTS = ("users", "subscriptions"), ("matches", "conversations")
LISTS = ("conversations",)
UNIQUE, LOOKED_UP = INTEGERS, ("subscriptions", "matches")
MARKS = {"database": pytest.mark.django_db(transaction=True)}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """world: any store with any kind of record; unique_world, looked_up_world: kinds that have such fields;
    list_world: elements of lists."""
    worlds = (
        ("world", INTEGERS + TEXTS), ("unique_world", UNIQUE), ("looked_up_world", LOOKED_UP), ("list_world", LISTS),
    )  # fmt: skip
    for name, kinds in worlds:
        if name in metafunc.fixturenames:
            pairs = [
                pytest.param((store, kind), marks=MARKS.get(store, ()), id=f"{store}-{kind}")
                for store in STORES
                for kind in kinds
            ]
            metafunc.parametrize(name, pairs, indirect=True)


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    yield from _world(request)


@pytest.fixture
def unique_world(request: pytest.FixtureRequest) -> Iterator[World]:
    yield from _world(request)


@pytest.fixture
def list_world(request: pytest.FixtureRequest) -> Iterator[World]:
    yield from _world(request)


@pytest.fixture
def looked_up_world(request: pytest.FixtureRequest) -> Iterator[World]:
    yield from _world(request)


def _world(request: pytest.FixtureRequest) -> Iterator[World]:
    from legacy_json.index import Index
    from tests.migration_control.stores import worlds

    store, name = request.param
    (kind,) = (kind for kind in worlds.KINDS if kind.component == name)
    if store == "database":
        yield worlds.database(kind)
    elif store == "memory":
        yield worlds.memory(kind)
    else:
        index = Index(request.getfixturevalue("tmp_path") / "index.sqlite3")
        yield worlds.of_json(kind, index)
        index.close()
