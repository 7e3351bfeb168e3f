"""Two files, compared as what json.load makes of them."""

from __future__ import annotations

import json
import random
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from legacy_json.errors import SourceUnreadable
from legacy_json.rendering import placed, values
from legacy_json.rendering.values import Difference, first_difference
from tests.legacy_json.rendering.test_formatting import odd, surrogates

SIZES = (16, 1 << 16)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "one.json", tmp_path / "other.json"


def compared(pair: tuple[Path, Path], one: str, other: str, sizes: tuple[int, ...] = SIZES) -> Difference | None:
    """What every window says, and both ways; all have to say the same."""
    for path, text in zip(pair, (one, other), strict=True):
        path.write_bytes(text.encode("utf-8", "backslashreplace"))
    found = {size: first_difference(*pair, size=size) for size in sizes}
    assert len(set(found.values())) == 1
    assert placed.first_difference(*pair, 1 << 16) == found[sizes[0]]
    return found[sizes[0]]


SAME = [
    ("[1, 2]", "[ 1,\n2 ]"),
    ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}'),
    ('{"s": {"a": 1, "b": [{"x": 1, "y": 2}]}}', '{"s": {"b": [{"y": 2, "x": 1}], "a": 1}}'),
    ('{"a": 1, "a": 2}', '{"a": 2}'),
    ('{"a": {"x": 1}, "a": {"y": 2}}', '{"a": {"y": 2}}'),
    ('{"a": [1, 2, 3], "a": [4]}', '{"a": [4]}'),
    ('{"a": [1, 2, 3], "a": 5}', '{"a": 5}'),
    ('{"s": {"a": 1, "b": 2, "a": 3}}', '{"s": {"a": 3, "b": 2}}'),
    ('[{"a": 1, "a": 2}]', '[{"a": 2}]'),
    ("[NaN, Infinity, -Infinity]", "[NaN, 1e400, -1e400]"),
    ('["\\u0438\\ud83d\\ude00\\/", 1.0, 1e2]', '["и😀/", 1.00, 100.0]'),
    ('["\\ud800"]', '["\\uD800"]'),
    ("\ufeff{}", "{}\n"),
    ("[1" + "0" * 5000 + "]", "[1" + "0" * 5000 + "]"),
    ('{"a": ' + "[" * 800 + "1" + "]" * 800 + "}", '{"a":' + "[ " * 800 + "1" + "]" * 800 + "}"),
    ("5", " 5"),
]
DIFFERENT = [
    ("[1]", "[1.0]", (0,)),
    ("[1]", "[true]", (0,)),
    ("[1.0]", "[true]", (0,)),
    ("[0]", "[false]", (0,)),
    ("[0.0]", "[-0.0]", (0,)),
    ("[null]", "[NaN]", (0,)),
    ("[{}]", '[{"a": NaN}]', (0, "a")),
    ('[{"a": null}]', '[{"a": NaN}]', (0, "a")),
    ("[NaN]", "[Infinity]", (0,)),
    ("[1e400]", "[-1e400]", (0,)),
    ('["1"]', "[1]", (0,)),
    ("[]", "{}", ()),
    ("[[]]", "[{}]", (0,)),
    ('{"a": []}', '{"a": {}}', ("a",)),
    ('{"a": []}', "{}", ("a",)),
    ("{}", '{"a": {}}', ("a",)),
    ("[1, 2]", "[1]", (1,)),
    ("[1]", "[1, 2]", (1,)),
    ('{"s": [1, 2]}', '{"s": [2, 1]}', ("s", 0)),
    ('{"users": [{"n": {"t": [1, 2]}}]}', '{"users": [{"n": {"t": [1, 3]}}]}', ("users", 0, "n", "t", 1)),
    ('{"a": 1, "a": 2}', '{"a": 1}', ("a",)),
    ('{"a": 2, "a": 1}', '{"a": 2}', ("a",)),
    ('{"a": [1], "a": {}}', '{"a": [1]}', ("a",)),
    ('[{"a": 1, "a": 2}]', '[{"a": 1}]', (0, "a")),
    ('["\\ud800"]', '["\\ud801"]', (0,)),
    ("[9007199254740993]", "[9007199254740992]", (0,)),
    ("[1" + "0" * 5000 + "]", "[1" + "0" * 5001 + "]", (0,)),
    ("[1" + "0" * 5000 + "]", "[Infinity]", (0,)),
    ("[1" + "0" * 5000 + "]", "[2" + "0" * 5000 + "]", (0,)),
    ('{"a": "b"}', '{"a": "B"}', ("a",)),
    ("5", "6", ()),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_values_that_are_the_same_however_they_are_written(pair: tuple[Path, Path], one: str, other: str) -> None:
    assert compared(pair, one, other) is None
    assert compared(pair, other, one) is None


@pytest.mark.parametrize(("one", "other", "path"), DIFFERENT)
def test_the_place_of_the_first_difference(pair: tuple[Path, Path], one: str, other: str, path: Any) -> None:
    found = compared(pair, one, other)
    assert found is not None
    assert found.path == path
    assert found.one != found.other
    assert max(map(len, (found.one, found.other))) <= 60
    swapped = compared(pair, other, one)
    assert swapped is not None
    assert swapped.path == path


def test_a_difference_is_told_as_staff_would_write_it(pair: tuple[Path, Path]) -> None:
    found = compared(pair, '{"users": [1, {"name": "a"}]}', '{"users": [1, {}]}')
    assert str(found) == "users[1].name: 'a' in the one, nothing in the other"
    assert str(compared(pair, "1", "[]")).startswith("the root: 1 in the one")


@given(odd, st.randoms(use_true_random=False))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_value_is_itself_in_any_order_and_spelling(
    pair: tuple[Path, Path], value: Any, chance: random.Random
) -> None:
    one = json.dumps(value)
    other = json.dumps(shuffled(value, chance), indent=1, ensure_ascii=False)
    assert compared(pair, one, other, SIZES) is None


@given(odd, odd)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_two_values_differ_as_their_reprs_do(pair: tuple[Path, Path], one: Any, other: Any) -> None:
    found = compared(pair, json.dumps(one), json.dumps(other), SIZES)
    assert (found is None) == (json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True))


names = st.sampled_from(["a", "b"]) | surrogates
scalars = st.sampled_from([1, 2, 1.0, True, None, "x"])


@given(*[st.lists(st.tuples(names, scalars | st.lists(scalars, max_size=2)), max_size=5)] * 2, st.integers(0, 2))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_of_members_with_one_name_the_last_counts(
    pair: tuple[Path, Path], one: list[Any], other: list[Any], depth: int
) -> None:
    texts = []
    for members in (one, other):
        text = "{" + ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in members) + "}"
        for _ in range(depth):
            text = '{"in":' + text + "}"
        texts.append(text)
    expected = json.dumps(json.loads(texts[0]), sort_keys=True) == json.dumps(json.loads(texts[1]), sort_keys=True)
    assert (compared(pair, texts[0], texts[1], SIZES) is None) == expected


def shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        members = [(name, shuffled(inner, chance)) for name, inner in value.items()]
        chance.shuffle(members)
        return dict(members)
    return [shuffled(inner, chance) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("broken", ["", "[1", '{"a": 1', "[1]]", '{"a": [1, {]}'])
def test_a_broken_file_is_refused_and_never_the_same(pair: tuple[Path, Path], broken: str) -> None:
    pair[0].write_text("[1]")
    pair[1].write_text(broken)
    for files in (pair, (pair[1], pair[0]), (pair[1], pair[1])):
        with pytest.raises(SourceUnreadable):
            first_difference(*files)


def test_the_same_order_is_compared_side_by_side(pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "first_difference_placed", None)
    text = {"users": [{"id": n, "x": {"y": None}} for n in range(500)], "o": {"a": {}, "b": [float("nan")]}}
    for path, indent in zip(pair, (None, 2), strict=True):
        path.write_text(json.dumps(text, indent=indent))
    for size in SIZES:
        assert first_difference(*pair, size=size) is None


@pytest.mark.parametrize("reverse", [False, True])
def test_memory_does_not_grow_with_the_files(pair: tuple[Path, Path], reverse: bool) -> None:
    members = [(str(n), {"id": n, "text": "x" * 400}) for n in range(20_000)]
    pair[0].write_text(json.dumps({"girls": dict(members)}, indent=2))
    pair[1].write_text(json.dumps({"girls": dict(reversed(members) if reverse else members)}))
    del members
    tracemalloc.start()
    try:
        assert first_difference(*pair) is None
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
