"""Profiles and summaries, the same in every stage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from conversations.errors import UnknownChat
from conversations.models import Profile
from conversations.services import profiles, summaries
from legacy_json.errors import KeyReserved
from migration_control.given import BadInput
from tests.migration_control.moving.ground import Ground
from tests.migration_control.stores.worlds import in_threads

NOW = datetime(2025, 3, 30, 9, 15, 30, 123456, tzinfo=UTC)
CHAT = -1001234567890


def test_of_fifty_who_ask_for_a_profile_at_once_one_makes_it(staged: Ground) -> None:
    del staged
    assert in_threads(50, lambda n: profiles.ensure(CHAT, f"Анна {n}", now=NOW)) == []
    (found,) = profiles.everyone()
    assert (found.chat_id, found.version, found.last_activity, found.message_count) == (CHAT, 0, NOW, 0)
    assert profiles.ensure(CHAT, "other", now=NOW).name == found.name


def test_many_profiles_are_made_in_one_commit(staged: Ground) -> None:
    del staged
    there = profiles.ensure(2, "there", now=NOW - timedelta(days=1))
    asked = {3: "c", 2: "b", -5: "a"}
    assert in_threads(5, lambda n: profiles.ensure_many(asked, now=NOW)) == []
    found = list(profiles.everyone())
    assert [(profile.chat_id, profile.name, profile.version) for profile in found] == [
        (-5, "a", 0), (2, "there", 0), (3, "c", 0),
    ]  # fmt: skip
    assert found[1].last_activity == there.last_activity
    assert profiles.ensure_many({}, now=NOW) == {}
    with pytest.raises(BadInput):
        profiles.ensure_many({7: "fine", 0: "not"}, now=NOW)
    assert profiles.get(7) is None


def test_every_touch_counts(staged: Ground) -> None:
    del staged
    profiles.ensure(CHAT, now=NOW)
    assert in_threads(20, lambda n: profiles.touch(CHAT, now=NOW + timedelta(seconds=n))) == []
    found = profiles.get(CHAT)
    assert found is not None
    assert (found.message_count, found.last_activity) == (20, NOW + timedelta(seconds=19))


def test_a_whole_profile_that_is_saved_brings_what_its_reader_changed(staged: Ground) -> None:
    del staged
    profiles.save(CHAT, {"name": "Анна", "summary": {"20250101000000": "a"}, "profile": {"1": {"x": 1}, "2": 2}})
    first = profiles.get(CHAT)
    assert first is not None
    before = {name: getattr(first, name) for name in ("name", "message_count", "summary", "profile", "last_activity")}
    # Others write meanwhile.
    profiles.touch(CHAT, now=NOW)
    added = summaries.add(CHAT, "b", now=NOW)
    profiles.set_previous_response_id(CHAT, "resp_1")
    profiles.save_fields(CHAT, {"profile": {"3": 3, "2": "theirs"}})
    after = before | {
        "name": "Аня 👩‍🚀",
        "message_count": 2,
        "profile": {"1": {"x": 2}, "4": None},
        "summary": {"20250101000000": "a", "20250102000000": "c"},
    }
    profiles.save(CHAT, after, before=before)
    found = profiles.get(CHAT)
    assert found is not None
    assert (found.name, found.message_count, found.last_activity) == ("Аня 👩‍🚀", 3, NOW)
    assert found.previous_response_id == "resp_1"
    assert found.summary == {"20250101000000": "a", added: "b", "20250102000000": "c"}
    assert found.profile == {"1": {"x": 2}, "3": 3, "4": None}


def test_what_its_reader_left_as_it_was_changes_nothing(staged: Ground) -> None:
    del staged
    made = profiles.save(CHAT, {"name": "a", "message_count": 5})
    fields = {"name": "a", "message_count": 5}
    assert profiles.save(CHAT, fields, before=fields).version == made.version
    assert profiles.save(CHAT, fields | {"message_count": 0}, before=fields).message_count == 0


def test_profiles_that_are_saved_at_once_keep_the_changes_of_all(staged: Ground) -> None:
    del staged
    empty = {"summary": {}, "message_count": 0}
    profiles.save(CHAT, empty)

    def save(number: int) -> None:
        profiles.save(CHAT, {"summary": {str(number): "text"}, "message_count": 1}, before=empty)

    assert in_threads(12, save) == []
    found = profiles.get(CHAT)
    assert found is not None
    assert (sorted(found.summary, key=int), found.message_count) == ([str(n) for n in range(12)], 12)


def test_a_profile_is_deleted_once(staged: Ground) -> None:
    del staged
    profiles.ensure(CHAT, now=NOW)
    assert (profiles.delete(CHAT), profiles.delete(CHAT), profiles.get(CHAT)) == (True, False, None)
    assert profiles.ensure(CHAT, now=NOW).version == 2  # above the tombstone's
    profiles.set_previous_response_id(CHAT, "x")
    assert profiles.previous_response_id(CHAT) == "x"
    profiles.set_previous_response_id(CHAT, None)
    assert profiles.previous_response_id(CHAT) is None


def test_everyone_comes_in_order_of_their_ids(staged: Ground) -> None:
    del staged
    for chat_id in (5, -7, 2**63 - 1, 12):
        profiles.ensure(chat_id, now=NOW)
    assert [profile.chat_id for profile in profiles.everyone()] == [-7, 5, 12, 2**63 - 1]


def test_the_latest_summary_has_the_greatest_id(staged: Ground) -> None:
    del staged
    assert summaries.latest(CHAT) is None
    profiles.ensure(CHAT, now=NOW)
    assert summaries.latest(CHAT) is None
    assert summaries.add(CHAT, "first", now=NOW) == "20250330121530"  # in Moscow
    assert summaries.add(CHAT, "of the same second", now=NOW) == "20250330121531"
    assert summaries.add(CHAT, "of before", now=NOW - timedelta(days=1)) == "20250329121530"
    assert summaries.latest(CHAT) == "of the same second"
    assert [text for _, text in summaries.newest(CHAT, limit=2)] == ["of the same second", "first"]


def test_summaries_that_are_added_at_once_are_all_there(staged: Ground) -> None:
    del staged
    profiles.ensure(CHAT, now=NOW)
    assert in_threads(12, lambda n: summaries.add(CHAT, f"summary {n}", now=NOW)) == []
    assert {text for _, text in summaries.newest(CHAT)} == {f"summary {n}" for n in range(12)}


def test_dates_may_be_given_as_the_bot_writes_them(staged: Ground) -> None:
    del staged
    made = profiles.save(CHAT, {"last_activity": "2025-03-30T12:15:30.123456"})
    assert made.last_activity == NOW


@pytest.mark.parametrize(
    "call",
    [
        lambda: profiles.ensure(0, now=NOW),
        lambda: profiles.ensure(chat_id=True, now=NOW),
        lambda: profiles.ensure(2**63, now=NOW),
        lambda: profiles.ensure("5", now=NOW),  # type: ignore[arg-type]
        lambda: profiles.ensure(5, "x" * 65, now=NOW),
        lambda: profiles.ensure(5, "nul\0", now=NOW),
        lambda: profiles.ensure(5, "half \ud800", now=NOW),
        lambda: profiles.ensure(5, now=NOW.replace(tzinfo=None)),
        lambda: profiles.save(5, {"message_count": -1}),
        lambda: profiles.save(5, {"message_count": True}),
        lambda: profiles.save(5, {"message_count": 2**63}),
        lambda: profiles.save(5, {"version": 7}),
        lambda: profiles.save(5, {"last_activity": "yesterday"}),
        lambda: profiles.save(5, {"summary": []}),
        lambda: profiles.save(5, {"summary": {"1": 2}}),
        lambda: profiles.save(5, {"summary": {"1": "x" * 5_000_000}}),
        lambda: profiles.save(5, {"profile": {"1": float("nan")}}),
        lambda: profiles.save(5, {"profile": {"x" * 100: 1}}),
        lambda: profiles.save(5, {"previous_response_id": 5}),
        lambda: summaries.add(5, "", now=NOW),
        lambda: summaries.newest(5, limit=0),
    ],
)
def test_what_no_profile_can_hold_is_refused_and_nothing_changes(ground: Ground, call: Callable[[], object]) -> None:
    del ground
    with pytest.raises(BadInput):
        call()
    assert Profile.records.count() == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda: profiles.touch(5, now=NOW),
        lambda: profiles.save_fields(5, {"name": "x"}),
        lambda: profiles.set_previous_response_id(5, "x"),
        lambda: summaries.add(5, "x", now=NOW),
    ],
)
def test_an_unknown_chat_is_told(staged: Ground, call: Callable[[], object]) -> None:
    del staged
    with pytest.raises(UnknownChat):
        call()
    assert Profile.records.count() == 0


def test_a_profile_in_quarantine_gets_no_twin(ground: Ground) -> None:
    from migration_control import components
    from tests.migration_control.stores.worlds import JsonBackdoor

    JsonBackdoor(components.get("profiles"), ground.index).quarantine(CHAT, "a number too large")
    with pytest.raises(KeyReserved):
        profiles.ensure(CHAT, now=NOW)
