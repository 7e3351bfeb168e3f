"""Sources that are refused: then nothing has changed, and the message says where to look."""

from __future__ import annotations

import pytest

from legacy_json.errors import SourceMissing, SourceShrank, SourceUnreadable
from tests.legacy_json.stores import PREMIUM, Store, user


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
    with pytest.raises(SourceUnreadable, match="not a file"):
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
