"""A component goes from stage to stage and back, and serves from whichever store is the authority."""

from __future__ import annotations

from uuid import uuid4

import pytest

from accounts.models import User
from migration_control.models import MoveRequest, Transition
from migration_control.moving import requests
from migration_control.moving.rows import By
from migration_control.moving.steps import take
from migration_control.runs import LeaseLost
from migration_control.stages import path
from tests.migration_control.moving.ground import DB_ONLY, DISABLED, DUAL_DATABASE, DUAL_JSON, Ground


def count_up(user: User) -> None:
    user.total_requests += 1


def test_the_whole_way_there_and_back_loses_nothing(ground: Ground) -> None:
    ground.records.create(User(user_id=1))
    for stage in (DUAL_JSON, DUAL_DATABASE, DB_ONLY, DUAL_DATABASE, DUAL_JSON, DISABLED, DUAL_JSON):
        # users share their file with subscriptions
        if stage is DB_ONLY:
            ground.move(DUAL_DATABASE, "subscriptions")
            ground.move(DUAL_DATABASE, "analytics")
        if stage is DUAL_JSON:
            ground.move(DISABLED, "subscriptions")
            ground.move(DISABLED, "analytics")
        ground.move(stage)
        ground.records.update(1, count_up)
        assert (ground.state().row, ground.fence().epoch) == (stage, ground.state().epoch)
    assert ground.records.get(1).total_requests == 7  # type: ignore[union-attr]
    assert ground.in_database(1).total_requests == ground.in_json(1).total_requests == 7
    assert ground.lag() == (0, 0)
    assert Transition.objects.filter(component="users").count() == 7


@pytest.mark.parametrize("stage", [DISABLED, DUAL_JSON, DUAL_DATABASE, DB_ONLY])
def test_every_call_serves_in_every_stage(ground: Ground, stage: object) -> None:
    if stage is DB_ONLY:
        ground.put(DUAL_DATABASE, "users", "subscriptions", "analytics")
    ground.move(stage)  # type: ignore[arg-type]
    records = ground.records
    for number in (1, 2, 3):
        records.create(User(user_id=number, faceit_player_id=f"player-{number}"))
    read = records.get(2)
    assert read is not None
    read.language = "en"
    records.save(read)
    records.update(3, count_up)
    records.delete(1)
    assert [user.pk for user in records.iterate()] == [2, 3]
    assert records.count() == 2
    assert [user.pk for user in records.find("faceit_player_id", "player-3")] == [3]
    assert {key: user.language for key, user in records.get_many([1, 2]).items()} == {2: "en"}
    records.create(User(user_id=1))
    assert records.update_many([1, 3], lambda changes: len(changes.records)) == 2


def test_a_worker_that_lost_its_request_commits_no_step(ground: Ground) -> None:
    asked = requests.request(ground.users, DUAL_JSON, ground.state().epoch, by="ann", reason="because")
    MoveRequest.objects.filter(pk=asked.pk).update(state=MoveRequest.State.RUNNING, token=uuid4())
    (step,) = path(DISABLED, DUAL_JSON)
    with pytest.raises(LeaseLost):
        take(ground.users, step, ground.state().epoch, By("ann", "because", request=asked))
    assert (ground.state().row, ground.fence().epoch) == (DISABLED, 0)
