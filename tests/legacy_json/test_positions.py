"""Elements without a key keep their positions, whatever a bot does at the ends of its list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legacy_json.positions import LOOK, aligned, cuts, is_positioned, position_of, positioned, span_of
from legacy_json.records import State
from tests.legacy_json.folders import MESSAGES, Folder, chat, texts


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path / "bot", MESSAGES)
    yield made
    made.index.close()


def say(store: Folder, *said: object, name: str = "1") -> None:
    store.write(f"conversations/{name}.json", chat(*said))
    store.read(confirm_shrink=True)
    store.assert_balanced()


def numbers(first: int, last: int) -> list[str]:
    return [f"m{number}" for number in range(first, last)]


# What a bot does to its list


def test_elements_are_numbered_from_nought_in_the_order_of_the_file(store: Folder) -> None:
    say(store, "a", "b", name="-100")
    assert [record.key for record in store.records("conversations")] == ["-100:0000000000", "-100:0000000001"]


def test_an_appended_element_is_one_new_record_and_nothing_else(store: Folder) -> None:
    say(store, *numbers(0, 200))
    store.confirm("conversations")
    say(store, *numbers(0, 201))
    assert store.pending("conversations") == ["1:0000000200"]
    assert {record.version for record in store.records("conversations")} == {0}


@pytest.mark.parametrize("kept", [199, 150, 101, 30, 1])
def test_a_list_that_was_trimmed_at_its_front_keeps_the_positions_of_the_rest(store: Folder, kept: int) -> None:
    say(store, *numbers(0, 200))
    store.confirm("conversations")
    say(store, *numbers(200 - kept, 200))
    assert texts(store) == {number: f"m{number}" for number in range(200 - kept, 200)}
    assert len(store.pending("conversations")) == 200 - kept  # tombstones, and nothing else
    assert store.record("1:0000000199", "conversations").version == 0


@pytest.mark.parametrize(("gone", "new"), [(1, 1), (50, 50), (190, 300), (199, 63)])
def test_a_list_that_was_trimmed_and_appended_to_between_two_readings_keeps_its_positions(
    store: Folder, gone: int, new: int
) -> None:
    say(store, *numbers(0, 200))
    say(store, *numbers(gone, 200 + new))
    assert texts(store) == {number: f"m{number}" for number in range(gone, 200 + new)}


def test_a_few_equal_messages_do_not_lead_away_from_what_is_left(store: Folder) -> None:
    # More of them agree at the front than are left at the end, and still it is a coincidence.
    say(store, *["yes", "no", "yes", "hm"] * 20, "last", "words")
    say(store, "last", "words", *["yes", *numbers(0, 3)] * 15)
    assert (texts(store)[80], texts(store)[81]) == ("last", "words")


def test_identical_elements_that_repeat_are_trimmed_by_their_number(store: Folder) -> None:
    say(store, "hi", "hi", "hi", "bye")
    say(store, "hi", "hi", "bye", "hi")
    assert texts(store) == {1: "hi", 2: "hi", 3: "bye", 4: "hi"}


def test_one_of_many_identical_elements_that_goes_leaves_the_others_alone(store: Folder) -> None:
    say(store, "hi", "hi", "hi")
    store.confirm("conversations")
    say(store, "hi", "hi")
    assert len(store.pending("conversations")) == 1


@pytest.mark.parametrize("place", [0, 3, 100, 199])
def test_an_element_that_was_edited_has_changed_where_it_is(store: Folder, place: int) -> None:
    said = numbers(0, 200)
    say(store, *said)
    store.confirm("conversations")
    said[place] = "edited"
    say(store, *said)
    assert store.pending("conversations") == [positioned("1", place)]
    assert store.record(positioned("1", place), "conversations").version == 1


def test_a_list_that_was_cleared_and_begun_anew_takes_nobodys_place(store: Folder) -> None:
    say(store, "a", "b", "c")
    say(store, "x", "y")
    assert texts(store) == {3: "x", 4: "y"}
    assert [record.state for record in store.records("conversations")[:3]] == [State.DELETED] * 3


def test_a_list_that_was_empty_for_one_reading_takes_nobodys_place(store: Folder) -> None:
    say(store, "a", "b")
    say(store)
    say(store, "a")
    assert texts(store) == {2: "a"}


def test_other_chats_are_no_part_of_it(store: Folder) -> None:
    say(store, "a", "b", name="1")
    say(store, "b", name="11")
    say(store, "x", "y", name="-1")
    say(store, "b", "c", name="1")
    assert (texts(store, "1"), texts(store, "11")) == ({1: "b", 2: "c"}, {0: "b"})


HALF = "half a pair: \ud83d"


def test_a_message_with_half_a_surrogate_pair_keeps_its_text_and_its_position(store: Folder) -> None:
    say(store, *numbers(0, 100), HALF, *numbers(101, 200))
    assert texts(store)[100] == HALF
    store.confirm("conversations")
    say(store, *numbers(99, 100), HALF, *numbers(101, 200), f"{HALF}!")
    assert {number: texts(store)[number] for number in (99, 100, 101, 200)} == {
        99: "m99", 100: HALF, 101: "m101", 200: f"{HALF}!",
    }  # fmt: skip
    assert len(store.pending("conversations")) == 99 + 1  # the tombstones of the front, and the new one
    say(store, HALF, *numbers(101, 200), f"{HALF}!", "last")  # now the list begins with it
    assert (texts(store)[100], texts(store)[201]) == (HALF, "last")


# What is no record


def test_elements_that_are_no_objects_have_a_position_and_a_finding(store: Folder) -> None:
    say(store, "a", 5, None, "b", [1, {"x": "y"}])
    assert texts(store) == {0: "a", 3: "b"}
    found = [(f.key, f.code, f.ordinal, f.raw) for f in store.quarantined("conversations")]
    assert found == [
        ("1:0000000001", "not-an-object", 1, b"5"),
        ("1:0000000002", "not-an-object", 2, b"null"),
        ("1:0000000004", "not-an-object", 4, b'[1, {"x": "y"}]'),
    ]


def test_elements_that_are_no_objects_help_to_find_the_place(store: Folder) -> None:
    say(store, 1, 2, 3, "a", 5, 6)
    say(store, 3, "a", 5, 6, 7)
    assert [record.key for record in store.records("conversations") if record.state != State.DELETED] == [
        positioned("1", number) for number in range(2, 7)
    ]


def test_numbers_beyond_json_keep_their_place_too(store: Folder) -> None:
    def write(*numbers: str) -> None:
        text = ", ".join(f'{{"text": "x", "n": {number}}}' for number in numbers)
        store.write_text("conversations/1.json", f"[{text}]")
        store.read()

    write("NaN", "1e400", "12345678901234567890123", "-Infinity")
    store.confirm("conversations")
    write("12345678901234567890123", "-Infinity", "7")
    assert list(store.live("conversations")) == [positioned("1", number) for number in (2, 3, 4)]
    assert store.record(positioned("1", 2), "conversations").version == 0


def test_a_file_name_that_says_no_chat_is_a_stem_like_another(store: Folder) -> None:
    say(store, "a", name="notes (old)")
    say(store, "b", name="1:5")
    assert list(store.live("conversations")) == ["1:5:0000000000", "notes (old):0000000000"]


# Finding the place

documents = st.lists(st.sampled_from([b"a", b"b", b"c"]), max_size=12)


def model(known: Sequence[bytes], first: Sequence[bytes]) -> int | None:
    """Every place, with how many elements agree there; half of those that can be compared at least."""
    places = []
    for start in range(len(known)):
        pairs = list(zip(known[start:], first, strict=False))
        agree = sum(a == b for a, b in pairs)
        if agree and agree >= len(pairs) - agree:
            places.append((-agree, start))
    return min(places)[1] if places else None


@given(documents, documents)
def test_the_place_is_where_most_agree_and_the_earliest_of_several(known: list[bytes], first: list[bytes]) -> None:
    assert aligned(known, first) == model(known, first)


@given(st.lists(st.binary(min_size=2, max_size=2), min_size=1, max_size=30, unique=True), st.data())
def test_a_list_of_different_elements_is_found_again_whatever_was_trimmed_and_appended(
    known: list[bytes], data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(known) - 1))
    new = data.draw(st.lists(st.binary(min_size=3, max_size=3), max_size=30))
    assert aligned(known, (known[start:] + new)[:LOOK]) == start


def test_nothing_is_found_in_nothing() -> None:
    assert aligned([], [b"a"]) is None
    assert aligned([b"a"], []) is None


# Keys


@given(st.integers(0, 10**10 - 1), st.integers(0, 10**10 - 1))
def test_keys_are_in_the_order_of_their_positions(one: int, two: int) -> None:
    assert (positioned("x", one) < positioned("x", two)) is (one < two)
    assert position_of(positioned("a:b", one)) == ("a:b", one)


def test_a_key_without_a_position_is_told_apart() -> None:
    assert is_positioned("1:0000000000")
    assert not is_positioned("metrics:current")
    with pytest.raises(ValueError, match="position"):
        position_of("metrics:current")


@pytest.mark.parametrize("key", ["202411:0000000001", "202411:5", "1:9999999999", "a:5:x"])
def test_a_key_in_the_middle_of_a_list_cuts_it(key: str) -> None:
    assert cuts(key)


@pytest.mark.parametrize("key", ["202411", "202411:", "202411:0000000000", "metrics:current", "a", ":", ""])
def test_a_key_between_two_lists_cuts_none(key: str) -> None:
    assert not cuts(key)


def test_a_list_has_every_key_between_its_first_and_its_last() -> None:
    assert span_of("1") == ("1:0000000000", "1:9999999999")
