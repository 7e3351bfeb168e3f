"""SCENARIO 46: whoever is killed in the middle has given, counted and taken once, in both records or in neither."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from migration_control.inbox import settling
from subscriptions import services
from subscriptions.errors import PaymentRefused
from subscriptions.models import Subscription
from tests.migration_control.inbox.paying import database_away
from tests.migration_control.protocol.children import Child
from tests.points import Point, after, before
from tests.subscriptions.scene import ANN, BOB, NOW, Scene, charge, days, has, statuses, time_of, waiting

DATABASE = "migration_control.stores.database.DatabaseStore"
CREDITING, PAYMENTS = "subscriptions.services.crediting", "subscriptions.services.payments"
SETTLING, CHARGES = "migration_control.inbox.settling", "subscriptions.services.charges"
NOTE, INSERT = "legacy_json.effects.note", "migration_control.effects.insert"
BOX = "migration_control.inbox.boxes"

IN_STORE = {
    "json": [after(NOTE), before("legacy_json.inbox.post"), after("legacy_json.inbox.post")],
    "database": [after(INSERT), after(f"{DATABASE}._apply"), before(f"{DATABASE}._post"), after(f"{DATABASE}._post")],
}
STAGES = ["disabled/json", "dual-write/json", "dual-write/database", "db-only/database"]
THROUGH = [
    after(f"{CHARGES}.row"), before("migration_control.inbox.acts.post"), after("migration_control.inbox.acts.post"),
    after(f"{PAYMENTS}._recorded"), before(f"{SETTLING}.at_once"), before(f"{CREDITING}.credit"),
]  # fmt: skip
BEHIND = [
    before(f"{SETTLING}.at_once", 2), before(f"{CHARGES}.note"), after(f"{CHARGES}.note"),
    after(f"{CREDITING}.credit"), after(f"{BOX}.DatabaseBox.done"),
]  # fmt: skip


def points(stage: str) -> list[Point]:
    return [*THROUGH, *IN_STORE[stage.partition("/")[2]], *BEHIND]


RECEIVING = [
    pytest.param(stage, point, id=f"{stage}: {point} {point.passage}") for stage in STAGES for point in points(stage)
]


def pay() -> None:
    services.receive(charge(), now=NOW)


def pay_back() -> None:
    services.refund("stxABC_1", now=NOW)


def settle() -> None:
    for _ in range(3):
        settling.settle(2e9)


@pytest.mark.parametrize(("stage", "point"), RECEIVING)
def test_a_payment_cut_off_anywhere_is_given_once(
    json_scene: Scene, child: Callable[..., Child], stage: str, point: Point
) -> None:
    json_scene.stand(stage)
    json_scene.join(ANN)
    child(pay, kills=[point]).dead()
    settle()
    # Either it never was, and the caller brings it again, or it is given without anybody's doing.
    if statuses():
        assert (has(ANN).expires_at, statuses()) == (NOW + days(30), {"stxABC_1": "completed"})
    else:
        assert Subscription.records.get(ANN) is None
    pay()
    settle()
    assert (has(ANN).expires_at, statuses(), waiting()) == (NOW + days(30), {"stxABC_1": "completed"}, [0, 0])


TAKING = [
    after(f"{PAYMENTS}._refunded"), before(f"{SETTLING}.at_once"), before(f"{CREDITING}.credit"),
    before(f"{CREDITING}.take_back"), after(f"{CREDITING}._take"), after(f"{CREDITING}.take_back"),
    after(f"{BOX}.DatabaseBox.done"),
]  # fmt: skip


@pytest.mark.parametrize("stage", ["dual-write/json", "db-only/database"])
@pytest.mark.parametrize(
    ("point", "given_before"),
    [
        pytest.param(point, given, id=f"{point}-{'given' if given else 'not given yet'}")
        for point in TAKING
        for given in (True, False)
        if not (given and point.function.endswith(".credit"))  # what was given is not given anew
    ],
)
def test_a_refund_cut_off_anywhere_takes_once(
    json_scene: Scene, child: Callable[..., Child], stage: str, point: Point, *, given_before: bool
) -> None:
    json_scene.stand(stage)
    json_scene.subscribe(ANN, tier="premium", expires_at=NOW + days(5))
    with pytest.MonkeyPatch.context() as patch:
        if not given_before:
            patch.setattr(f"{SETTLING}.at_once", lambda entries: None)
        pay()
    child(pay_back, kills=[point]).dead()
    settle()
    pay_back()
    settle()
    assert (time_of(ANN), statuses(), waiting()) == (
        ("premium", NOW + days(5), None), {"stxABC_1": "refunded"}, [0, 0],
    )  # fmt: skip


def pay_while_away() -> None:
    from django.db import connection

    connection.settings_dict.update(HOST="/nonexistent", PORT="1")
    pay()


AWAY = {
    "dual-write/json": [
        before(f"{CREDITING}.credit"), *IN_STORE["json"], before(f"{SETTLING}.at_once"), after(f"{CREDITING}.credit"),
    ],
    "dual-write/database": [
        before("migration_control.inbox.acts.keep"), before("legacy_json.inbox.post"), after("legacy_json.inbox.post"),
        after("migration_control.inbox.acts.keep"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("stage", "point"),
    [pytest.param(stage, point, id=f"{stage}: {point}") for stage, found in AWAY.items() for point in found],
)
def test_a_payment_cut_off_while_the_database_is_away_is_given_once(
    json_scene: Scene, child: Callable[..., Child], stage: str, point: Point
) -> None:
    json_scene.stand(stage)
    json_scene.join(ANN)
    child(pay_while_away, kills=[point]).dead()
    settle()
    pay()
    settle()
    assert (has(ANN).expires_at, statuses(), waiting()) == (NOW + days(30), {"stxABC_1": "completed"}, [0, 0])


REFUSING = [
    before(f"{CREDITING}.refuse"), after(NOTE, 2), after("legacy_json.inbox.post"), after(f"{CREDITING}.refuse"),
    before(f"{CHARGES}.note"),
]  # fmt: skip


@pytest.mark.parametrize("point", REFUSING, ids=str)
def test_a_refusal_cut_off_anywhere_stands_while_the_database_is_away(
    json_scene: Scene, child: Callable[..., Child], point: Point
) -> None:
    json_scene.stand("dual-write/json")
    child(pay, kills=[point]).dead()
    settle()
    json_scene.join(ANN)
    with database_away(), pytest.raises(PaymentRefused):
        pay()
    settle()
    assert (Subscription.records.get(ANN), statuses(), waiting()) == (None, {"stxABC_1": "failed"}, [0, 0])


def refer() -> None:
    services.apply_referral(BOB, "CODE2345", now=NOW)


@pytest.mark.parametrize(
    ("stage", "point"),
    [
        pytest.param(stage, point, id=f"{stage}: {point}")
        for stage in STAGES
        for point in (
            [after(NOTE), before("legacy_json.writing.Writer.finish"), after("legacy_json.writing.Writer.finish")]
            if stage.endswith("json")
            else [
                after(INSERT),
                before(f"{DATABASE}._update"),
                after(f"{DATABASE}._update"),
                after(f"{DATABASE}._apply"),
            ]
        )
    ],
)
def test_a_referral_cut_off_anywhere_counts_in_both_records_or_in_neither(
    json_scene: Scene, child: Callable[..., Child], stage: str, point: Point
) -> None:
    json_scene.stand(stage)
    json_scene.subscribe(ANN, referral_code="CODE2345")
    json_scene.subscribe(BOB)
    child(refer, kills=[point]).dead()
    counted = [(NOW + days(30), 1), (NOW + days(7), 0)]
    found = [(has(user_id).expires_at, has(user_id).referrals_count) for user_id in (ANN, BOB)]
    assert found in (counted, [(None, 0)] * 2)
    if found != counted:
        refer()
    assert [(has(user_id).expires_at, has(user_id).referrals_count) for user_id in (ANN, BOB)] == counted
