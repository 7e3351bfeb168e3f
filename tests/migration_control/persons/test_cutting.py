"""What names a person goes, and every other byte stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies

from migration_control.persons.cutting import NotJson, as_bytes, as_text, cut, mentioned, unnamed, without

CASES = [
    ('{"users": [{"user_id": 5, "a": 1}, {"user_id": 6}]}', '{"users": [{"user_id": 6}]}'),
    ('{"users": [{"user_id": 6}, {"user_id": "5"}]}', '{"users": [{"user_id": 6}]}'),
    ('[{"user_id": 4},\n {"user_id": 5},\n {"user_id": 5},\n {"user_id": 6}]', '[{"user_id": 4},\n {"user_id": 6}]'),
    ('[ {"user_id": 5} , {"user_id": 5} ]', "[  ]"),
    ('[1, {"user_id": 5}, {"user_id": 5}]', "[1]"),
    ('{"girls": {"5": {"name": "x"}, "6": {"x": 1.50}}}', '{"girls": {"6": {"x": 1.50}}}'),
    ('{"5::name": "x", "55::name": 1, "x": 5}', '{"55::name": 1, "x": 5}'),
    ('{"subscription": {"referred_by": 5, "tier": "free"}}', '{"subscription": {"referred_by": null, "tier": "free"}}'),
    ('[{"event_type": "a", "event_data": {"user_id": 5}}, 1e400]', "[1e400]"),
    ('[{"event_data": {"top": [{"user_id": 5}, {"user_id": 6}]}}]', '[{"event_data": {"top": [{"user_id": 6}]}}]'),
    ('{"m": {"message": {"from": {"id": 5}}, "k": [5]}}', '{"m": {"k": [5]}}'),
    ('{"banned_user_ids": [4, 5, 6]}', '{"banned_user_ids": [4, 5, 6]}'),
    ('{"user_ids": [4, 5, 6]}', '{"user_ids": [4, 6]}'),
    ('\ufeff{"a": {"user_id": 5}}', "\ufeff{}"),
    ('{"a": 55, "b": "15", "c": "5"}', '{"a": 55, "b": "15", "c": "5"}'),
    ('[{"user_id": 5.0}, {"user_id": " 5 "}, {"user_id": 5.5}]', '[{"user_id": 5.5}]'),
    ('[{"user_id": 6, "chat_id": 5}, {"chat_id": 5}]', '[{"user_id": 6, "chat_id": 5}]'),
    ('{"user_id": true, "chat_id": 51, "x": 5}', '{"user_id": true, "chat_id": 51, "x": 5}'),
]


@pytest.mark.parametrize(("before", "after"), CASES)
def test_what_names_the_person_goes(before: str, after: str) -> None:
    assert cut(before, 5, ["event_data"]).rest == after


def test_a_document_that_is_the_persons_goes_as_a_whole() -> None:
    made = cut(' {"chat_id": 5, "name": "x"} ', 5)
    assert (made.rest, made.pieces) == (None, ['{"chat_id": 5, "name": "x"}'])


@pytest.mark.parametrize("text", ['{"user_id": 5', "[5", '{"a" 5}', "5 5", "[" * 100_000 + "5"])
def test_what_cannot_be_read_says_so(text: str) -> None:
    with pytest.raises(NotJson):
        cut(text, 5)


def test_a_text_in_a_list_goes_if_the_number_is_no_chance() -> None:
    text = '["see 700500964", {"a": "see 700500964"}, "see 7005009641"]'
    assert cut(text, 700500964).rest == '[{"a": "see 700500964"}, "see 7005009641"]'
    assert cut('["see 202601"]', 202601).rest == '["see 202601"]'
    assert cut('"see 700500964"', 700500964).rest is None


def test_bytes_that_are_no_text_stay_as_they_are() -> None:
    data = b'[{"user_id": 5}, "\xff\xed\xa0\x80\\ud800"]'
    made = cut(as_text(data), 5)
    assert made.rest is not None
    assert as_bytes(made.rest) == b'["\xff\xed\xa0\x80\\ud800"]'


def test_a_negative_number_is_another_one() -> None:
    assert mentioned('{"chat_id": -100}', -100)
    assert cut('[{"chat_id": 100}, {"chat_id": -100}]', -100).rest == '[{"chat_id": 100}]'
    assert cut('[{"chat_id": 100}, {"chat_id": -100}]', 100).rest == '[{"chat_id": -100}]'


def test_a_value_loses_what_names_the_person() -> None:
    value = {"analyses": [{"user_id": 5}, {"user_id": 6}]}
    assert without(value, 5) == {"analyses": [{"user_id": 6}]}
    assert without(value, 7) is value
    assert without({"user_id": 5}, 5) is None


people = strategies.integers(4, 6)
names = strategies.sampled_from(["a", "user_id", "5", "referred_by", "x"])
values = strategies.recursive(
    strategies.none() | people | strategies.text(max_size=3) | people.map(str),
    lambda inner: strategies.lists(inner, max_size=4) | strategies.dictionaries(names, inner, max_size=4),
    max_leaves=20,
)


def expected(value: Any) -> Any:
    """What is left, said the slow way."""
    if isinstance(value, list):
        return [expected(each) for each in value if not theirs(each)]
    if not isinstance(value, dict):
        return value
    kept = {name: each for name, each in value.items() if name != "5" and not theirs(each)}
    return {
        name: None if name == "referred_by" and is_five(each) else expected(each) for name, each in kept.items()
    }  # fmt: skip


def is_five(value: object) -> bool:
    value = value.strip() if isinstance(value, str) else value
    return value in (5, "5") and not isinstance(value, bool)


def theirs(value: Any) -> bool:
    return isinstance(value, dict) and is_five(value.get("user_id"))


@given(values, strategies.sampled_from([None, 0, 2]))
def test_it_cuts_what_a_slow_way_would_leave_out(value: Any, indent: int | None) -> None:
    made = cut(json.dumps(value, indent=indent), 5)
    if theirs(value):
        assert made.rest is None
    else:
        assert made.rest is not None
        assert json.loads(made.rest) == expected(value)


@pytest.mark.parametrize(
    "spelled", ["7.00500964e8", "7.00500964E+8", "700500964e0", "7005009640e-1", "700500964.0", "70050096.4e1"]
)
def test_an_id_is_found_however_its_number_is_written(spelled: str) -> None:
    text = f'{{"a": {{"user_id": {spelled}, "x": 1}}, "b": {{"user_id": 7.00500965e8}}}}'
    assert cut(text, 700500964).rest == '{"b": {"user_id": 7.00500965e8}}'
    assert mentioned(text.encode(), 700500964)


@pytest.mark.parametrize(
    "text", ["7.0050096e8", "17.00500964e8", "x7.00500964e80", "1e99999", "7.00500964e8000", "7e", "id 3e5f"]
)
def test_other_powers_of_ten_are_not_taken_for_it(text: str) -> None:
    assert not mentioned(text, 700500964)
    assert not mentioned(text.encode(), 700500964)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"chat_id": 5, "text": "hello", "on": True}, {"chat_id": None, "text": "hello", "on": True}),
        ({"user": {"id": 5, "name": "x"}, "on": True}, {"user": None, "on": True}),
        ({"chat_id": 6, "user": {"id": 5}}, {"chat_id": 6, "user": None}),
        ({"admins": [{"user_id": 5}, {"user_id": 6}], "on": 1}, {"admins": [{"user_id": 6}], "on": 1}),
        ({"chat_id": 5, "user_ids": [5, 6], "by": 5}, {"chat_id": None, "user_ids": [6], "by": None}),
        ({"chat_id": 5, "inner": {"user_id": 5}}, {"chat_id": None}),
        ([{"user_id": 5}], []),
        ({"on": True}, {"on": True}),
        (5, 5),
        (None, None),
    ],
)
def test_a_value_that_is_everybodys_stays_without_the_person(before: Any, after: Any) -> None:
    made = unnamed(before, 5)
    assert made == after
    assert made is None or not cut(json.dumps({"value": made}), 5).found
