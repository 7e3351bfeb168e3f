"""What stands in the files that no JSON writer would write."""

import json

from switchyard.example.writing import Members, Verbatim, as_text, with_trailing_comma


def test_ordinary_values_are_written_as_json_does() -> None:
    value = {"a": [1, {"b": None}], "ключ": "🔥", "empty": [[], {}]}
    assert as_text(value) == json.dumps(value, ensure_ascii=False, indent=2)


def test_a_name_may_stand_twice() -> None:
    assert json.loads(as_text({"x": Members((("a", 1), ("a", Members((("b", 2),)))))})) == {"x": {"a": {"b": 2}}}
    assert as_text(Members((("a", 1), ("a", 2)))).count('"a"') == 2


def test_a_value_may_stand_just_so() -> None:
    assert as_text([Verbatim("NaN"), "\ud83d"]) == '[\n  NaN,\n  "\\ud83d"\n]'


def test_a_hand_edit_leaves_a_comma() -> None:
    assert with_trailing_comma(as_text([1])) == "[\n  1,\n]"
