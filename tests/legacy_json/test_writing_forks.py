"""An index that is open when the process forks."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from legacy_json.errors import IndexUnusable
from legacy_json.writing import Writer, commit
from tests.legacy_json.counting import HANG, countable
from tests.legacy_json.ours import USERS, Ours

fork = multiprocessing.get_context("fork")


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Ours]:
    """Closed, so that children may be forked."""
    yield from countable(tmp_path)


def _try(ours: Ours, pipe: Connection) -> None:
    try:
        ours.replace(USERS, 2, n=2)
    except IndexUnusable as error:
        pipe.send(str(error))
    else:
        pipe.send("written")


def _in_child(ours: Ours) -> str:
    here, there = fork.Pipe()
    child = fork.Process(target=_try, args=(ours, there))
    child.start()
    assert here.poll(HANG)
    child.join(HANG)
    return str(here.recv())


def test_a_fork_while_the_index_is_open_harms_neither_side(ours: Ours) -> None:
    ours.replace(USERS, 1, n=1)
    assert _in_child(ours) == "written"
    ours.replace(USERS, 1, n=3)
    assert [ours.document(USERS, key)["n"] for key in (1, 2)] == [3, 2]


def test_a_child_forked_within_a_commit_is_refused_and_the_commit_is_made(ours: Ours) -> None:
    def write(writer: Writer) -> None:
        writer.replace(USERS, 1, {"user_id": 1, "n": 1})
        assert "forked while" in _in_child(ours)
        writer.replace(USERS, 3, {"user_id": 3, "n": 3})

    with commit(ours.index, ours.places) as writer:
        write(writer)
    assert [ours.document(USERS, key)["n"] for key in (1, 2, 3)] == [1, 0, 3]
    assert _in_child(ours) == "written"
