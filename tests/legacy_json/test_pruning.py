"""A floor: what lies below it is not kept, and nothing brings it back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from legacy_json import pairing, pruning
from legacy_json.index import Finding, Outcome, Phase
from legacy_json.keys import Key
from legacy_json.layouts import sources
from legacy_json.outdated import dirty
from legacy_json.records import State
from tests.legacy_json.folders import EVENTS, MESSAGES, PEOPLE, Folder, chat
from tests.legacy_json.stores import FACEIT, Store, user

OLD, KEPT = "202410", "202411"


@pytest.fixture
def events(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path / "bot", EVENTS, PEOPLE)
    made.write(f"analytics_{OLD}.json", [{"n": 1}, {"n": 2}, 5])
    made.write(f"analytics_{KEPT}.json", [{"n": 3}])
    made.write("metrics.json", {"current": {"n": 4}, "history": [{"n": 5}]})
    made.write("data.json", {"users": [{"user_id": 1}], "analytics": {"n": 6}})
    made.read_all()
    yield made
    made.index.close()


def states(store: Store, component: str = "analytics") -> dict[Key, State]:
    return {record.key: State(record.state) for record in store.records(component)}


def pruned(store: Store, component: str = "analytics") -> list[Key]:
    return [key for key, state in states(store, component).items() if state is State.PRUNED]


def test_records_below_the_floor_keep_their_key_and_nothing_else(events: Folder) -> None:
    events.confirm("analytics")
    assert events.index.prune("analytics", KEPT) == 3
    record = events.record(f"{OLD}:0000000001", "analytics")
    assert (record.state, record.document, record.version) == (State.PRUNED, b"", 0)
    assert events.document(f"{KEPT}:0000000000", "analytics") == {"n": 3}
    events.assert_balanced()


def test_a_month_never_touches_what_is_no_month(events: Folder) -> None:
    events.index.prune("analytics", "999912")
    assert list(events.live("analytics")) == ["data:analytics", "metrics:0000000000", "metrics:current"]


def test_pruned_entries_are_a_column_of_the_ledger(events: Folder) -> None:
    events.confirm("analytics")
    events.index.prune("analytics", KEPT)
    ledger = events.index.ledger("analytics")
    assert (ledger.entries, ledger.imported, ledger.pruned, ledger.quarantined) == (7, 4, 3, 0)


def test_what_is_pruned_is_not_pending_and_has_no_findings(events: Folder) -> None:
    refused = Finding("analytics", f"{OLD}:0000000000", "x", 0, Phase.MAPPING, Outcome.QUARANTINED, "no", "no", None)
    events.index.acknowledge(events.index.record("analytics", f"{OLD}:0000000000"), [refused])
    assert len(events.findings("analytics")) == 2
    events.index.prune("analytics", KEPT)
    assert events.findings("analytics") == []
    assert all(str(key) > KEPT for key in events.pending("analytics"))
    events.assert_balanced()


def test_what_is_pruned_is_not_looked_up(store: Store) -> None:
    store.load(user(1, faceit_player_id="a"), user(2, faceit_player_id="a"), user(3))
    store.index.prune("users", 2)
    assert [row[2:] for row in store.dump()["lookup"]] == [("a", 2)]


def test_keys_that_are_numbers_are_compared_as_numbers(store: Store) -> None:
    store.load(user(9), user(10), user(100), user(-5))
    store.index.prune("users", 10)
    assert pruned(store, "users") == [-5, 9]


def test_the_floor_is_raised_and_never_lowered(events: Folder) -> None:
    events.index.prune("analytics", KEPT)
    assert events.index.prune("analytics", "202401") == 0
    assert events.index.floor("analytics") == KEPT
    events.write(f"analytics_{OLD}.json", [{"n": 1}, {"n": 2}, 5, {"n": 7}])
    events.read_all()
    assert len(pruned(events)) == 4


def test_a_component_that_was_never_read_has_no_floor(tmp_path: Path) -> None:
    store = Folder(tmp_path / "bot", MESSAGES)
    assert store.index.prune("conversations", "5") == 0
    assert not store.index.is_read("conversations")


def test_tombstones_below_the_floor_stay_and_are_not_sent(events: Folder) -> None:
    events.confirm("analytics")
    events.write(f"analytics_{OLD}.json", [{"n": 2}, 5])
    events.read_all()
    assert events.pending("analytics") == [f"{OLD}:0000000000"]
    events.index.prune("analytics", KEPT)
    assert events.pending("analytics") == []
    assert states(events)[f"{OLD}:0000000000"] is State.DELETED
    events.assert_balanced()


# Nothing brings them back


def test_a_file_below_the_floor_that_changes_stays_pruned(events: Folder) -> None:
    events.index.prune("analytics", KEPT)
    for entries in ([{"n": 1}, {"n": 2}, 5, {"n": 8}], [{"n": 8}, {"n": 9}], [None]):
        events.write(f"analytics_{OLD}.json", entries)
        events.read_all()
        assert pruned(events) == [f"{OLD}:{number:010d}" for number in range(len(entries))]
        assert events.findings("analytics") == []
        events.assert_balanced()


def test_a_file_below_the_floor_that_appears_is_pruned_as_it_is_read(events: Folder) -> None:
    events.index.prune("analytics", KEPT)
    events.write("analytics_202301.json", [{"a": 1}, 7])
    events.read_all()
    assert pruned(events)[:2] == ["202301:0000000000", "202301:0000000001"]
    assert b"a" not in b"".join(record.document for record in events.records("analytics")[:2])
    events.assert_balanced()


def test_files_that_the_bot_removes_after_they_were_pruned_are_no_loss(events: Folder) -> None:
    events.index.prune("analytics", KEPT)
    events.remove(f"analytics_{OLD}.json")
    events.read_all()
    assert pruned(events) == []
    assert f"{OLD}:0000000000" not in states(events)
    events.assert_balanced()


def test_the_guard_does_not_count_what_was_pruned(tmp_path: Path) -> None:
    store = Folder(tmp_path / "bot", MESSAGES)
    store.write("conversations/1.json", chat(*map(str, range(100))))
    store.write("conversations/2.json", chat(*map(str, range(10))))
    store.read()
    store.index.prune("conversations", "2")
    store.remove("conversations/1.json")
    store.read()
    assert len(store.live("conversations")) == 10


def test_a_batch_from_before_the_pruning_confirms_nothing_of_it(events: Folder) -> None:
    late = events.index.pending("analytics", None, 100)
    refused = Finding("analytics", f"{OLD}:0000000000", "x", 0, Phase.MAPPING, Outcome.QUARANTINED, "no", "no", None)
    events.index.prune("analytics", KEPT)
    events.index.acknowledge(late, [refused])
    assert len(pruned(events)) == 3
    assert events.findings("analytics") == []
    events.assert_balanced()


def test_forgetting_and_trying_again_leave_it_alone(events: Folder) -> None:
    events.confirm("analytics")
    events.index.prune("analytics", KEPT)
    events.index.forget("analytics", list(states(events)))
    events.index.retry_quarantined("analytics")
    assert all(str(key) > KEPT for key in events.pending("analytics"))
    events.assert_balanced()


def test_a_database_that_is_paired_anew_is_not_given_it(events: Folder) -> None:
    events.index.prune("analytics", KEPT)
    stranger = "202001:0000000000"
    pairing.start_above(events.index, "analytics", 10, [stranger])
    assert [str(key) for key in events.pending("analytics") if str(key) < KEPT] == [stranger]
    assert events.record(stranger, "analytics")[1:3] == (11, State.DELETED)
    events.assert_balanced()


def test_of_two_entries_below_the_floor_with_one_key_each_is_counted(store: Store) -> None:
    store.load(user(1), user(2), user(1, n=2), 7, user(5))
    store.index.prune("users", 5)
    assert store.index.ledger("users").balanced
    codes = store.codes()
    store.load(user(1), user(2), user(1, n=2), 7, user(5), user(6))
    assert store.index.ledger("users").balanced
    assert store.codes() == codes == ["duplicate-key", "not-an-object"]


def test_of_an_entry_below_the_floor_nothing_odd_is_told(store: Store) -> None:
    odd = '{"users": [{"user_id": "1", "x": NaN}, {"user_id": 2, "a": 1, "a": 2}, {"user_id": 5}%s]}'
    store.put(odd % "")
    store.read()
    assert store.codes() == ["key-repaired", "not-a-number", "duplicate-name"]
    store.index.prune("users", 5)
    assert store.codes() == []
    store.put(odd % ', {"user_id": 6}')
    store.read()
    assert store.codes() == []


def test_what_lies_in_a_pruned_record_goes_by_its_own_components_floor(tmp_path: Path) -> None:
    store = Store(tmp_path, FACEIT)
    store.load(user(1, subscription={"a": 1}), user(2, subscription=5), user(3))
    store.index.prune("users", 3)
    store.index.prune("subscriptions", 3)
    for _ in range(2):
        assert pruned(store, "users") == pruned(store, "subscriptions") == [1, 2]
        assert store.codes("subscriptions") == []
        assert all(store.index.ledger(name).balanced for name in ("users", "subscriptions"))
        store.load(user(1, subscription={"a": 2}), user(2, subscription=[6]), user(3))
    store.index.close()


def test_files_of_ours_are_rendered_without_it(events: Folder) -> None:
    found = sources(events.collections)
    with events.index.write() as (connection, _):
        connection.execute("UPDATE source SET owner = 'switchyard' WHERE name = 'analytics_*.json'")
    assert dirty(events.index, found) == []
    events.index.prune("analytics", KEPT)
    assert [each.file.name for each in dirty(events.index, found)] == [f"analytics_{OLD}.json"]


# In parts


def test_more_records_than_one_commit_takes(events: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "CHUNK", 2)
    assert pruning.count(events.index, "analytics", KEPT) == 3
    before = events.index.counter
    assert events.index.prune("analytics", KEPT) == 3
    assert events.index.counter == before + 3
    assert pruning.count(events.index, "analytics", KEPT) == 0


def test_what_a_crash_left_above_the_ground_goes_with_the_next_reading_of_its_file(events: Folder) -> None:
    """The floor is set, and a record below it is still live."""
    events.confirm("analytics")
    with events.index.write() as (connection, _):
        connection.execute("UPDATE scanned SET floor = ? WHERE component = 'analytics'", (KEPT,))
    events.write(f"analytics_{OLD}.json", [{"n": 1}, {"n": 2}, 5, {"n": 8}])
    events.read_all()
    assert len(pruned(events)) == 4
    assert events.pending("analytics") == []
    events.assert_balanced()
