"""What staff and a worker do about matches: old ones go at night, and lists are made anew."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from legacy_json.errors import NotOurs
from legacy_json.owners import Owner
from matches import services, tasks
from matches.models import Match, Player
from matches.services import listing, storing
from migration_control import components, store
from migration_control.routing.errors import DatabaseAway
from tests.faceit.replies import PLAYER, details, item, other
from tests.migration_control.moving.ground import Ground

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
END = datetime.fromtimestamp(details()["finished_at"], UTC)

one_stage = pytest.mark.parametrize("staged", ["disabled-json", "db-only-database"], indirect=True)


def command(*arguments: str) -> str:
    said = io.StringIO()
    call_command("players_relist", *arguments, stdout=said)
    return said.getvalue()


@one_stage
def test_a_worker_deletes_what_is_older_than_the_setting_says(
    staged: Ground, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.store_history([other(item(), number) for number in range(4)], now=NOW)
    settings.MATCH_RETENTION_DAYS = None
    assert tasks.clean_up() == 0
    settings.MATCH_RETENTION_DAYS = 30
    monkeypatch.setattr("matches.tasks.timezone.now", lambda: END + timedelta(days=30, hours=2))
    assert tasks.clean_up() == 2  # those of hour 0 and 1; that of hour 2 is not older
    assert tasks.clean_up() == 0
    assert Match.records.count() == 2


@pytest.mark.parametrize("staged", ["disabled-json", "disabled-json/db-only-database"], indirect=True)
def test_matches_that_the_bot_writes_stay_in_players_lists(
    staged: Ground, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which are ours in any case."""
    services.store_history([other(item(), number) for number in range(4)], now=NOW)
    listed = listing.listed(PLAYER)
    sources = store.sources_of(components.get("matches"))
    with staged.index.write() as (connection, _):
        connection.executemany(
            "UPDATE source SET owner = ? WHERE name = ?", [(Owner.LEGACY, source.name) for source in sources]
        )
    settings.MATCH_RETENTION_DAYS = 30
    monkeypatch.setattr("matches.tasks.timezone.now", lambda: END + timedelta(days=31))
    assert tasks.clean_up() == 0
    assert Match.records.count() == 4
    assert listing.listed(PLAYER) == listed


@pytest.mark.parametrize("error", [NotOurs("data.json"), DatabaseAway("matches")])
def test_what_a_worker_cannot_delete_now_stays_for_the_next_night(
    error: Exception, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MATCH_RETENTION_DAYS, settings.BOTS = 30, ["faceit"]

    def refused(**_: Any) -> int:
        raise error

    monkeypatch.setattr(services, "clean_up", refused)
    assert tasks.clean_up() == 0


def test_a_companion_bots_installation_has_no_matches(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MATCH_RETENTION_DAYS, settings.BOTS = 30, ["companion"]
    monkeypatch.setattr(services, "clean_up", pytest.fail)
    assert tasks.clean_up() == 0


@one_stage
def test_lists_are_made_anew_by_command(staged: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after an import, which brings matches without them."""
    monkeypatch.setattr(storing, "BATCH", 2)
    with monkeypatch.context() as patch:
        patch.setattr(listing, "enter", lambda *_: 0)
        services.store_history([other(item(), number) for number in range(3)], now=NOW)
    assert services.recent(PLAYER, limit=9) == []
    before = json.loads(command("--dry-run", "--json"))
    assert (before["matches"], before["dry_run"]) == (3, True)
    assert Player.records.count() == 0
    done = json.loads(command("--json"))
    assert done == before | {"dry_run": False}
    assert done["lists"] > 9
    assert len(services.recent(PLAYER, limit=9)) == 3
    versions = {player.player_id: player.version for player in Player.records.iterate()}
    assert command() == "3 matches were looked at; 0 lists of players lacked something, and have it now.\n"
    assert command("--dry-run") == "3 matches were looked at; 0 lists of players lack something.\n"
    assert {player.player_id: player.version for player in Player.records.iterate()} == versions


@one_stage
def test_what_stops_the_command_is_said_with_its_status(staged: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    services.store_details(details(), now=NOW)
    raised: list[BaseException] = [NotOurs("data.json"), DatabaseAway("players"), KeyboardInterrupt()]
    for error, status in zip(raised, (3, 1, 130), strict=True):

        def refused(*_: object, error: BaseException = error) -> int:
            raise error

        monkeypatch.setattr(listing, "enter", refused)
        with pytest.raises((CommandError, SystemExit)) as ended:
            call_command("players_relist", stdout=io.StringIO(), stderr=io.StringIO())
        assert getattr(ended.value, "returncode", getattr(ended.value, "code", None)) == status
