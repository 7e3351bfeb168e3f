"""SCENARIO 46: of many who ask at once as many are allowed as were left: in each stage, across moves and kill -9."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from pytest_django import Settings

from legacy_json.fences import FenceState
from subscriptions import services
from tests.migration_control.protocol.children import Child
from tests.migration_control.stores.worlds import in_threads
from tests.points import Point, after, before
from tests.subscriptions.scene import ANN, NOW, STAGES, Scene, has

LIMIT, USED = 10, 3
DATABASE = "migration_control.stores.database.DatabaseStore"


def ask(times: int = 1) -> int:
    """How often it was allowed."""
    return sum(services.check_and_count(ANN, now=NOW).allowed for _ in range(times))


@pytest.mark.parametrize("has_one", [True, False], ids=["a subscription", "none yet"])
def test_of_fifty_callers_so_many_are_allowed_as_were_left(
    scene: Scene, child: Callable[..., Child], *, has_one: bool
) -> None:
    if has_one:
        scene.subscribe(ANN, daily_requests=USED, last_reset_date=NOW)
    else:
        scene.join(ANN)
    others = [child(ask, 5) for _ in range(2)]
    allowed: list[int] = []
    assert in_threads(40, lambda _: allowed.append(ask())) == []
    total = sum(allowed) + sum(other.result() for other in others)
    assert (total, has(ANN).daily_requests) == (LIMIT - USED if has_one else LIMIT, LIMIT)


def test_callers_at_work_while_the_components_move_there_and_back_are_allowed_the_limit(
    json_scene: Scene, settings: Settings
) -> None:
    limit = 200
    settings.DAILY_REQUESTS = {"free": limit, "premium": limit, "pro": limit}
    json_scene.join(ANN)
    allowed: list[int] = []
    raised: list[BaseException] = []
    stop = threading.Event()

    def go_on(_: int) -> None:
        while not stop.is_set():
            allowed.append(ask())

    callers = threading.Thread(target=lambda: raised.extend(in_threads(6, go_on)))
    callers.start()
    try:
        for stage in ("dual-write/json", "dual-write/database", "db-only/database", "dual-write/database"):
            json_scene.stand(stage)
        for name in ("subscriptions", "users"):
            json_scene.ground.put(STAGES["dual-write/json"], name)
        for name in ("users", "subscriptions"):
            json_scene.ground.put(STAGES["dual-write/database"], name)
    finally:
        stop.set()
        callers.join(60)
    assert raised == []
    allowed.append(ask(limit + 1))
    assert (sum(allowed), has(ANN).daily_requests) == (limit, limit)


KILLS: dict[str, list[tuple[Point, int]]] = {  # with how many requests it has counted by then
    "json": [
        (before("legacy_json.writing.Writer.finish"), 0), (after("legacy_json.writing.Writer.finish"), 0),
        (after("migration_control.stores.json.JsonStore.update_many"), 1),
    ],
    "database": [
        (before(f"{DATABASE}._apply"), 0), (after(f"{DATABASE}._apply"), 0), (after(f"{DATABASE}.update_many"), 1),
    ],
}  # fmt: skip


def test_who_is_killed_leaves_the_count_right(scene: Scene, child: Callable[..., Child]) -> None:
    scene.subscribe(ANN, daily_requests=USED, last_reset_date=NOW)
    store = "json" if has_json_authority(scene) else "database"
    counted = USED
    for point, more in KILLS[store]:
        child(ask, kills=[point]).dead()
        counted += more
        assert has(ANN).daily_requests == counted
    allowed: list[int] = []
    assert in_threads(50, lambda _: allowed.append(ask())) == []
    assert (sum(allowed), has(ANN).daily_requests) == (LIMIT - counted, LIMIT)


def has_json_authority(scene: Scene) -> bool:
    return scene.ground.fence("subscriptions").state is FenceState.OPEN
