"""What the contract does not say of the JSON store: files, owners, the fence, and what the bot itself wrote."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from legacy_json import marker, selecting
from legacy_json.errors import FenceClosed, KeyReserved, NotOurs, NotReadYet, NotTheAuthority, Unholdable
from legacy_json.index import Index
from legacy_json.owners import Owner
from legacy_json.places import Places
from legacy_json.reading import read
from migration_control import components, store
from migration_control.stores.json import JsonStore
from tests.fencing import fenced
from tests.migration_control.stores.worlds import ZONE
from tests.migration_control.world import Bot, subscription, user


def opened(name: str, index: Index) -> JsonStore[Any]:
    return JsonStore(components.get(name), index, Places([c.collection for c in components.everything()]), ZONE)


def read_file(index: Index, owner: Owner = Owner.SWITCHYARD) -> JsonStore[User]:
    for source in store.sources_of(components.get("users")):
        read(index, store.root(), source)
    with index.write() as (connection, _):
        connection.execute("UPDATE source SET owner = ?", (owner,))
    return opened("users", index)


def document(index: Index, component: str, key: int) -> Any:
    (record,) = index.record(component, key).records
    return json.loads(record.document)


def count_up(record: User) -> None:
    record.total_requests += 1


def test_what_the_bot_wrote_is_read_as_the_database_would_hold_it(bot: Bot, index: Index) -> None:
    bot.writes(user(7, faceit_nickname="ada", total_requests="12", theme="dark"))
    found = read_file(index).get(7)
    assert found is not None
    assert (found.faceit_nickname, found.total_requests, found.version, found.run) == ("ada", 12, 0, None)
    assert found.created_at is not None
    assert found.created_at.isoformat() == "2024-05-01T07:20:30.123456+00:00"
    assert found.extra == {"total_requests": "12", "theme": "dark"}


def test_a_change_of_one_field_leaves_the_others_as_the_bot_wrote_them(bot: Bot, index: Index) -> None:
    odd = user(7, created_at="2024-05-01 10:20", theme={"dark": [1, 1.0, None]}, language=None, faceit_nickname="a\0b")
    bot.writes(odd, user(8))
    read_file(index).update(7, count_up)
    assert document(index, "users", 7) == odd | {"total_requests": 4}
    assert document(index, "users", 8) == user(8)


def test_records_inside_others_are_records_of_their_own(bot: Bot, index: Index) -> None:
    bot.writes(user(7, subscription=subscription(tier="pro")))
    read_file(index).update(7, count_up)
    subscriptions = opened("subscriptions", index)
    assert subscriptions.update(7, lambda record: setattr(record, "tier", "free")).version == 1
    assert document(index, "subscriptions", 7) == subscription(tier="free")


def test_nothing_is_written_while_the_bot_owns_the_file(bot: Bot, index: Index) -> None:
    bot.writes(user(7))
    users = read_file(index, Owner.LEGACY)
    refused: list[Callable[[], object]] = [
        lambda: users.create(User(user_id=8)),
        lambda: users.update(7, count_up),
        lambda: users.delete(7),
    ]
    for write in refused:
        with pytest.raises(NotOurs):
            write()
    assert [(found.key, found.version) for found in users.iterate()] == [(7, 0)]


@pytest.mark.parametrize("state", ["closing", "committing", "closed"])
def test_nothing_is_written_behind_the_fence(bot: Bot, index: Index, state: str) -> None:
    bot.writes(user(7))
    users = read_file(index)
    record = users.get(7)
    assert record is not None
    refused: list[Callable[[], object]] = [
        lambda: users.create(User(user_id=8)),
        lambda: users.save(record),
        lambda: users.update(7, count_up),
        lambda: users.delete(7),
    ]
    with fenced(index, "users", state, 3):
        for write in refused:
            with pytest.raises(FenceClosed) as caught:
                write()
            assert isinstance(caught.value, NotTheAuthority)
    assert [(found.key, found.version) for found in users.iterate()] == [(7, 0)]


def test_each_write_is_noted_for_the_database(bot: Bot, index: Index) -> None:
    bot.writes(user(7), user(8), user(9))
    users = read_file(index)
    assert index.acknowledge(index.pending("users", None, 10))
    users.update(7, count_up)
    users.delete(8)
    users.create(User(user_id=10))
    pending = index.pending("users", None, 10).records
    assert [(record.key, record.version) for record in pending] == [(7, 1), (8, 1), (10, 0)]


def never_says_that_there_is_nothing(users: JsonStore[User], read_before: User) -> None:
    acts: list[Callable[[], object]] = [
        lambda: users.get(7),
        lambda: users.get_many([7, 8]),
        lambda: users.count(),
        lambda: list(users.iterate()),
        lambda: users.find("faceit_player_id", "abc"),
        lambda: users.find("faceit_player_id", None),
        lambda: users.create(User(user_id=8)),
        lambda: users.save(read_before),
        lambda: users.update(7, count_up),
        lambda: users.update_many([7, 8], lambda changes: None),
        lambda: users.delete(8),
    ]
    for act in acts:
        with pytest.raises(NotReadYet, match="has never read users.*Import it, or legacy_take its file, first"):
            act()


@pytest.mark.parametrize("owner", list(Owner))
def test_before_the_first_reading_is_complete_nobody_is_told_that_there_is_nothing(
    bot: Bot, index: Index, owner: Owner
) -> None:
    """As a reading under way leaves it, and an index that was lost."""
    bot.writes(user(7))
    users = read_file(index, owner)
    record = users.get(7)
    assert record is not None
    with index.write() as (connection, _):
        connection.execute("DELETE FROM scanned")
        connection.execute("DELETE FROM record")
    never_says_that_there_is_nothing(users, record)
    with index.write() as (connection, _):
        connection.execute("DELETE FROM source")
        connection.execute("DELETE FROM file")
    never_says_that_there_is_nothing(users, record)
    assert index.record("users", 8).records == []


def test_records_of_a_reading_under_way_are_not_shown(bot: Bot, index: Index) -> None:
    bot.writes(user(7))
    users = read_file(index, Owner.LEGACY)
    with index.write() as (connection, _):
        connection.execute("DELETE FROM scanned")
    acts: list[Callable[[], object]] = [
        lambda: users.get(7),
        lambda: users.count(),
        lambda: list(users.iterate()),
        lambda: users.update(7, count_up),
        lambda: users.delete(7),
    ]
    for act in acts:
        with pytest.raises(NotReadYet):
            act()


def test_a_reading_that_ends_between_two_looks_is_seen(bot: Bot, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    bot.writes(user(7))
    users = read_file(index)
    with index.write() as (connection, _):
        connection.execute("DELETE FROM scanned")

    def ended(index: Index, component: str) -> None:
        with index.write() as (connection, _):
            connection.execute("INSERT INTO scanned (component) VALUES (?)", (component,))

    monkeypatch.setattr(selecting, "check_read", ended)
    assert users.get(7) is not None


def test_what_is_there_costs_one_statement(bot: Bot, index: Index) -> None:
    bot.writes(user(7, faceit_player_id="abc"))
    users = read_file(index)
    statements: list[str] = []
    index.connection().set_trace_callback(statements.append)
    assert (users.get(7), len(statements)) == (users.get(7), 1)
    statements.clear()
    assert (len(users.find("faceit_player_id", "abc")), users.count(), len(statements)) == (1, 1, 2)


def test_the_store_that_the_settings_name_is_the_one_of_their_index(bot: Bot) -> None:
    bot.writes(user(7))
    for source in store.sources_of(components.get("users")):
        read(store.index(), store.root(), source)
    users = store.json_store(components.get("users"))
    assert [record.key for record in users.iterate()] == [7]


def test_a_store_does_not_open_where_folder_and_index_differ(bot: Bot) -> None:
    bot.writes(user(7))
    (source,) = store.sources_of(components.get("users"))
    path = store.root() / marker.NAME
    path.parent.mkdir()
    path.write_text(json.dumps({"sources": {source.name: {"store": "another", "counter": 3}}}))
    for name in ("users", "subscriptions"):
        with pytest.raises(marker.StoresDiffer, match="was the index lost"):
            store.json_store(components.get(name))
    path.write_text("{")
    with pytest.raises(marker.MarkerUnreadable):
        store.json_store(components.get("users"))


def test_a_document_that_no_instance_can_hold_is_reserved_before_any_import_said_so(bot: Bot, index: Index) -> None:
    bot.writes(user(7, total_requests=2**70), user(8))
    users = read_file(index)
    acts: list[Callable[[], object]] = [
        lambda: users.get(7),
        lambda: users.update(7, count_up),
        lambda: users.create(User(user_id=7)),
    ]
    for act in acts:
        with pytest.raises(KeyReserved, match="does not fit"):
            act()
    assert [record.key for record in users.iterate(page=1)] == [8]


def test_a_record_below_the_floor_is_not_there(bot: Bot, index: Index) -> None:
    bot.writes(user(7))
    users = read_file(index)
    with index.write() as (connection, _):
        connection.execute("UPDATE record SET state = 3, document = x'' WHERE component = 'users'")
    assert users.get(7) is None
    assert users.count() == 0


def test_the_mark_of_a_duplicate_goes_with_the_last_one_who_shares_its_value(bot: Bot, index: Index) -> None:
    bot.writes(user(7, faceit_player_id="abc"), user(8, faceit_player_id="abc"))
    users = read_file(index)
    assert [record.duplicate for record in users.iterate()] == [False, True]
    users.delete(7)
    assert not users.update(8, count_up).duplicate
    assert index.record("users", 8).records[0].duplicate == 0


@pytest.mark.parametrize("number", [1 << 63, -(1 << 70), "9" * 25])
def test_a_number_that_no_reading_would_take_back_is_refused(bot: Bot, index: Index, number: Any) -> None:
    bot.writes(user(7))
    users = read_file(index)
    record = users.get(7)
    assert record is not None
    record.total_requests = number
    refused: list[Callable[[], object]] = [
        lambda: users.save(record),
        lambda: users.update(7, lambda found: setattr(found, "total_requests", number)),
        lambda: users.create(User(user_id=8, total_requests=number)),
        lambda: users.append(User(user_id=8, total_requests=number)),
        lambda: users.create(User(user_id=8, extra={"total_requests": number})),
    ]
    for write in refused:
        with pytest.raises(Unholdable, match="does not fit 64 bits"):
            write()
    assert [(found.key, found.version) for found in users.iterate()] == [(7, 0)]
