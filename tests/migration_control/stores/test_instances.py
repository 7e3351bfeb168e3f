"""The fast way from a document to an instance gives just what the mapping gives."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legacy_json.documents import encoded
from legacy_json.errors import KeyReserved
from legacy_json.index import Record as Legacy
from legacy_json.index import State
from legacy_json.keys import Key
from migration_control import components
from migration_control.components import Component
from migration_control.conversions import Boolean, Integer, Json, Moment, Text
from migration_control.stamps import Unplain
from migration_control.stores.instances import Instances
from tests.migration_control.stores.worlds import ZONE

KEYS: dict[str, Key] = {
    "users": 7,
    "subscriptions": -7,
    "profiles": 7,
    "matches": "1-a",
    "players": "64467b2b",
    "conversations": "-100:0000000003",
    "analytics": "202501:0000000003",
    "configuration": "chat::tone",
}
ODD = st.sampled_from(
    [
        None, True, 0, 1, 1.0, 2.5, 2**31, 2**63, 2**64, -(2**70), float("nan"), 1e400,
        "", "7", "a\0b", "\ud800", "текст\n\"", [], [1], {}, {"a": [None, 1e5]},
        "2024-05-01T10:20:30.123456", "2024-05-01T10:20:30", "2024-05-01T10:20:30.000000", "2024-05-01T10:20:30.1Z",
        "2024-05-01T10:20:30+00:00", "2024-05-01T10:20:30.5+03:00", "2010-10-31T02:30:00", "2024-05-01T24:00:00",
        "0001-01-01T00:00:00",
    ]
)  # fmt: skip


def legacy(name: str, document: Any) -> Legacy:
    odd, data = encoded(document, odd=any(isinstance(v, float) and v != v for v in document.values()))
    return Legacy(KEYS[name], 3, State.LIVE, 1, int(odd), 1, 0, data)


DATES = [
    "2024-05-01T10:20:30.123456", "2024-05-01T10:20:30", "2024-05-01T10:20:30.123Z", "2024-05-01T10:20:30Z",
    "2024-05-01T10:20:30+00:00", "2024-05-01T10:20:30.123456+00:00", "2024-05-01T10:20:30.5+03:00", "x",
]  # fmt: skip
TYPICAL: dict[type, list[Any]] = {
    Integer: [0, 7, -7, 2**31, 2**63 - 1, 2**63],
    Text: ["", "x", "текст\n", "a\0b"],
    Boolean: [True, False],
    Moment: DATES,
    Json: [{}, {"a": "b"}, [], [{"a": 1.5}], 1, "x", True],
}


def documents(component: Component) -> st.SearchStrategy[dict[str, Any]]:
    """Typical values, nulls and now and then something else."""
    conversions = component.mapping.conversions
    typical = {name: st.none() | st.sampled_from(TYPICAL[type(c)]) for name, c in conversions.items()}
    if component.mapping.pk in typical:
        typical[component.mapping.pk] = st.sampled_from([KEYS[component.name], 8])
    typical_ones: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries({}, optional=typical)
    others = st.dictionaries(st.sampled_from([*conversions, "unknown"]), ODD, max_size=1)
    return st.builds(lambda usual, odd: usual | odd, typical_ones, others)


@pytest.mark.parametrize("name", sorted(KEYS))
@given(data=st.data())
def test_the_fast_way_gives_what_the_mapping_gives(name: str, data: st.DataObject) -> None:
    component = components.get(name)
    instances: Instances[Any] = Instances(component, ZONE)
    record = legacy(name, data.draw(documents(component)))
    try:
        fast = instances._plain(record)
    except Unplain:
        return
    careful = instances._careful(record)
    assert shown(fast) == shown(careful)


@pytest.mark.parametrize("name", sorted(KEYS))
def test_what_the_bot_writes_goes_the_fast_way(name: str) -> None:
    """With its defaults, and read back from what the mapping itself wrote."""
    component = components.get(name)
    instances: Instances[Any] = Instances(component, ZONE)
    record = legacy(name, {})
    made = instances._model.from_db(None, instances._fields, instances._careful(record))
    written = legacy(name, component.mapping.write(made, ZONE))
    assert shown(instances._plain(written)) == shown(instances._careful(written))


def test_a_document_that_cannot_be_held_reserves_its_key() -> None:
    instances: Instances[Any] = Instances(components.get("users"), ZONE)
    with pytest.raises(KeyReserved, match="does not fit"):
        instances.make(legacy("users", {"user_id": 7, "total_requests": 2**70}))


def shown(values: tuple[Any, ...]) -> list[tuple[str, str]]:
    """Types too: 1 is not true. The order of what is in `extra` says nothing."""
    return [(type(value).__name__, json.dumps(value, default=str, sort_keys=True)) for value in values]
