"""Where what is written lies, and how it reaches its file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from legacy_json import taking
from legacy_json.contents import compose
from legacy_json.writing import commit
from tests.legacy_json.ours import (
    ALL,
    EVENTS,
    MATCHES,
    MESSAGES,
    PROFILES,
    SETTINGS,
    SUBSCRIPTIONS,
    USERS,
    Ours,
    opened,
    users,
)


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Ours]:
    yield from opened(tmp_path)


def test_events_go_by_month_and_messages_by_chat(ours: Ours) -> None:
    keys = [
        ours.append(EVENTS, "202411", event_type="a"),
        ours.append(EVENTS, "202412", event_type="b"),
        ours.append(EVENTS, "metrics", metrics=2),
    ]
    assert keys == ["202411:0000000001", "202412:0000000000", "metrics:0000000001"]
    said = [ours.append(MESSAGES, chat, text=text) for chat, text in [("10", "three"), ("-100500", "one"), ("1", "x")]]
    assert said == ["10:0000000002", "-100500:0000000000", "1:0000000000"]
    ours.replace(EVENTS, "metrics:current", metrics={"starts": 2})
    assert ours.render() == 6
    assert ours.content("analytics_202411.json") == [{"event_type": "start"}, {"event_type": "a"}]
    assert ours.content("analytics_202412.json") == [{"event_type": "b"}]
    assert ours.content("metrics.json") == {"current": {"starts": 2}, "history": [{"metrics": 1}, {"metrics": 2}]}
    assert ours.content("conversations/10.json") == [{"text": "one"}, {"text": "two"}, {"text": "three"}]
    assert ours.content("conversations/-100500.json") == [{"text": "one"}]


def test_positions_are_never_given_again(ours: Ours) -> None:
    ours.delete(MESSAGES, "10:0000000001")
    with commit(ours.index, ours.places) as writer:
        keys = [writer.append(MESSAGES, "10", {"text": text}) for text in "ab"]
    assert keys == ["10:0000000002", "10:0000000003"]
    ours.render()
    assert ours.content("conversations/10.json") == [{"text": "one"}, {"text": "a"}, {"text": "b"}]


def test_an_element_that_was_deleted_in_its_own_commit_shares_its_position_with_none(ours: Ours) -> None:
    with commit(ours.index, ours.places) as writer:
        first = writer.append(MESSAGES, "10", {"text": "a"})
        writer.delete(MESSAGES, first)
        second = writer.append(MESSAGES, "10", {"text": "b"})
    assert first != second
    assert [message["text"] for message in ours.live(MESSAGES).values()] == ["one", "two", "b"]


def test_a_new_profile_goes_to_the_newest_generation_and_an_old_one_stays_where_it_is(ours: Ours) -> None:
    ours.create(PROFILES, -12, name="third")
    ours.replace(PROFILES, 10, name="still old")
    assert ours.file(PROFILES, -12) == "girls_data/-12.json"
    assert ours.file(PROFILES, 10) == "girls_data.json"
    ours.render()
    assert ours.content("girls_data/-12.json") == {"name": "third"}
    assert ours.content("girls_data.json") == {"girls": {"10": {"name": "still old"}}}


def test_a_component_that_no_bot_wrote_gets_its_file(ours: Ours) -> None:
    ours.create(MATCHES, "1-abc", status="ongoing")
    ours.render()
    assert ours.content("matches.json") == {"1-abc": {"status": "ongoing"}}


def test_a_setting_is_written_as_the_value_that_it_is(ours: Ours) -> None:
    ours.create(SETTINGS, "chat::mood", value=[1, None])
    ours.render()
    assert ours.content("config.json") == {"speed": 3, "chat::mood": [1, None]}


def test_a_subscription_lies_inside_its_user(ours: Ours) -> None:
    ours.create(SUBSCRIPTIONS, 1, tier="pro", referral_code="R1")
    with commit(ours.index, ours.places) as writer:
        writer.create(SUBSCRIPTIONS, 5, {"tier": "premium"})
        writer.create(USERS, 5, {"user_id": 5})
    ours.delete(SUBSCRIPTIONS, 2)
    assert {ours.file(SUBSCRIPTIONS, key) for key in (1, 5)} == {"data.json"}
    ours.render()
    found = {user["user_id"]: user.get("subscription") for user in ours.content("data.json")["users"]}
    assert found == {1: {"tier": "pro", "referral_code": "R1"}, 2: None, 3: None, 5: {"tier": "premium"}}


def test_a_subscription_without_its_user_is_counted_and_holds_the_file_back(ours: Ours) -> None:
    source = ours.sources["data.json"]
    ours.create(SUBSCRIPTIONS, 99, tier="pro")
    ours.create(SUBSCRIPTIONS, 98, tier="pro")
    assert taking.orphans(ours.index, source) == 2
    with pytest.raises(taking.NotGivenBack, match="2 records have no place"):
        taking.give_back(ours.index, ours.root, ours.sources, source)
    ours.create(USERS, 99)
    ours.delete(SUBSCRIPTIONS, 98)
    assert taking.orphans(ours.index, source) == 0


def test_the_ledger_balances_after_any_mix_of_reading_and_writing(ours: Ours) -> None:
    for number in range(100, 120):
        ours.create(USERS, number, user_id=number, n=number)
        ours.create(SUBSCRIPTIONS, number, tier="pro")
    for number in range(100, 120, 3):
        ours.delete(SUBSCRIPTIONS, number)
        ours.delete(USERS, number)
    ours.check()
    for source in ours.sources.values():
        taking.give_back(ours.index, ours.root, ours.sources, source)
    before = ours.live(USERS), ours.live(SUBSCRIPTIONS)
    ours.put("data.json", users(1, 100, 101) | {"more": []})
    ours.read()
    ours.check()
    inside = {key: {"subscription": inner} for key, inner in before[1].items()}
    ours.put("data.json", {"users": [{**user, **inside.get(key, {})} for key, user in before[0].items()]})
    ours.take()
    ours.check()
    assert (ours.live(USERS), ours.live(SUBSCRIPTIONS)) == before


def test_every_write_reaches_its_file(ours: Ours) -> None:
    for collection in ALL:
        for key in list(ours.live(collection)):
            ours.render()
            ours.delete(collection, key)
            assert ours.render() == 1, (collection.name, key)
    assert ours.content("data.json") == {"users": []}
    assert ours.content("metrics.json") == {"history": []}


def test_a_write_during_a_rendering_is_rendered_the_next_time(ours: Ours, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*arguments: Any) -> Any:
        result = compose(*arguments)
        monkeypatch.setattr("legacy_json.renderer.compose", compose)
        ours.replace(USERS, 1, user_id=1, n=2)
        return result

    monkeypatch.setattr("legacy_json.renderer.compose", slow)
    ours.replace(USERS, 1, user_id=1, n=1)
    assert ours.render() == 1
    assert ours.render() == 1
    assert ours.content("data.json")["users"][0] == {"user_id": 1, "n": 2}


def test_what_was_written_is_read_again_as_it_was(ours: Ours) -> None:
    values = ["\ud800", 1e22, 10**30, 2**63, -0.0, "\x7f\x01é😀", {"é": [1.0, None]}]
    for value in values:
        ours.append(MESSAGES, "10", text=value)
        ours.create(MATCHES, f"m{len(ours.live(MATCHES))}", value=value)
    ours.create(USERS, 5, user_id=5, value=values)
    records = [ours.record(MESSAGES, key) for key in ours.live(MESSAGES)]
    for source in ours.sources.values():
        taking.give_back(ours.index, ours.root, ours.sources, source)
    for path in ours.root.rglob("*.json"):
        path.touch()
    ours.read()
    assert [ours.record(MESSAGES, key) for key in ours.live(MESSAGES)] == records
    assert {record.version for record in [*records, ours.record(USERS, 5)]} == {0}
