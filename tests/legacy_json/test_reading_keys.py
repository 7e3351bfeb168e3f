"""Keys and unique values as a reading finds them: repaired, refused, twice in a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from legacy_json.index import NEVER, Outcome, State
from legacy_json.layouts import Collection, ObjectOf, SubObject
from tests.legacy_json.stores import PREMIUM, Store, refusal, user

# Keys


@pytest.mark.parametrize(
    ("found", "key"),
    [("123", 123), (" 123 ", 123), (123.0, 123), (2**31 + 1, 2**31 + 1), (-100200300, -100200300), ("-0", 0)],
)
def test_a_key_that_is_nearly_a_number_is_repaired_with_a_note(store: Store, found: object, key: int) -> None:
    store.load({"user_id": found})
    assert list(store.live()) == [key]
    assert store.document(key) == {"user_id": found}
    assert store.codes() == ([] if type(found) is int else ["key-repaired"])
    store.assert_balanced()


@pytest.mark.parametrize(
    "found", [None, True, "", "a", "1.5", 1.5, 1e300, 2**63, -(2**63) - 1, 10**30, "9" * 30, [1], {"a": 1}, "١٢"]
)
def test_an_entry_without_a_usable_key_is_quarantined(store: Store, found: object) -> None:
    store.load(user(1), {"user_id": found, "name": "x"}, user(2))
    assert list(store.live()) == [1, 2]
    (finding,) = store.quarantined()
    assert (finding.code, finding.key, finding.ordinal) == ("no-key", None, 1)
    assert json.loads(finding.raw or b"") == {"user_id": found, "name": "x"}
    store.assert_balanced()


def test_the_sub_object_of_an_entry_without_a_key_is_quarantined_with_it(store: Store) -> None:
    store.load(user(1), {"name": "x", "subscription": PREMIUM}, user(2))
    (finding,) = store.quarantined("subscriptions")
    assert (finding.code, json.loads(finding.raw or b"")) == ("no-key", PREMIUM)
    store.assert_balanced()


@pytest.mark.parametrize("entry", [None, 5, "x", [], [user(9)], True])
def test_an_entry_that_is_no_object_is_quarantined(store: Store, entry: object) -> None:
    store.load(user(1), entry, user(2))
    (finding,) = store.quarantined()
    assert (finding.code, finding.ordinal, json.loads(finding.raw or b"")) == ("not-an-object", 1, entry)
    store.assert_balanced()


@pytest.mark.parametrize("inner", [5, "x", [], [PREMIUM], True])
def test_a_sub_object_that_is_no_object_is_quarantined_alone(store: Store, inner: object) -> None:
    store.load(user(1, subscription=inner), user(2, subscription=PREMIUM))
    assert list(store.live()) == [1, 2]
    assert list(store.live("subscriptions")) == [2]
    (finding,) = store.quarantined("subscriptions")
    assert (finding.code, finding.key, json.loads(finding.raw or b"")) == ("not-an-object", 1, inner)
    assert store.record(1, "subscriptions").state == State.QUARANTINED
    assert store.pending("subscriptions") == [2]
    store.assert_balanced()


def test_a_sub_object_that_is_null_or_missing_is_no_entry(store: Store) -> None:
    store.load(user(1, subscription=None), user(2), user(3, subscription={}))
    assert store.document(1) == user(1, subscription=None)
    assert list(store.live("subscriptions")) == [3]
    assert store.codes("subscriptions") == []


def test_a_quarantined_sub_object_that_was_mended_is_live_and_never_synced(store: Store) -> None:
    store.load(user(1, subscription=5))
    store.load(user(1, subscription=PREMIUM))
    assert store.record(1, "subscriptions")[:3] == (1, 1, State.LIVE)
    assert store.pending("subscriptions") == [1]
    assert store.synced(1, "subscriptions") == NEVER
    store.assert_balanced()


# Duplicate keys


def test_of_two_entries_of_a_list_the_first_wins_and_the_other_stands_beside_it(store: Store) -> None:
    store.load(user(1, n=1), user(2), user(1, n=2), user("1", n=3))  # type: ignore[arg-type]
    assert store.document(1) == user(1, n=1)
    assert [(f.code, f.key, f.ordinal) for f in store.quarantined()] == [
        ("duplicate-key", 1, 2),
        ("duplicate-key", 1, 3),
    ]
    assert json.loads(store.quarantined()[0].raw or b"") == user(1, n=2)
    store.assert_balanced()


def test_of_two_members_of_an_object_the_last_wins(tmp_path: Path) -> None:
    store = Store(tmp_path, [Collection("girls", (ObjectOf("girls_data.json", "girls"),))])
    store.put('{"girls": {"1": {"n": 1}, "01": {"n": 2}, "-5": {"n": 3}, "1": {"n": 4}}}')
    store.read()
    assert store.live("girls") == {1: {"n": 4}, -5: {"n": 3}}
    assert [(f.code, f.ordinal) for f in store.quarantined("girls")] == [("duplicate-key", 0), ("duplicate-key", 1)]
    store.assert_balanced()


def test_a_live_entry_wins_against_one_that_is_no_object(tmp_path: Path) -> None:
    store = Store(tmp_path, [Collection("girls", (ObjectOf("girls_data.json"),))])
    store.put('{"1": {"n": 1}, "1": null, "2": 5, "2": {"n": 2}, "3": 1, "3": 2}')
    store.read()
    assert store.live("girls") == {1: {"n": 1}, 2: {"n": 2}}
    assert [f.code for f in store.quarantined("girls")] == ["not-an-object"] * 4
    store.assert_balanced()


@pytest.mark.parametrize(("first", "second", "live"), [(None, PREMIUM, {}), (PREMIUM, None, {1: PREMIUM})])
def test_the_sub_object_of_a_beaten_entry_is_beaten_too(
    store: Store, first: object, second: object, live: dict[int, object]
) -> None:
    store.load(user(1, subscription=first), user(2), user(1, subscription=second))
    assert store.live("subscriptions") == live
    assert len(store.quarantined("subscriptions")) == 1 - len(live)
    store.assert_balanced()


def test_where_the_last_wins_its_sub_object_does_too(tmp_path: Path) -> None:
    nested = Collection("summaries", (SubObject("girls", "summary"),))
    store = Store(tmp_path, [Collection("girls", (ObjectOf("girls_data.json"),)), nested])
    store.put('{"1": {"summary": {"n": 1}}, "1": {"n": 2}, "2": {"summary": {"n": 3}}, "2": {"summary": 5}}')
    store.read()
    assert store.live("girls") == {1: {"n": 2}, 2: {}}
    assert store.live("summaries") == {}
    assert sorted(f.code for f in store.quarantined("summaries")) == ["duplicate-key", "duplicate-key", "not-an-object"]
    store.assert_balanced()


def test_a_duplicate_that_equals_what_the_index_has_is_no_change(store: Store) -> None:
    store.load(user(1, n=1), user(2))
    store.confirm()
    store.load(user(1, n=1), user(2), user(1, n=1), user(1, n=2))
    assert store.pending() == []
    assert store.record(1).version == 0
    assert len(store.quarantined()) == 2
    store.assert_balanced()


def test_values_of_beaten_entries_are_not_looked_up(store: Store) -> None:
    store.load(user(1), user(1, faceit_player_id="a"), user(2, faceit_player_id="a"))
    assert "duplicate-value" not in store.codes()
    assert [row[2:] for row in store.dump()["lookup"]] == [("a", 2)]


# Unique values


def test_a_later_holder_of_a_unique_value_is_marked_and_reported(store: Store) -> None:
    store.load(user(9, faceit_player_id="a"), user(1, faceit_player_id="a"), user(2, faceit_player_id="b"))
    assert [(record.key, record.duplicate, record.version) for record in store.records()] == [
        (1, 1, 1), (2, 0, 0), (9, 0, 0),
    ]  # fmt: skip
    (finding,) = store.findings()
    assert (finding.code, finding.key, finding.outcome) == ("duplicate-value", 1, Outcome.REPORTED)
    assert store.pending() == [1, 2, 9]
    store.assert_balanced()


def test_the_mark_goes_when_the_first_holder_leaves(store: Store) -> None:
    store.load(user(1, faceit_player_id="a"), user(2, faceit_player_id="a"), user(3))
    store.confirm()
    store.load(user(2, faceit_player_id="a"), user(3))
    assert store.record(1)[:3] == (1, 1, State.DELETED)
    assert store.record(2)[:4] == (2, 2, State.LIVE, 0)
    assert store.pending() == [1, 2]
    assert "duplicate-value" not in store.codes()


def test_the_mark_moves_with_the_order_of_the_file(store: Store) -> None:
    one, two = user(1, faceit_player_id="a"), user(2, faceit_player_id="a")
    store.load(one, two)
    store.load(two, one)
    assert [(record.duplicate, record.version) for record in store.records()] == [(1, 1), (0, 2)]


@pytest.mark.parametrize("empty", [None, "", [1], {"a": 1}])
def test_values_that_are_none_are_not_unique(store: Store, empty: object) -> None:
    store.load(user(1, faceit_player_id=empty), user(2, faceit_player_id=empty))
    assert store.codes() == []


@pytest.mark.parametrize(("one", "two"), [("a", "a\0"), ("1", 1), ("a\ufffd", "a\ud800")])
def test_values_that_the_database_will_not_tell_apart_are_duplicates(store: Store, one: object, two: object) -> None:
    store.put(json.dumps({"users": [user(1, faceit_player_id=one), user(2, faceit_player_id=two)]}))
    store.read()
    assert store.record(2).duplicate == 1


def test_unique_values_of_sub_objects_hold_too(store: Store) -> None:
    store.load(*(user(n, subscription={"referral_code": "ABCD1234"}) for n in (1, 2)))
    assert [record.duplicate for record in store.records("subscriptions")] == [0, 1]


def test_marking_lets_a_record_that_mapping_refused_try_again(store: Store) -> None:
    store.load(user(1, faceit_player_id="a"), user(2))
    store.load(user(1, faceit_player_id="a"), user(2, faceit_player_id="a"))
    store.confirm(findings=[refusal(2)])
    store.load(user(3), user(2, faceit_player_id="a"))
    assert store.pending() == [1, 2, 3]
    store.assert_balanced()
