"""Matches as they are stored from the API's documents, and found again by player. The same in every stage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from matches import services
from matches.models import Match, Player
from matches.services import BadDocument, listing, storing
from migration_control.given import BadInput
from migration_control.routing.records import Records
from tests.faceit.replies import (
    BENCHED,
    MATCH,
    PLAYER,
    SUBSTITUTE,
    details,
    item,
    other,
    other_id,
    reply,
    statistics,
)  # fmt: skip
from tests.migration_control.moving.ground import Ground

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def everything() -> tuple[dict[str, int], dict[str, Any]]:
    """Versions of all matches, and all lists."""
    matches = {match.match_id: match.version for match in Match.records.iterate()}
    return matches, {player.player_id: player.matches for player in Player.records.iterate()}


def ids(matches: list[Match]) -> list[str]:
    return [match.match_id for match in matches]


def test_three_documents_become_one_match(staged: Ground) -> None:
    services.store_history([item()], now=NOW)
    services.store_details(details(), now=NOW)
    stored = services.store_statistics(MATCH, statistics(), now=NOW)
    found = services.get(MATCH)
    assert found is not None
    assert Match.records.count() == 1
    assert (found.details, found.history, found.statistics) == (details(), item(), statistics())
    assert (found.status, found.map, found.faction1_score, found.faction2_score) == ("finished", "de_inferno", 13, 10)
    assert found.version == stored.version
    assert services.get(other_id(1)) is None


def test_the_same_again_writes_nothing(staged: Ground) -> None:
    services.store_details(details(), now=NOW)
    services.store_statistics(MATCH, statistics(), now=NOW)
    services.store_history([item()], now=NOW)
    before = everything()
    later = NOW + timedelta(days=1)
    services.store_history([item(), item()], now=later)
    services.store_statistics(MATCH, statistics(), now=later)
    services.store_details(details(), now=later)
    assert everything() == before


def test_an_older_copy_leaves_a_finished_match_as_it_is(staged: Ground) -> None:
    services.store_details(details(), now=NOW)
    before = everything()
    services.store_details(details() | {"status": "ONGOING", "finished_at": None}, now=NOW)
    assert everything() == before


def test_what_json_can_say_comes_back_as_it_came(staged: Ground) -> None:
    odd = {"match_id": MATCH, "status": "ONGOING", "a\0b": "\ud800", "big": 2**70, "π": [1.5, None, True, {"x": {}}]}
    services.store_details(odd, now=NOW)
    found = services.get(MATCH)
    assert found is not None
    assert found.details == odd


def test_a_history_of_a_hundred_takes_a_few_commits(staged: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    for name in ("get", "get_many", "update_many", "update", "create", "append", "save", "find"):
        monkeypatch.setattr(Records, name, _counting(calls, name, getattr(Records, name)))
    history = [other(item(), number) for number in range(100)]
    stored = services.store_history(history, now=NOW)
    assert calls == ["update_many", "update_many", "update_many"]  # the first finds that nobody is listed yet
    assert ids(stored) == [one["match_id"] for one in history]
    calls.clear()
    assert ids(services.recent(PLAYER, limit=20)) == [other_id(number) for number in range(99, 79, -1)]
    assert calls == ["get", "get_many"]
    calls.clear()
    services.store_history(history, now=NOW)
    assert calls == ["update_many"]
    services.store_details(details(), now=NOW)
    calls.clear()
    services.store_statistics(MATCH, statistics(), now=NOW)
    assert calls == ["update_many"]


def _counting(calls: list[str], name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def counted(*arguments: Any, **named: Any) -> Any:
        calls.append(name)
        return call(*arguments, **named)

    return counted


# A player's matches


def test_a_player_is_found_in_whatever_document_names_them(staged: Ground) -> None:
    services.store_history([other(item(), 1)], now=NOW)
    services.store_details(other(details(), 3), now=NOW)
    services.store_statistics(other_id(2), other(statistics(), 2), now=NOW)
    assert ids(services.recent(PLAYER, limit=10)) == [other_id(2), other_id(3), other_id(1)]  # statistics say no time
    assert ids(services.recent(SUBSTITUTE, limit=10)) == [other_id(2), other_id(3), other_id(1)]
    assert services.recent("nobody", limit=10) == []


def test_a_match_counts_for_those_who_played_it_once_that_is_known(staged: Ground) -> None:
    services.store_details(details(), now=NOW)
    assert ids(services.recent(BENCHED, limit=5)) == ids(services.recent(SUBSTITUTE, limit=5)) == [MATCH]
    services.store_statistics(MATCH, statistics(), now=NOW)
    assert services.recent(BENCHED, limit=5) == []
    assert ids(services.recent(SUBSTITUTE, limit=5)) == [MATCH]


def test_a_match_takes_its_place_once_it_says_when_it_was(staged: Ground) -> None:
    """Statistics say no time; until something does, the match stands where it was stored."""
    services.store_statistics(other_id(1), other(statistics(), 1), now=NOW)
    services.store_details(other(details(), 2), now=NOW)
    assert ids(services.recent(PLAYER, limit=5)) == [other_id(1), other_id(2)]
    services.store_details(other(details(), 1), now=NOW)
    assert ids(services.recent(PLAYER, limit=5)) == [other_id(2), other_id(1)]


def test_the_limit_is_the_callers(staged: Ground) -> None:
    services.store_history([other(item(), number) for number in range(30)], now=NOW)
    for limit in (1, 20, 25, 200):
        found = services.recent(PLAYER, limit=limit)
        assert ids(found) == [other_id(number) for number in range(29, -1, -1)][:limit]
    for wrong in (0, -1, True, "20", 2**64, None):
        with pytest.raises(BadInput):
            services.recent(PLAYER, limit=wrong)  # type: ignore[arg-type]
    for player in ("", "\0", "\ud800", "x" * 5_000_000, None, 7):
        with pytest.raises(BadInput):
            services.recent(player, limit=5)  # type: ignore[arg-type]


def test_a_list_is_bounded_and_keeps_the_latest(staged: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "KEPT", 5)
    services.store_history([other(item(), number) for number in range(8)], now=NOW)
    services.store_history([other(item(), 0)], now=NOW)
    assert ids(services.recent(PLAYER, limit=10)) == [other_id(number) for number in range(7, 2, -1)]
    assert Match.records.count() == 8


def test_who_is_killed_between_the_lists_and_the_match_leaves_no_match_that_no_list_has(
    staged: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*arguments: object, **named: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Match.records, "update_many", killed)
        with pytest.raises(Killed):
            services.store_details(details(), now=NOW)
    assert services.get(MATCH) is None
    assert services.recent(PLAYER, limit=5) == []  # an entry that leads nowhere is passed over
    services.store_details(other(details(), 1), now=NOW)
    assert ids(services.recent(PLAYER, limit=1)) == [other_id(1)]
    with monkeypatch.context() as patch:
        patch.setattr(Player.records, "update_many", killed)
        with pytest.raises(Killed):
            services.store_details(other(details(), 2), now=NOW)
    assert services.get(other_id(2)) is None
    services.store_details(details(), now=NOW)
    assert ids(services.recent(PLAYER, limit=5)) == [other_id(1), MATCH]


def test_a_match_that_is_cleaned_up_meanwhile_is_listed_again(staged: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    services.store_details(details(), now=NOW)
    enter = listing.enter

    def clean_up_between(*arguments: Any) -> None:
        enter(*arguments)
        monkeypatch.undo()
        assert services.clean_up(before=NOW) == 1

    monkeypatch.setattr(listing, "enter", clean_up_between)
    moved = details() | {"finished_at": details()["finished_at"] + 60}
    services.store_details(moved, now=NOW)
    assert ids(services.recent(PLAYER, limit=5)) == [MATCH]


def test_matches_that_came_without_lists_are_put_into_them(staged: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "BATCH", 2)
    for number in range(5):
        document = other(details(), number)
        Match.records.create(
            Match(match_id=other_id(number), details=document, finished_at=NOW + timedelta(hours=number))
        )
    assert services.recent(PLAYER, limit=5) == []
    for _ in range(2):
        assert services.list_players_anew(now=NOW).matches == 5
    assert ids(services.recent(PLAYER, limit=5)) == [other_id(number) for number in range(4, -1, -1)]


# What is refused


def _deep(levels: int) -> Any:
    found: Any = {}
    for _ in range(levels):
        found = {"a": [found]}
    return found


_many = [{"player_id": f"p{number}"} for number in range(101)]
DOCUMENTS: dict[str, Any] = {
    "nothing": None, "text": "x", "list": [details()], "no id": {}, "null id": {"match_id": None},
    "wrong id": {"match_id": "1-a"}, "number": {"match_id": 7}, "NUL": {"match_id": MATCH + "\0"},
    "not a number": details() | {"a": float("nan")}, "infinite": details() | {"a": 1e400},
    "no JSON": details() | {"a": object()}, "bytes": details() | {"a": b"x"}, "set": details() | {"a": {1}},
    "long number": details() | {"a": 10**5000}, "5 MB": details() | {"a": "x" * 5_000_000},
    "much": details() | {"a": list(range(500_000))}, "deep": details() | {"a": _deep(40)},
    "very deep": details() | {"a": _deep(100_000)},
    "crowd": details() | {"teams": {"faction1": {"roster": _many, "players": _many}}},
}  # fmt: skip


def test_what_is_no_document_of_a_match_changes_nothing(staged: Ground) -> None:
    services.store_details(details(), now=NOW)
    before = everything()
    for name, wrong in DOCUMENTS.items():
        for store in (
            lambda wrong: services.store_details(wrong, now=NOW),
            lambda wrong: services.store_history([other(item(), 1), wrong], now=NOW),
            lambda wrong: services.store_statistics(MATCH, wrong, now=NOW),
        ):
            with pytest.raises(BadDocument) as refused:
                store(wrong)
            assert len(str(refused.value)) < 300, name
    assert everything() == before


def test_statistics_of_another_match_or_of_none_are_refused(staged: Ground) -> None:
    documents: list[Any] = [
        other(statistics(), 1),
        {"rounds": []},
        {"rounds": [{}]},
        {"rounds": None},
        reply("player_details"),
    ]
    for wrong in documents:
        with pytest.raises(BadDocument):
            services.store_statistics(MATCH, wrong, now=NOW)
    for id in ("", "1-a", None, 7, MATCH + "\0", MATCH.upper()):
        with pytest.raises(BadDocument):
            services.store_statistics(id, statistics(), now=NOW)  # type: ignore[arg-type]
    histories: list[Any] = [None, "x", {"items": []}, [item()] * 101]
    for items in histories:
        with pytest.raises(BadDocument):
            services.store_history(items, now=NOW)
    assert everything() == ({}, {})
    assert services.store_history([], now=NOW) == []
    with pytest.raises(BadInput):
        services.get("1-a")
