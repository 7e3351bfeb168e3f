"""Reading by difference: versions, tombstones, duplicates, and sources that are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from legacy_json import reading
from legacy_json.errors import SourceMissing, SourceShrank, SourceUnreadable
from legacy_json.index import NEVER, Finding, Index, Outcome, Phase, State
from legacy_json.layouts import Collection, FolderOf, ListOf, ObjectOf, SubObject, sources
from legacy_json.walking import walk
from tests.legacy_json.stores import FACEIT, SUBSCRIPTIONS, USERS, Store, user

PREMIUM = {"tier": "premium"}


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
    assert _synced(store, 2) == 0


def test_a_change_before_the_first_confirmation_stays_never_synced(store: Store) -> None:
    store.load(user(1))
    store.load(user(1, language="ru"))
    assert (store.record(1).version, _synced(store, 1)) == (1, NEVER)


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
    assert _synced(store, 2) == 0
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
    assert _synced(store, 2) == 1
    store.assert_balanced()


def test_a_tombstone_is_not_deleted_twice(store: Store) -> None:
    store.load(user(1), user(2), user(3))
    store.load(user(1), user(3))
    assert store.load(user(1), user(3), user(4)).deleted["users"] == 0
    assert store.record(2).version == 1


def test_a_new_declaration_has_the_file_read_again(store: Store) -> None:
    store.load(user(1, faceit_player_id="a"), user(2, faceit_player_id="a"))
    store.collections[0] = Collection("users", USERS.layout)
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
    assert _synced(store, 1, "subscriptions") == NEVER
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
    store = Store(tmp_path, [Collection("girls", ObjectOf("girls_data.json", "girls"))])
    store.put('{"girls": {"1": {"n": 1}, "01": {"n": 2}, "-5": {"n": 3}, "1": {"n": 4}}}')
    store.read()
    assert store.live("girls") == {1: {"n": 4}, -5: {"n": 3}}
    assert [(f.code, f.ordinal) for f in store.quarantined("girls")] == [("duplicate-key", 0), ("duplicate-key", 1)]
    store.assert_balanced()


def test_a_live_entry_wins_against_one_that_is_no_object(tmp_path: Path) -> None:
    store = Store(tmp_path, [Collection("girls", ObjectOf("girls_data.json"))])
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
    nested = Collection("summaries", SubObject("girls", "summary"))
    store = Store(tmp_path, [Collection("girls", ObjectOf("girls_data.json")), nested])
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
    store.confirm(findings=[_refusal(2)])
    store.load(user(3), user(2, faceit_player_id="a"))
    assert store.pending() == [1, 2, 3]
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
    store.confirm(findings=[_refusal(1), _refusal(2)])
    assert store.index.ledger("users").quarantined == 2
    store.load(user(1, language="ru"), user(3))
    assert store.codes() == []
    assert store.pending() == [1, 2]
    assert _synced(store, 1) == NEVER
    store.assert_balanced()


def test_a_record_refused_twice_over_is_one_entry_of_the_ledger(store: Store) -> None:
    store.load(user(1), user(2))
    store.confirm(findings=[_refusal(1), _refusal(1)._replace(code="again")])
    assert store.index.ledger("users").quarantined == 1
    store.assert_balanced()


# Sources that are refused


def test_a_missing_file_is_refused_and_deletes_nothing(store: Store) -> None:
    store.load(user(1))
    store.path.unlink()
    with pytest.raises(SourceMissing, match="LEGACY_DIR"):
        store.read(patience=0)
    assert list(store.live()) == [1]


def test_a_missing_file_that_is_confirmed_deletes(store: Store) -> None:
    store.load(user(1))
    store.path.unlink()
    assert store.read(confirm_shrink=True).deleted["users"] == 1
    store.assert_balanced()


@pytest.mark.parametrize("left", [0, 1, 4])
def test_a_file_that_lost_more_than_half_is_refused_until_confirmed(store: Store, left: int) -> None:
    store.load(*map(user, range(10)))
    before = store.dump()
    with pytest.raises(SourceShrank, match="--confirm-shrink") as caught:
        store.load(*map(user, range(left)))
    assert (caught.value.before, caught.value.now) == (10, left)
    assert store.dump() == before
    assert store.read(confirm_shrink=True).deleted["users"] == 10 - left
    store.assert_balanced()


def test_a_file_that_lost_half_is_read(store: Store) -> None:
    store.load(*map(user, range(10)))
    assert store.load(*map(user, range(5))).deleted["users"] == 5


def test_a_file_that_holds_nothing_is_refused_the_first_time_too(store: Store) -> None:
    with pytest.raises(SourceShrank, match="holds no users"):
        store.load()
    assert store.read(confirm_shrink=True).created["users"] == 0


def test_sub_objects_may_be_few_or_none_but_not_vanish_together(store: Store) -> None:
    store.load(*(user(n, subscription=PREMIUM) for n in range(9)))
    store.load(*(user(n) for n in range(9)))
    store.load(*(user(n, subscription=PREMIUM) for n in range(30)))
    with pytest.raises(SourceShrank, match="subscriptions"):
        store.load(*(user(n) for n in range(30)))


@pytest.mark.parametrize(
    ("text", "said", "at"),
    [
        ('{"girls": []}', "no 'users'", None),
        ("{}", "no 'users'", None),
        ('{"users": {}}', "'users' is not a list", 10),
        ('{"users": null}', "'users' is not a list", 10),
        ("[]", "not an object", 0),
        ('"users"', "not an object", 0),
        ('{"users": [{"user_id": 1}], "users": [{"user_id": 2}]}', "twice", 36),
        ('{"users": [{"user_id": 1}]}\n{"users": []}', "follows the end", 28),
        ('{"users": [{"user_id": 1}]}}', "follows the end", 27),
        ('{"users": [{"user_id": 1}', "breaks off|file ends", 25),
        ("", "blank", 0),
        ("\0" * 4096, "NUL", 0),
    ],
)
def test_a_file_that_cannot_be_read_whole_is_refused_with_its_byte(store: Store, text: str, said: str, at: int) -> None:
    store.load(user(7))
    before = store.dump()
    store.put(text)
    with pytest.raises(SourceUnreadable, match=said) as caught:
        store.read(confirm_shrink=True)
    assert caught.value.path == store.path
    assert caught.value.offset == at
    assert store.dump() == before


def test_the_message_says_file_byte_and_key(store: Store) -> None:
    store.put('{"users": [{"user_id": 41}, {"user_id": 42}, {"user_id": 43, "x": tru}]}')
    with pytest.raises(
        SourceUnreadable, match=r"data.json, byte 66, near entry 2 of 'users', the last key read being '42'"
    ):
        store.read()


def test_a_folder_in_the_place_of_a_file_is_refused(store: Store) -> None:
    store.path.mkdir()
    with pytest.raises(SourceUnreadable, match="cannot be opened"):
        store.read()


def test_a_file_cut_at_any_byte_changes_nothing(store: Store) -> None:
    users = [user(1, name="игрок 😀"), user(2, subscription={"tier": "pro", "n": 1.5}), user(3)]
    store.load(*users)
    before, data = store.dump(), store.path.read_bytes()
    for cut in range(len(data)):
        store.put(data[:cut])
        with pytest.raises(SourceUnreadable):
            store.read(confirm_shrink=True)
    assert store.dump() == before


def test_a_mended_file_is_read_with_notes(store: Store) -> None:
    store.put(b"\xef\xbb\xbf" + b'{"users": [{"user_id": 1},\n], "analytics": {},}')
    store.read()
    assert list(store.live()) == [1]
    assert sorted(store.codes()) == ["byte-order-mark", "trailing-comma", "trailing-comma"]
    assert store.index.ledger("users").repaired == 3
    store.assert_balanced()


# Other layouts


def test_several_sections_of_one_file_are_read_together(tmp_path: Path) -> None:
    both = [Collection("a", ListOf("d.json", "a", "id")), Collection("b", ObjectOf("d.json", "b"), key=str)]
    store = Store(tmp_path, both)
    store.put('{"b": {"x": {"n": 1}, "": {}}, "other": [[1, 2], {"y": []}], "a": [{"id": 1}, {"id": 2}]}')
    store.read()
    assert store.live("a") == {1: {"id": 1}, 2: {"id": 2}}
    assert store.live("b") == {"x": {"n": 1}}
    assert [f.code for f in store.quarantined("b")] == ["no-key"]
    store.assert_balanced()


def test_a_list_that_is_the_whole_file(tmp_path: Path) -> None:
    store = Store(tmp_path, [Collection("a", ListOf("d.json", None, "id"), key=str)])
    store.put('[{"id": "x"}, {"id": 5}, {"id": "a\\u0000"}, {"id": 1.5}]')
    store.read()
    assert list(store.live("a")) == ["5", "x"]
    assert store.codes("a") == ["key-repaired", "no-key", "no-key"]
    store.assert_balanced()


def _folder(tmp_path: Path, **files: str) -> Store:
    store = Store(tmp_path, [Collection("girls", FolderOf("girls_data"))])
    store.path.mkdir()
    for name, text in files.items():
        (store.path / f"{name}.json").write_text(text)
    store.age()
    return store


def test_a_folder_holds_one_record_a_file(tmp_path: Path) -> None:
    store = _folder(tmp_path, **{"-100": '{"n": 1}', "7": '{"n": 2}', "notes": '{"n": 3}', "8": "[]"})
    (store.path / "readme.txt").write_text("no record")
    store.read()
    assert store.live("girls") == {-100: {"n": 1}, 7: {"n": 2}}
    assert [(f.code, f.source) for f in store.quarantined("girls")] == [
        ("not-an-object", "girls_data/8.json"), ("no-key", "girls_data/notes.json"),
    ]  # fmt: skip
    store.assert_balanced()


def test_a_folder_is_followed_by_difference(tmp_path: Path) -> None:
    store = _folder(tmp_path, **{"1": '{"n": 1}', "2": '{"n": 2}', "3": '{"n": 3}'})
    store.read()
    (store.path / "1.json").write_text('{"n": 9}')
    (store.path / "2.json").unlink()
    store.age(60)
    result = store.read()
    assert (result.updated, result.deleted) == ({"girls": 1}, {"girls": 1})


def test_one_broken_file_of_a_folder_refuses_the_component(tmp_path: Path) -> None:
    store = _folder(tmp_path, **{"1": '{"n": 1}', "2": '{"n": ', "3": '{"n": 3}'})
    with pytest.raises(SourceUnreadable, match=r"girls_data/2\.json, byte 6") as caught:
        store.read()
    assert caught.value.path == store.path / "2.json"
    assert store.records("girls") == []


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    store = _folder(tmp_path)
    with pytest.raises(SourceShrank):
        store.read()


def test_sources_lists_each_file_once_with_containers_first() -> None:
    matches = Collection("matches", ObjectOf("matches.json"), key=str)
    assert sources([SUBSCRIPTIONS, matches, USERS]) == {"matches.json": [matches], "data.json": [USERS, SUBSCRIPTIONS]}


def test_no_scratch_file_stays_behind(store: Store) -> None:
    store.load(user(1))
    store.put("{")
    with pytest.raises(SourceUnreadable):
        store.read()
    assert not list(store.index.path.parent.glob("reading-*"))


# Whatever happens

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


def _synced(store: Store, key: int, component: str = "users") -> int:
    query = "SELECT synced FROM pending WHERE component = ? AND key = ?"
    (synced,) = store.index.connection().execute(query, (component, key)).fetchone()
    return int(synced)


def _refusal(key: int) -> Finding:
    return Finding("users", key, "data.json", 0, Phase.MAPPING, Outcome.QUARANTINED, "refused", "no reason", None)
