"""Each call gives the same in every stage, and what it refuses changes no store."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from accounts import services
from accounts.errors import AccountTaken, BadLanguage, BadNickname, BadPlayer, UnknownUser
from accounts.models import User
from legacy_json.errors import KeyReserved
from legacy_json.index import State
from migration_control import store
from migration_control.given import BadInput
from migration_control.models import Finding
from migration_control.service_errors import ServiceError
from tests.migration_control.moving.ground import Ground

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)


def everything() -> list[tuple[Any, ...]]:
    """Every user, with its version."""
    return [
        (u.user_id, u.version, u.faceit_player_id, u.faceit_nickname, u.language, u.total_requests, u.last_active_at)
        for u in User.records.iterate()
    ]


def test_a_user_comes_to_be_once_and_is_found_again(staged: Ground) -> None:
    user, created = services.get_or_create(5, now=NOW, language="EN")
    assert (user.user_id, user.language, user.created_at, user.last_active_at, created) == (5, "en", NOW, NOW, True)
    again, created = services.get_or_create(5, now=LATER, language="ru")
    assert (again.language, again.created_at, again.version, created) == ("en", NOW, user.version, False)
    found = services.get(5)
    assert found is not None
    assert found.language == "en"
    assert services.get(6) is None


def test_fifty_callers_at_once_make_one_user(staged: Ground) -> None:
    start, made, failed = threading.Barrier(50), list[bool](), list[BaseException]()

    def call() -> None:
        try:
            start.wait()
            made.append(services.get_or_create(5, now=NOW)[1])
        except BaseException as error:  # noqa: BLE001 - of a thread, to be seen
            failed.append(error)
        finally:
            connection.close()
            store.index().close()

    threads = [threading.Thread(target=call) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert (len(made), sum(made), User.records.count()) == (50, 1, 1)


def test_a_key_in_quarantine_says_so_and_gets_no_empty_twin(staged: Ground) -> None:
    with staged.index.write() as (sqlite, counter):
        sqlite.execute(
            "INSERT INTO record (component, key, version, state, odd, changed, file, ordinal, document)"
            " VALUES ('users', 5, 0, ?, 0, ?, 0, 0, ?)", (State.QUARANTINED, counter, b'{"user_id": 5}'),
        )  # fmt: skip
        sqlite.execute(
            "INSERT INTO finding (component, key, source, phase, outcome, code, detail)"
            " VALUES ('users', 5, 'data.json', 'mapping', 'quarantined', 'x', 'no row holds it')"
        )
    Finding.objects.create(
        component_id="users", key="5", source="data.json", phase="mapping", outcome="quarantined", code="x",
        detail="no row holds it",
    )  # fmt: skip
    for call in (services.get_or_create, services.touch, services.count_request):
        with pytest.raises(KeyReserved, match="no row holds it"):
            call(5, now=NOW)
    assert everything() == []


def test_an_account_is_linked_and_unlinked(staged: Ground) -> None:
    services.get_or_create(5, now=NOW)
    services.set_preferences(5, waiting_for_nickname=True)
    linked = services.link(5, nickname=" s1mple_-X ", player_id="player-1", now=LATER)
    assert (linked.faceit_nickname, linked.faceit_player_id) == ("s1mple_-X", "player-1")
    assert (linked.waiting_for_nickname, linked.last_active_at) == (False, LATER)
    assert [user.user_id for user in services.linked()] == [5]
    again = services.link(5, nickname="s1mple_-X", player_id="player-1", now=LATER + timedelta(days=1))
    assert (again.version, again.last_active_at) == (linked.version, LATER)
    services.set_last_checked_match(5, "1-abc")
    renamed = services.link(5, nickname="other", player_id="player-1", now=LATER)
    assert (renamed.faceit_nickname, renamed.last_checked_match_id) == ("other", "1-abc")
    moved = services.link(5, nickname="third", player_id="player-2", now=LATER)
    assert (moved.faceit_player_id, moved.last_checked_match_id) == ("player-2", None)
    gone = services.unlink(5, now=LATER)
    assert (gone.faceit_player_id, gone.faceit_nickname) == (None, None)
    assert services.unlink(5, now=LATER).version == gone.version
    assert list(services.linked()) == []


def test_an_account_belongs_to_one_user(staged: Ground) -> None:
    for number in (5, 6):
        services.get_or_create(number, now=NOW)
    services.link(5, nickname="one", player_id="player-1", now=NOW)
    before = everything()
    with pytest.raises(AccountTaken, match="another user") as refusal:
        services.link(6, nickname="one", player_id="player-1", now=LATER)
    assert refusal.value.code == "account-taken"
    assert refusal.value.facts == {"user_id": 6, "nickname": "one"}
    assert everything() == before
    services.unlink(5, now=NOW)
    assert services.link(6, nickname="one", player_id="player-1", now=NOW).user_id == 6


def test_of_two_who_link_one_account_at_once_one_has_it(staged: Ground) -> None:
    numbers = range(5, 13)
    for number in numbers:
        services.get_or_create(number, now=NOW)
    start, got = threading.Barrier(len(numbers)), list[object]()

    def call(number: int) -> None:
        start.wait()
        try:
            got.append(services.link(number, nickname="one", player_id="player-1", now=NOW).user_id)
        except AccountTaken:
            got.append(None)
        finally:
            connection.close()
            store.index().close()

    threads = [threading.Thread(target=call, args=[number]) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    holders = [user.user_id for user in services.linked()]
    assert len(got) == len(numbers)
    assert [each for each in got if each is not None] == holders
    assert len(holders) == 1


def test_preferences_change_what_is_named(staged: Ground) -> None:
    made, _ = services.get_or_create(5, now=NOW)
    user = services.set_preferences(5, language="pt-BR", notifications_enabled=False)
    assert (user.language, user.notifications_enabled, user.waiting_for_nickname) == ("pt-br", False, False)
    assert services.set_preferences(5).version == user.version == made.version + 1


def test_a_change_leaves_what_another_one_wrote_meanwhile(staged: Ground) -> None:
    services.get_or_create(5, now=NOW)
    read = services.get(5)
    services.count_request(5, now=NOW)
    services.set_preferences(5, language="en")
    user = services.get(5)
    assert read is not None
    assert user is not None
    assert (user.total_requests, user.language) == (1, "en")


def test_activity_is_written_seldom_unless_it_is_forced(staged: Ground, settings: Settings) -> None:
    settings.ACTIVITY_SECONDS = 60
    user, _ = services.get_or_create(5, now=NOW)
    soon = NOW + timedelta(seconds=59)
    assert services.touch(5, now=soon).version == user.version
    assert services.touch(5, now=soon, force=True).last_active_at == soon
    assert services.touch(5, now=NOW, force=True).last_active_at == soon  # a host whose clock is behind
    assert services.touch(5, now=LATER).last_active_at == LATER


def test_a_time_of_activity_far_in_the_future_does_not_stay(staged: Ground) -> None:
    services.get_or_create(5, now=NOW + timedelta(days=9000))
    assert services.touch(5, now=NOW).last_active_at == NOW


def test_requests_are_counted(staged: Ground) -> None:
    services.get_or_create(5, now=NOW)
    services.count_request(5, now=NOW)
    user = services.count_request(5, now=LATER)
    assert (user.total_requests, user.last_active_at) == (2, LATER)
    User.records.update(5, lambda each: setattr(each, "total_requests", 2**63 - 1))
    assert services.count_request(5, now=LATER).total_requests == 2**63 - 1


def test_a_search_finds_exact_ones_first_then_beginnings_in_whatever_case(staged: Ground) -> None:
    for number, name in ((5, "Alpha"), (6, "alphabet"), (7, "ALPHA_7"), (8, "beta"), (123, "x5")):
        services.get_or_create(number, now=NOW)
        services.link(number, nickname=name, player_id=f"player-{number}", now=NOW)
    services.get_or_create(9, now=NOW)

    def ids(text: str, limit: int = 20) -> list[int]:
        return [user.user_id for user in services.search(text, limit=limit)]

    assert ids("alpha") == [5, 6, 7]
    assert ids("ALPHA_7") == [7]
    assert ids("alphabet") == ids("player-6") == ids("6") == [6]
    assert ids("alpha", 2) == [5, 6]
    assert ids("ALPHA") == [5, 6, 7]
    assert ids("123") == [123]
    assert ids(" ") == ids("9" * 30) == ids("²") == ids("%") == []
    assert ids("שלום") == []


def test_a_search_for_an_exact_nickname_comes_before_smaller_ids(staged: Ground) -> None:
    for number, name in ((5, "alphabet"), (6, "alpha")):
        services.get_or_create(number, now=NOW)
        services.link(number, nickname=name, player_id=f"player-{number}", now=NOW)
    assert [user.user_id for user in services.search("alpha")] == [6, 5]


def test_statistics_count_users(staged: Ground) -> None:
    for number, days in ((5, 0), (6, 5), (7, 20), (8, 90)):
        services.get_or_create(number, now=NOW - timedelta(days=days), language="en" if number == 5 else "ru")
    services.link(5, nickname="one", player_id="player-1", now=NOW)
    services.set_preferences(6, notifications_enabled=False)
    User.records.create(User(user_id=10, language="x" * 50))
    assert services.statistics(now=NOW) == {
        "total": 5, "linked": 1, "notifications": 4, "active_day": 1, "active_week": 2, "active_month": 3,
        "language_ru": 3, "language_en": 1, "language_other": 1,
    }  # fmt: skip


def _link(nickname: Any = "one", player: Any = "player-1", user: Any = 5) -> Callable[[], object]:
    return lambda: services.link(user, nickname=nickname, player_id=player, now=LATER)


BAD_NICKNAMES = [
    "", "a", "a" * 51, "x" * 5_000_000, "a b", "имя", "🙂🙂🙂", "\u202eabc", "a\0b", "\ud800abc", "a/b", None, 5,
]  # fmt: skip
BAD: list[tuple[type[ServiceError], Callable[[], object]]] = [
    *((BadNickname, _link(each)) for each in BAD_NICKNAMES),
    *((BadPlayer, _link("one", each)) for each in ["", "a" * 65, "a b", "a\0", "\ud800", None, 7]),
    *((BadInput, _link(user=each)) for each in [0, -5, 2**63, True, "5", None, 5.0]),
    (UnknownUser, _link(user=77)),
    (UnknownUser, lambda: services.touch(77, now=LATER)),
    (UnknownUser, lambda: services.count_request(77, now=LATER)),
    (UnknownUser, lambda: services.unlink(77, now=LATER)),
    (UnknownUser, lambda: services.set_preferences(77, language="en")),
    (UnknownUser, lambda: services.set_last_checked_match(77, "m")),
    *((BadLanguage, lambda each=each: services.set_preferences(5, language=each))
      for each in ["", "e", "english", "12", "en\0", "\ud800\ud800", "de-" + "x" * 9, 5]),
    (BadLanguage, lambda: services.get_or_create(88, now=LATER, language="🙂")),
    (BadInput, lambda: services.get_or_create(2**63, now=LATER)),
    (BadInput, lambda: services.get_or_create(user_id=True, now=LATER)),
    (BadInput, lambda: services.set_preferences(5, notifications_enabled=1)),  # type: ignore[arg-type]
    (BadInput, lambda: services.set_last_checked_match(5, "a\0")),
    (BadInput, lambda: services.set_last_checked_match(5, "a" * 5_000_000)),
    (BadInput, lambda: services.search("a", limit=0)),
    (BadInput, lambda: services.search("a", limit=-1)),
    (BadInput, lambda: services.search("x" * 5_000_000)),
    (BadInput, lambda: services.search("a\0")),
]  # fmt: skip


def test_bad_input_is_refused_and_changes_nothing(staged: Ground) -> None:
    services.get_or_create(5, now=NOW)
    before = everything()
    for error, call in BAD:
        with pytest.raises(error) as refusal:
            call()
        assert len(str(refusal.value)) < 400
        assert refusal.value.code
    assert everything() == before


def test_a_nickname_is_checked_by_itself() -> None:
    assert services.check_nickname("\ts1mple\n") == "s1mple"
    with pytest.raises(BadNickname):
        services.check_nickname("s1mple ok")
