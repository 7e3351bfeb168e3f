"""Copies beside the index go after some time, but for those that somebody may still need."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from legacy_json import keeping, taking
from legacy_json.errors import StoreBusy
from legacy_json.renderer import rendering
from tests.legacy_json.apart import Apart, taken
from tests.legacy_json.ours import users

DAYS = timedelta(days=90)


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Apart]:
    made = taken(tmp_path)
    yield made
    made.index.close()


def pruned(ours: Apart, days: int) -> set[str]:
    """The kinds of copies that are gone when so many days have passed."""
    now = datetime.now(UTC) + timedelta(days=days)
    return {path.parent.name for path in keeping.prune(ours.index, ours.sources.values(), now, DAYS)}


def edited(ours: Apart) -> Path:
    """An edit that is a conflict; its kept copy."""
    (ours.root / "data.json").write_text(json.dumps(users(1, 2, 3, 4)))
    ours.renderer().flush(edits=True)
    return ours.home / ours.conflicts()[0].copy


def settle_all(ours: Apart) -> None:
    for conflict in ours.conflicts():
        ours.settle(conflict, take=False)


def test_the_copy_of_an_edit_stays_until_its_conflicts_are_settled(ours: Apart) -> None:
    copy = edited(ours)
    assert pruned(ours, 1000) == set()
    assert copy.exists()
    settle_all(ours)
    assert pruned(ours, 89) == set()
    assert copy.exists()
    assert pruned(ours, 91) == {"conflicts"}
    assert not copy.exists()


def test_originals_stay_as_long_as_the_file_is_ours(ours: Apart) -> None:
    kept = taking.originals(ours.index, ours.source())
    assert pruned(ours, 1000) == set()
    ours.give_back()
    assert pruned(ours, 89) == set()
    assert kept.exists()
    assert pruned(ours, 91) == {"originals"}
    assert not kept.exists()
    assert taking.originals(ours.index, ours.profiles).exists()


def test_originals_that_a_later_take_over_put_aside_go_and_its_own_stay(ours: Apart) -> None:
    ours.replace(ours.collections[0], 1, faceit_nickname="late")
    ours.give_back()
    ours.age()
    taking.take(ours.index, ours.root, ours.source(), datetime.now(UTC))
    assert pruned(ours, 91) == {"originals"}
    assert (taking.originals(ours.index, ours.source()) / "files" / "data.json").exists()
    assert pruned(ours, 1000) == set()


def test_what_a_restoring_displaced_goes_after_some_time(ours: Apart) -> None:
    taking.restore(ours.index, ours.root, ours.source(), datetime.now(UTC))
    displaced = ours.home / taking.DISPLACED
    assert pruned(ours, 89) == set()
    assert list(displaced.rglob("data.json"))
    assert "displaced" in pruned(ours, 91)
    assert not list(displaced.iterdir())


def test_nothing_goes_while_somebody_renders_or_takes_over(ours: Apart) -> None:
    edited(ours)
    settle_all(ours)
    with rendering(ours.index), pytest.raises(StoreBusy):
        pruned(ours, 91)
