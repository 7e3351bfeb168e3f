"""Reading by difference: versions, tombstones, first readings, and what a reading leaves of earlier findings."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from legacy_json import reading
from legacy_json.errors import SourceUnreadable
from legacy_json.index import NEVER, Index, State
from legacy_json.layouts import Collection
from legacy_json.walking import walk
from tests.legacy_json.stores import FACEIT, PREMIUM, USERS, Store, refusal, user

# Versions


def test_a_record_first_seen_has_version_0_and_is_pending(store: Store) -> None:
    result = store.load(user(1), user(2, subscription=PREMIUM))
    assert (result.changed, result.created) == (True, {"users": 2, "subscriptions": 1})
    assert [record.version for record in store.records()] == [0, 0]
    assert store.pending() == [1, 2]
    assert store.pending("subscriptions") == [2]
    store.assert_balanced()


def test_a_sub_object_is_a_record_of_its_own_and_no_part_of_its_parent(store: Store) -> None:
    store.load(user(2, subscription=PREMIUM))
    assert store.document(2) == user(2)
    assert store.document(2, "subscriptions") == PREMIUM


def test_a_second_reading_of_the_same_file_reads_nothing(store: Store) -> None:
    store.load(user(1))
    assert not store.read().changed


def test_a_second_reading_of_a_file_that_was_only_touched_changes_nothing(store: Store) -> None:
    odd = '{"users": [{"user_id": "3", "x": NaN, "a": 1, "a": 2}, {"user_id": 4, "n": "\\ud800"}, {"user_id": 4}, 5]}'
    store.put(odd)
    store.read()
    before, counter = store.dump(), store.index.counter
    store.age(60)
    result = store.read()
    assert result.changed
    assert not any(sum(counts.values()) for counts in (result.created, result.updated, result.deleted))
    assert store.dump() == before
    assert store.index.counter == counter + 2  # the signature is taken away, and set


@pytest.mark.parametrize("rewritten", [{"indent": 4}, {"ensure_ascii": True}, {"separators": (",", ":")}])
def test_a_file_that_is_only_written_differently_changes_nothing(store: Store, rewritten: dict[str, object]) -> None:
    users = [user(1, name="игрок", x=1.5), user(2, subscription={"a": [1, None]})]
    store.load(*users)
    store.put(json.dumps({"users": users}, **rewritten))  # type: ignore[arg-type]
    assert store.read().updated == {"users": 0, "subscriptions": 0}


def test_a_changed_record_is_one_version_up_and_pending_again(store: Store) -> None:
    store.load(user(1), user(2))
    store.confirm()
    result = store.load(user(1), user(2, language="ru"))
    assert result.updated["users"] == 1
    assert [record.version for record in store.records()] == [0, 1]
    assert store.pending() == [2]
    assert store.synced(2) == 0


def test_a_change_before_the_first_confirmation_stays_never_synced(store: Store) -> None:
    store.load(user(1))
    store.load(user(1, language="ru"))
    assert (store.record(1).version, store.synced(1)) == (1, NEVER)


def test_a_change_of_the_sub_object_alone_leaves_the_parent(store: Store) -> None:
    store.load(user(1, subscription={"tier": "free"}))
    store.load(user(1, subscription=PREMIUM))
    assert (store.record(1).version, store.record(1, "subscriptions").version) == (0, 1)


def test_an_absent_record_becomes_a_tombstone_one_version_up(store: Store) -> None:
    store.load(user(1), user(2, subscription=PREMIUM), user(3))
    store.confirm()
    result = store.load(user(1), user(3))
    assert result.deleted == {"users": 1, "subscriptions": 1}
    assert store.record(2)[:3] == (2, 1, State.DELETED)
    assert store.pending() == [2]
    assert store.synced(2) == 0
    store.assert_balanced()


def test_a_record_that_reappears_is_one_version_above_its_tombstone(store: Store) -> None:
    users = user(1), user(2), user(3)
    store.load(*users)
    store.load(user(1), user(3))
    store.confirm()
    result = store.load(*users)
    assert result.created["users"] == 1
    assert store.record(2)[:3] == (2, 2, State.LIVE)
    assert store.pending() == [2]
    assert store.synced(2) == 1
    store.assert_balanced()


def test_a_tombstone_is_not_deleted_twice(store: Store) -> None:
    store.load(user(1), user(2), user(3))
    store.load(user(1), user(3))
    assert store.load(user(1), user(3), user(4)).deleted["users"] == 0
    assert store.record(2).version == 1


def test_a_new_declaration_has_the_file_read_again(store: Store) -> None:
    store.load(user(1, faceit_player_id="a"), user(2, faceit_player_id="a"))
    store.collections[0] = Collection("users", USERS.layouts)
    assert store.read().changed
    assert [record.duplicate for record in store.records()] == [0, 0]
    store.collections[0] = USERS
    assert store.read().changed
    assert [record.duplicate for record in store.records()] == [0, 1]


def test_more_records_than_one_commit_takes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("legacy_json.applying.CHUNK", 7)
    users = [user(n, faceit_player_id=f"p{n}", subscription=PREMIUM) for n in range(-20, 30)]
    store.load(*users)
    assert len(store.live()) == 50
    changed = [user(n, faceit_player_id=f"q{n}") for n in range(30)]
    store.put_users(*changed)
    result = store.read(confirm_shrink=True)
    assert (result.updated["users"], result.deleted) == (30, {"users": 20, "subscriptions": 50})
    assert len(store.dump()["lookup"]) == 30
    store.assert_balanced()


# A first reading


def test_nothing_of_a_first_reading_is_shown_before_it_is_complete(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int, object]] = []

    def watched(*arguments: Any, **options: Any) -> None:
        walk(*arguments, **options)
        other = Index(store.index.path)
        query = "SELECT count(*) FROM record"
        (there,) = other.connection().execute(query).fetchone()
        seen.append((there, other.count_pending("users"), other.ledger("users").pending))
        assert not other.pending("users", None, 10).records
        assert not other.record("users", 1).records
        assert other.counter == 0
        other.close()

    monkeypatch.setattr(reading, "walk", watched)
    store.load(*(user(n, subscription=PREMIUM) for n in range(50)))
    assert seen == [(100, 0, 0)]
    assert store.index.ledger("users").pending == 50


def test_a_first_reading_that_fails_leaves_nothing(store: Store) -> None:
    store.put(json.dumps({"users": [user(n, subscription=PREMIUM) for n in range(5000)]})[:-1])
    with pytest.raises(SourceUnreadable):
        store.read()
    assert not any(store.dump().values())


def test_a_first_reading_of_a_second_component_leaves_the_first_alone(store: Store) -> None:
    store.collections = [USERS]
    users = [user(n, subscription=PREMIUM) for n in range(5)]
    store.load(*users)
    store.confirm()
    store.collections = list(FACEIT)
    created = store.read().created
    assert created == {"users": 0, "subscriptions": 5}
    assert [record.version for record in store.records()] == [1] * 5  # its sub-object is no part of it any more
    store.assert_balanced()


# What mapping found


def test_a_change_or_a_deletion_takes_mappings_old_findings_away(store: Store) -> None:
    store.load(user(1), user(2), user(3))
    store.confirm(findings=[refusal(1), refusal(2)])
    assert store.index.ledger("users").quarantined == 2
    store.load(user(1, language="ru"), user(3))
    assert store.codes() == []
    assert store.pending() == [1, 2]
    assert store.synced(1) == NEVER
    store.assert_balanced()


def test_a_record_refused_twice_over_is_one_entry_of_the_ledger(store: Store) -> None:
    store.load(user(1), user(2))
    store.confirm(findings=[refusal(1), refusal(1)._replace(code="again")])
    assert store.index.ledger("users").quarantined == 1
    store.assert_balanced()


# Whatever happens


def test_no_scratch_file_stays_behind(store: Store) -> None:
    store.load(user(1))
    store.put("{")
    with pytest.raises(SourceUnreadable):
        store.read()
    assert not list(store.index.path.parent.glob("reading-*"))


keys = st.sampled_from([1, 2, 3, 4, "1", "2", 3.0, None, "x", 2**63, True])
values = st.sampled_from([None, "a", "b", "", 5])
embedded: st.SearchStrategy[object] = st.sampled_from(
    [None, 5, [], {}, {"referral_code": "A"}, {"referral_code": "B"}, {"n": 1}]
)
entries: st.SearchStrategy[object] = st.one_of(
    st.fixed_dictionaries(
        {"user_id": keys}, optional={"faceit_player_id": values, "subscription": embedded, "n": keys}
    ),
    st.sampled_from([None, 5, {}, []]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(entries, max_size=8), min_size=1, max_size=4), st.booleans())
def test_whatever_the_file_holds_the_ledger_balances(
    tmp_path_factory: pytest.TempPathFactory, versions: list[list[object]], confirm: bool
) -> None:
    store = Store(tmp_path_factory.mktemp("any"), FACEIT)
    for entries in versions:
        store.put_users(*entries)
        store.read(confirm_shrink=True)
        store.assert_balanced()
        if confirm:
            for collection in FACEIT:
                store.confirm(collection.name)
            store.assert_balanced()
    fresh = Store(tmp_path_factory.mktemp("fresh"), FACEIT)
    fresh.put(store.path.read_bytes())
    fresh.read(confirm_shrink=True)
    for name in ("users", "subscriptions"):
        assert fresh.live(name) == store.live(name)
        assert [(f.code, f.ordinal) for f in fresh.findings(name)] == [
            (f.code, f.ordinal) for f in store.findings(name)
        ]
        marks = {record.key: record.duplicate for record in store.records(name)}
        assert all(marks[record.key] == record.duplicate for record in fresh.records(name))
    store.index.close()
    fresh.index.close()
