"""A drain's transactions are as long as those who stand behind them can bear, and longer while nobody does."""

from __future__ import annotations

import pytest
from django.db import transaction

from legacy_json.writing import commit
from migration_control import store
from migration_control.mirroring import draining_to_database as draining
from migration_control.mirroring.draining_to_database import CALM, FEWEST, ROWS, SECONDS, Pace, drain, somebody_waits
from migration_control.models import ComponentState
from migration_control.prepare import Prepared
from tests.migration_control.moving.asking import aside
from tests.migration_control.moving.ground import DUAL_JSON, Ground
from tests.migration_control.protocol import acts


def settled(per_record: float, *, waited: bool, begin: int = FEWEST, steps: int = 30, each: float = 0.0) -> int:
    """Where it comes to, if a transaction takes so long for each record, and so long besides."""
    pace = Pace(begin)
    for _ in range(steps):
        pace.note(pace.records, each + pace.records * per_record, waited=waited)
    return pace.records


def test_it_grows_by_halves_up_to_the_largest() -> None:
    pace, seen = Pace(FEWEST), list[int]()
    for _ in range(8):
        pace.note(pace.records, 0.001, waited=False)
        seen.append(pace.records)
    assert seen == [150, 225, 337, 505, 757, ROWS, ROWS, ROWS]


@pytest.mark.parametrize("waited", [True, False])
def test_it_comes_to_what_fits(*, waited: bool) -> None:
    seconds = SECONDS if waited else CALM
    per_record = seconds / 400
    for begin in (FEWEST, ROWS):
        assert abs(settled(per_record, waited=waited, begin=begin) - 400) <= 1


def test_it_is_never_below_the_fewest_however_slow() -> None:
    assert settled(1.0, waited=True) == settled(1.0, waited=False) == FEWEST


def test_one_that_has_made_somebody_wait_is_followed_by_a_short_one_at_once() -> None:
    pace = Pace(ROWS)
    pace.note(ROWS, CALM, waited=True)
    assert pace.records == int(ROWS * SECONDS / CALM)


def test_where_each_transaction_costs_much_in_itself_it_grows_while_nobody_waits() -> None:
    """A slow disk: by a limit of SECONDS alone it would stay at the fewest, several times slower in all."""
    assert settled(0.00005, waited=False, each=0.05) > 8 * FEWEST
    assert settled(0.00005, waited=True, each=0.05) == FEWEST


def test_who_waits_for_this_very_transaction_is_seen(ground: Ground) -> None:
    state = ComponentState.objects.filter(name="users")
    with transaction.atomic():
        state.update(copies=1)
        assert not somebody_waits()
        waiting = aside(lambda: state.update(copies=2))
        acts.until(somebody_waits, "the other's turn")
    waiting.join()
    assert ground.state().copies == 2


def test_a_drain_asks_before_each_commit_and_goes_by_it(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    ground.move(DUAL_JSON)
    with commit(ground.index, store.places()) as writer:
        for number in range(900):
            writer.create(ground.users.collection, number + 1, {"user_id": number + 1})
    answers, sizes = iter([False, False, True, True, True, True, True, True]), list[int]()
    copied = draining.copied

    def measured(component: object, prepared: Prepared, *rest: object) -> object:
        sizes.append(len(prepared.batch.records))
        return copied(component, prepared, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(draining, "copied", measured)
    monkeypatch.setattr(draining, "somebody_waits", lambda: next(answers))
    monkeypatch.setattr(draining, "CALM", 1000.0)
    monkeypatch.setattr(draining, "SECONDS", 0.0)
    assert drain(ground.users, ground.index).copied == 900
    assert sizes == [100, 150, 225, 100, 100, 100, 100, 25]
