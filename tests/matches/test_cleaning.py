"""Old matches go, and the lists let go of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from matches import services
from matches.models import Match, Player
from matches.services import cleaning
from tests.faceit.replies import MATCH, PLAYER, details, item, other, other_id
from tests.migration_control.moving.ground import Ground

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
END = datetime.fromtimestamp(details()["finished_at"], UTC)


def left() -> set[str]:
    return {match.match_id for match in Match.records.iterate()}


def test_finished_matches_of_before_go_and_no_others(staged: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "BATCH", 2)
    services.store_history([other(item(), number) for number in range(7)], now=NOW)
    services.store_details(other(details(), 90, status="ONGOING", finished_at=None, started_at=1000000000), now=NOW)
    services.store_details({"match_id": other_id(91), "status": "FINISHED"}, now=NOW)  # nobody knows when
    assert services.clean_up(before=END + timedelta(hours=4)) == 4  # that of hour 4 is not before it
    assert left() == {other_id(number) for number in (4, 5, 6, 90, 91)}
    assert [match.match_id for match in services.recent(PLAYER, limit=9)] == [
        other_id(6), other_id(5), other_id(4), other_id(90),
    ]  # fmt: skip
    assert services.clean_up(before=END + timedelta(hours=4)) == 0


def test_a_list_that_is_empty_goes_too(staged: Ground) -> None:
    services.store_details(details(), now=NOW)
    assert Player.records.count() == 11
    services.clean_up(before=NOW)
    assert (Match.records.count(), Player.records.count()) == (0, 0)


def test_a_match_that_changed_since_it_was_looked_at_stays(staged: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    services.store_details(details(), now=NOW)
    update = Match.records.update_many

    def postponed(*arguments: Any, **named: Any) -> Any:
        monkeypatch.undo()
        services.store_details(details() | {"status": "CANCELLED"}, now=NOW)
        return update(*arguments, **named)

    monkeypatch.setattr(Match.records, "update_many", postponed)
    assert services.clean_up(before=NOW) == 0
    assert [match.match_id for match in services.recent(PLAYER, limit=9)] == [MATCH]


def test_who_is_killed_in_between_leaves_it_to_the_next(staged: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def killed(*arguments: object, **named: object) -> None:
        raise Killed

    services.store_details(details(), now=NOW)
    with monkeypatch.context() as patch:
        patch.setattr(Match.records, "update_many", killed)
        with pytest.raises(Killed):
            services.clean_up(before=NOW)
    assert services.clean_up(before=NOW) == 1
    assert (Match.records.count(), Player.records.count()) == (0, 0)
