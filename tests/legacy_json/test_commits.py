"""The number of the last commit lies beside what waits: it rises with each commit, and costs no page of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from legacy_json.connections import PAGE
from legacy_json.writing import commit
from tests.legacy_json.ours import USERS, Ours, opened

FRAME = 24  # bytes before each page in SQLite's log


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Ours]:
    yield from opened(tmp_path)


def test_each_commit_has_the_next_number_whatever_it_writes(ours: Ours) -> None:
    before = ours.index.counter
    ours.replace(USERS, 1, user_id=1, n=1)
    ours.delete(USERS, 1)
    with commit(ours.index, ours.places):
        pass
    assert ours.index.counter == before + 3


def test_a_commit_that_is_cut_off_has_no_number(ours: Ours) -> None:
    before = ours.index.counter
    with pytest.raises(RuntimeError), commit(ours.index, ours.places) as writer:
        writer.replace(USERS, 1, {"user_id": 1, "n": 1})
        raise RuntimeError
    assert ours.index.counter == before


def test_what_is_not_shown_leaves_the_number_alone(ours: Ours) -> None:
    before = ours.index.counter
    with ours.index.write(shown=False) as (_, number):
        assert number == before
    assert ours.index.counter == before


def test_the_number_stays_when_nothing_waits_any_more(ours: Ours) -> None:
    ours.replace(USERS, 1, user_id=1, n=1)
    before = ours.index.counter
    ours.confirm(USERS)
    assert ours.index.count_pending("users") == 0
    assert ours.index.counter > before


def test_a_replace_writes_two_pages_the_record_and_what_waits(ours: Ours) -> None:
    ours.replace(USERS, 1, user_id=1, n=1)  # the file is to be rendered from here on
    ours.index.connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for n in range(2, 12):
        ours.replace(USERS, 1, user_id=1, n=n)
    log = ours.index.path.with_name(ours.index.path.name + "-wal")
    assert log.stat().st_size // (PAGE + FRAME) == 20
