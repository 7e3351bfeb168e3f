"""What is changed changes, and every other byte stays."""

import json

import pytest

from config.journey.editing import added, places, removed, replaced

LIST = '{"before": [9], "users": [ {"a": 1} , "text",\n  NaN, ]\n}'
OBJECT = '{"a": 1, "b" : {"c": 2},\n "a": 3}'


def test_elements_and_members_are_found_with_their_places() -> None:
    found = places(LIST, "users").found
    assert [LIST[place.start : place.end] for place in found] == ['{"a": 1}', '"text"', "NaN"]
    assert [(place.name, place.value) for place in places(OBJECT).found] == [("a", 1), ("b", {"c": 2}), ("a", 3)]


def test_one_is_replaced() -> None:
    (_, second, _) = places(LIST, "users").found
    assert replaced(LIST, second, {"x": []}, 4) == LIST.replace('"text"', '{\n      "x": []\n    }')


def test_one_is_removed_with_its_comma() -> None:
    found = places(OBJECT).found
    assert removed(OBJECT, found, found[1]) == '{"a": 1, "a": 3}'


def test_one_is_added_behind_the_last() -> None:
    assert added(LIST, places(LIST, "users"), 5, 2) == LIST.replace("NaN", "NaN,\n  5")
    assert json.loads(added("{}", places("{}"), [1], 2, name="é")) == {"é": [1]}
    assert json.loads(added(OBJECT, places(OBJECT), None, 2, name="new")) == {"a": 3, "b": {"c": 2}, "new": None}


@pytest.mark.parametrize("text", ["17", "[1", '{"a" 1}'])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises((ValueError, LookupError)):
        places(text)
