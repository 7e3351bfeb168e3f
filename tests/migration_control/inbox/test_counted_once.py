"""One referral, one payment, one limit, hit by many and a crash: counted once, in both records or in neither."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from migration_control.inbox import settling
from migration_control.inbox.boxes import boxes
from subscriptions.models import Subscription
from tests.migration_control.inbox.paying import PAYER, STANDS, counted, pay, refer, stand
from tests.migration_control.moving.ground import DUAL_DATABASE, DUAL_JSON, Ground
from tests.migration_control.protocol.children import Child
from tests.migration_control.stores.worlds import in_threads
from tests.points import Point, after, before

LIMIT = 10
PLACES = pytest.mark.parametrize("where", STANDS)
FLOWS = pytest.mark.parametrize("act", [pay, refer])


@PLACES
@FLOWS
def test_fifty_callers_of_one_payment_count_it_once_in_both_records(
    ground: Ground, child: Callable[..., Child], where: str, act: Callable[[str], None]
) -> None:
    stand(ground, where)
    others = [child(act_many, act.__name__, ["one"] * 5) for _ in range(2)]
    assert in_threads(40, lambda number: act("one")) == []
    for other in others:
        other.result()
    settling.settle()
    assert (counted(), [box.count() for box in boxes()]) == ((1, 1), [0, 0])


def act_many(name: str, charges: list[str]) -> None:
    for charge in charges:
        {"pay": pay, "refer": refer}[name](charge)


@PLACES
def test_of_fifty_payments_each_counts_in_both_records(ground: Ground, where: str) -> None:
    stand(ground, where)
    assert in_threads(50, lambda number: pay(f"charge:{number % 25}")) == []
    settling.settle()
    assert counted() == (25, 25)


@PLACES
def test_a_limit_hit_by_fifty_callers_is_not_passed(ground: Ground, where: str) -> None:
    stand(ground, where)
    let_through: list[int] = []

    def take(number: int) -> None:
        def change(subscription: Subscription) -> None:
            if subscription.daily_requests < LIMIT:
                subscription.daily_requests += 1

        before_it = Subscription.records.update(PAYER, change, once=f"request:{number % 25}")
        let_through.append(before_it.daily_requests)

    assert in_threads(50, take) == []
    assert Subscription.records.get(PAYER).daily_requests == LIMIT  # type: ignore[union-attr]
    assert max(let_through) == LIMIT


POST, NOTE = "legacy_json.inbox.post", "legacy_json.effects.note"
DATABASE = "migration_control.stores.database.DatabaseStore"
INSERT = "migration_control.effects.insert"
SETTLING, BOXES = "migration_control.inbox.settling", "migration_control.inbox.boxes"


def points(source: str, target: str) -> list[Point]:
    """All that there is between the two records, on the way from that store to that one."""
    first = {
        "JSON": [after(NOTE), before(POST), after(POST)],
        "database": [
            after(INSERT),
            after(f"{DATABASE}._apply"),
            before(f"{DATABASE}._post"),
            after(f"{DATABASE}._post"),
        ],
    }
    between = [before(f"{SETTLING}.at_once"), before(f"{SETTLING}.apply")]
    passage = 2 if source == target else 1
    second = after(NOTE if target == "JSON" else INSERT, passage)
    removed = after(f"{BOXES}.{'IndexBox' if source == 'JSON' else 'DatabaseBox'}.done")
    return [*first[source], *between, second, after(f"{SETTLING}.apply"), removed]


ON_THE_WAY = [
    pytest.param(where, act, point, id=f"{where}, {act.__name__}: {point} {point.passage}")
    for where, act, source, target in (
        ("both in JSON", pay, "JSON", "JSON"),
        ("both in the database", pay, "database", "database"),
        ("one in each", pay, "database", "JSON"),
        ("one in each", refer, "JSON", "database"),
    )
    for point in points(source, target)
]


@pytest.mark.parametrize(("where", "act", "point"), ON_THE_WAY)
def test_whoever_is_killed_has_counted_in_both_records_or_in_neither(
    ground: Ground, child: Callable[..., Child], where: str, act: Callable[[str], None], point: Point
) -> None:
    stand(ground, where)
    child(act_many, act.__name__, ["one"], kills=[point]).dead()
    settling.settle()
    assert counted() in ((0, 0), (1, 1))
    act("one")
    settling.settle()
    assert (counted(), [box.count() for box in boxes()]) == ((1, 1), [0, 0])


@FLOWS
def test_moves_in_between_change_nothing_of_it(ground: Ground, act: Callable[[str], None]) -> None:
    """Callers repeat each payment while both components go to the database and back, one after the other."""
    stand(ground, "both in JSON")
    raised: list[BaseException] = []
    charges = [f"charge:{number}" for number in range(12)]
    stop = threading.Event()

    def go_on(number: int) -> None:
        while not stop.is_set():
            for charge in charges[number % 3 :]:
                act(charge)

    callers = threading.Thread(target=lambda: raised.extend(in_threads(6, go_on)))
    callers.start()
    try:
        for _ in range(2):
            for stage, names in ((DUAL_DATABASE, ("users", "subscriptions")), (DUAL_JSON, ("subscriptions", "users"))):
                for name in names:
                    ground.move(stage, name)
                    settling.settle()
    finally:
        stop.set()
        callers.join(60)
    assert raised == []
    settling.settle()
    assert (counted(), [box.count() for box in boxes()]) == ((12, 12), [0, 0])
