"""A subscription is a user's: without the user it counts for nothing, and it goes with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from legacy_json.errors import KeyReserved
from legacy_json.index import State
from migration_control.inbox import settling
from migration_control.routing.errors import DatabaseAway
from subscriptions import services
from subscriptions.errors import NoSuchPayer, UnknownCode, UnknownUser
from subscriptions.models import Subscription
from subscriptions.services import records
from tests.points import Points, after
from tests.subscriptions.scene import ANN, BOB, NOW, STAGES, Scene, charge, has, waiting

CALLS: dict[str, Callable[[], Any]] = {
    "may_request": lambda: services.may_request(ANN, now=NOW).code,
    "check_and_count": lambda: services.check_and_count(ANN, now=NOW).code,
    "allows": lambda: services.allows(ANN, "match_analysis", now=NOW).code,
    "count": lambda: services.count(ANN, now=NOW),
    "upgrade": lambda: services.upgrade(ANN, "pro", now=NOW),
    "referral_code": lambda: services.referral_code(ANN, now=NOW),
    "apply_referral": lambda: services.apply_referral(ANN, "BBBB2222", now=NOW),
}


def outcome(call: Callable[[], Any]) -> str:
    try:
        return str(call())
    except UnknownUser as error:
        return error.code


def test_one_without_a_user_is_nobodys(scene: Scene) -> None:
    version = Subscription.records.create(Subscription(user_id=ANN, tier="pro", referral_code="AAAA2222")).version
    scene.subscribe(BOB, referral_code="BBBB2222")
    assert {name: outcome(call) for name, call in CALLS.items()} == dict.fromkeys(CALLS, "unknown-user")
    with pytest.raises(UnknownCode):
        services.apply_referral(BOB, "AAAA2222", now=NOW)
    with pytest.raises(NoSuchPayer):
        services.receive(charge(), now=NOW)
    assert has(ANN).version == version


def test_it_goes_with_its_user_and_does_not_come_again(scene: Scene) -> None:
    scene.subscribe(ANN, tier="pro", daily_requests=3, last_reset_date=NOW)
    assert services.check_and_count(ANN, now=NOW).used == 4
    User.records.delete(ANN)
    assert Subscription.records.get(ANN) is None
    assert {name: outcome(call) for name, call in CALLS.items() if name != "apply_referral"} == dict.fromkeys(
        set(CALLS) - {"apply_referral"}, "unknown-user"
    )
    assert Subscription.records.count() == 0
    scene.join(ANN)
    assert services.check_and_count(ANN, now=NOW).used == 1


def test_whichever_store_has_it_once_the_user_is_gone(json_scene: Scene) -> None:
    """Users have moved to the database, subscriptions not yet."""
    json_scene.ground.put(STAGES["dual-write/json"], "users", "subscriptions")
    json_scene.ground.put(STAGES["dual-write/database"], "users")
    json_scene.subscribe(ANN, tier="pro")
    json_scene.subscribe(BOB, tier="pro")
    User.records.delete(ANN)
    settling.settle()
    assert [Subscription.records.get(user) is None for user in (ANN, BOB)] == [True, False]
    assert waiting() == [0, 0]


def test_one_that_is_made_while_its_user_is_deleted_goes_too(scene: Scene, points: Points) -> None:
    scene.join(ANN)
    points.act(after("subscriptions.services.records.is_known"), lambda: User.records.delete(ANN))
    services.count(ANN, now=NOW)
    assert Subscription.records.count() == 0


def test_one_that_somebody_changes_while_it_is_to_go_goes_too(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.join(ANN)
    known, asked = records.is_known, list[int]()

    def looked_at(user_id: int) -> bool:
        asked.append(user_id)
        found = known(user_id)
        if len(asked) == 1:
            User.records.delete(user_id)
        if len(asked) == 2:
            services.count(user_id, now=NOW)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(records, "is_known", looked_at)
        services.count(ANN, now=NOW)
    assert Subscription.records.get(ANN) is None
    assert services.check_and_count(ANN, now=NOW).code == "unknown-user"
    assert Subscription.records.get(ANN) is None


def test_a_user_who_was_seen_is_not_asked_for_at_each_request(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.subscribe(ANN)
    services.check_and_count(ANN, now=NOW)
    monkeypatch.setattr(records, "is_known", lambda user_id: pytest.fail("asked again"))
    assert services.check_and_count(ANN, now=NOW).used == 2
    assert services.may_request(ANN, now=NOW).used == 2


def test_so_many_are_remembered(json_scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "SEEN", 1)
    monkeypatch.setattr(records, "_seen", {})
    json_scene.join(ANN, BOB)
    assert [records.is_known(user) for user in (ANN, BOB, ANN)] == [True] * 3
    assert len(records._seen) == 1


def test_a_user_in_quarantine_is_one_and_keeps_what_they_have(json_scene: Scene) -> None:
    json_scene.subscribe(ANN, tier="premium")
    json_scene.join(BOB)
    with json_scene.ground.index.write() as (connection, _):
        connection.execute("UPDATE record SET state = ? WHERE component = 'users'", (State.QUARANTINED,))
    assert services.may_request(ANN, now=NOW).limit == 100
    assert services.check_and_count(ANN, now=NOW).used == 1
    with pytest.raises(KeyReserved):
        services.check_and_count(BOB, now=NOW)


def test_a_look_that_fails_after_the_commit_fails_nobody(json_scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(user_id: int) -> None:
        raise DatabaseAway("subscriptions")

    json_scene.join(ANN)
    monkeypatch.setattr(records, "forget", away)
    assert services.check_and_count(ANN, now=NOW).used == 1
