"""Time runs out: whoever is made free is told so once, whoever made them free."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_django import Settings

from migration_control.routing.errors import Moving
from subscriptions import services
from subscriptions.services import expiring
from tests.migration_control.stores.worlds import in_threads
from tests.subscriptions.scene import ANN, BOB, CAT, NOW, Scene, days, has, time_of

MONTH = days(30)
AGAIN = expiring.AGAIN


def put_three(scene: Scene) -> None:
    scene.subscribe(ANN, tier="premium", expires_at=NOW - days(1), auto_renew=True, daily_requests=3, referral_code="A")
    scene.subscribe(BOB, tier="pro", expires_at=NOW + days(1))
    scene.subscribe(CAT, tier="free", expires_at=NOW - days(9))


def test_whose_time_is_over_becomes_free_and_is_named_once(scene: Scene) -> None:
    put_three(scene)
    assert services.expire(now=NOW) == [ANN]
    assert services.expire(now=NOW) == []
    found = has(ANN)
    assert (found.tier, found.expires_at, found.daily_requests, found.referral_code) == ("free", NOW - days(1), 3, "A")
    assert has(BOB).tier == "pro"
    assert services.expire(now=NOW + days(1)) == [BOB]


def test_two_at_it_name_each_user_once(scene: Scene) -> None:
    people = [ANN + number for number in range(12)]
    for user_id in people:
        scene.subscribe(user_id, tier="premium", expires_at=NOW - days(1))
    named: list[int] = []
    assert in_threads(4, lambda _: named.extend(services.expire(now=NOW))) == []
    assert sorted(named) == people


def test_who_renews_while_expiry_looks_keeps_what_was_paid_for(json_scene: Scene, points: Any) -> None:
    from tests.points import before

    json_scene.subscribe(ANN, tier="premium", expires_at=NOW)
    points.act(before("subscriptions.services.expiring._alter"), lambda: services.upgrade(ANN, "premium", now=NOW))
    assert services.expire(now=NOW) == []
    assert time_of(ANN)[:2] == ("premium", NOW + MONTH)


def test_what_fails_midway_leaves_nobody_who_was_made_free_unnamed(
    json_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for user in (ANN, BOB, CAT):
        json_scene.subscribe(user, tier="premium", expires_at=NOW)
    expire, asked = expiring._alter, list[int]()

    def third_fails(user_id: int, act: expiring.Act) -> bool:
        asked.append(user_id)
        if len(asked) == 3:
            raise Moving("subscriptions", 1.0)
        return expire(user_id, act)

    monkeypatch.setattr(expiring, "_alter", third_fails)
    first = services.expire(now=NOW)
    assert first == asked[:2]
    assert sorted(first + services.expire(now=NOW)) == sorted([ANN, BOB, CAT])
    asked[:] = [0, 0]
    services.upgrade(BOB, "premium", days=1, now=NOW)
    with pytest.raises(Moving):
        services.expire(now=NOW + days(1))


def test_the_task_expires_and_gives_way_to_a_bot_that_writes_its_own_file(
    json_scene: Scene, settings: Settings
) -> None:
    from subscriptions.tasks import expire_subscriptions

    json_scene.subscribe(ANN, tier="premium", expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    with json_scene.ground.index.write() as (connection, _):
        connection.execute("UPDATE source SET owner = 'bot'")
    assert expire_subscriptions() == 0
    with json_scene.ground.index.write() as (connection, _):
        connection.execute("UPDATE source SET owner = 'switchyard'")
    assert expire_subscriptions() == 1
    settings.BOTS = ["companion"]
    assert expire_subscriptions() == 0


# Who is told


def test_who_was_made_free_is_named_to_whoever_tells_them_once(scene: Scene) -> None:
    put_three(scene)
    assert services.expire(now=NOW) == [ANN]  # as the beat does, before anybody asks
    assert services.of(ANN, now=NOW).expires_at is None
    assert services.run_out(now=NOW) == [ANN]
    assert services.run_out(now=NOW) == []
    services.told([ANN])
    assert services.run_out(now=NOW + AGAIN) == []
    assert (time_of(ANN)[:2], has(ANN).extra) == (("free", None), {})
    assert services.run_out(now=NOW + days(1)) == [BOB]  # nobody else has made that one free


def test_whoever_dies_before_telling_leaves_them_to_the_next_one(scene: Scene) -> None:
    put_three(scene)
    assert services.run_out(now=NOW) == [ANN]
    assert services.run_out(now=NOW + AGAIN * 0.99) == []
    assert services.run_out(now=NOW + AGAIN) == [ANN]
    services.told([ANN, BOB, CAT + 1])
    assert services.run_out(now=NOW + 2 * AGAIN) == []


def test_of_several_who_tell_one_has_each(scene: Scene) -> None:
    people = [ANN + number for number in range(12)]
    for user_id in people:
        scene.subscribe(user_id, tier="premium", expires_at=NOW - days(1))
    named: list[int] = []
    assert in_threads(4, lambda _: named.extend(services.run_out(now=NOW))) == []
    assert sorted(named) == people


def test_who_buys_anew_before_being_told_is_not_named_and_keeps_it(scene: Scene) -> None:
    scene.subscribe(ANN, tier="premium", expires_at=NOW)
    scene.subscribe(BOB, tier="premium", expires_at=NOW)
    services.expire(now=NOW)
    services.upgrade(ANN, "premium", now=NOW)
    assert services.run_out(now=NOW) == [BOB]
    services.upgrade(BOB, "premium", now=NOW)
    services.told([ANN, BOB])
    assert [time_of(user)[:2] for user in (ANN, BOB)] == [("premium", NOW + MONTH)] * 2
    assert has(BOB).extra == {}


def test_nobody_is_told_of_what_was_long_ago(json_scene: Scene, settings: Settings) -> None:
    put_three(json_scene)
    settings.EXPIRY_TOLD_DAYS = 9
    assert services.run_out(now=NOW) == [ANN]
    settings.EXPIRY_TOLD_DAYS = 10
    assert services.run_out(now=NOW) == [CAT]


def test_whom_a_clock_that_was_ahead_took_is_told_all_the_same(json_scene: Scene) -> None:
    json_scene.subscribe(ANN, tier="premium", expires_at=NOW - days(1))
    assert services.run_out(now=NOW + AGAIN) == [ANN]
    assert services.run_out(now=NOW) == []
    assert services.run_out(now=NOW - AGAIN / 2) == [ANN]
