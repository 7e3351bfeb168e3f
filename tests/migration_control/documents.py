"""Legacy documents of every component: as their writers leave them, and odd ones."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import strategies as st

from legacy_json.index import Record as Legacy
from legacy_json.index import State
from legacy_json.keys import Key
from migration_control import components, hints
from migration_control.components import Component
from migration_control.conversions import Boolean, CannotHold, Conversion, Integer, Json, Moment
from migration_control.mapping import Mapping
from migration_control.moments import Style

Document = dict[str, Any]
ZONE = ZoneInfo("Europe/Moscow")
KEYS: dict[str, Key] = {
    "users": 7,
    "subscriptions": 7,
    "matches": "1-175b9184-9766-820c-6414-bb415704cb16",
    "players": "64467b2b-5182-d345-56ff-56a5f860adc2",
    "analytics": "202501:0000000003",
    "profiles": -1001234,
    "conversations": "-1001234:0000000017",
    "configuration": "chat\\scope::name",
}
NAMES = sorted(KEYS)


def legacy(document: Document, key: Key = 7) -> Legacy:
    """As the index would hold it."""
    try:
        json.dumps(document, allow_nan=False)
        text, odd = msgspec.json.encode(document), 0
    except (ValueError, OverflowError):
        text, odd = json.dumps(document).encode(), 1
    return Legacy(key=key, version=4, state=State.LIVE, duplicate=0, odd=odd, file=1, ordinal=0, document=text)


def there_and_back(mapping: Mapping, document: Document, key: Key = 7) -> Document:
    held = mapping.held(legacy(document, key), ZONE)
    values = json.loads(json.dumps({name: held.values[name] for name in _json_columns(mapping)}))
    extra = json.loads(json.dumps(held.extra))
    return mapping.write(mapping.model(**held.values | values, extra=extra), ZONE)


def _json_columns(mapping: Mapping) -> list[str]:
    return [name for name, converts in mapping.conversions.items() if isinstance(converts, Json)]


TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["line\nline", "a\\nb", 'say "no"', "tab\t", "\r\n", "🌸 привет", "c:\\new", "\\N", "\\.", "\x7f\x1f", ""]
    ),
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False), TEXTS
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False), TEXTS,
    st.text(alphabet=st.characters(codec=None), max_size=8),
    st.lists(st.integers(), max_size=2), st.dictionaries(TEXTS, st.integers(), max_size=2),
    st.datetimes().map(lambda moment: moment.isoformat()),
)  # fmt: skip
MOMENTS = st.datetimes(datetime(1980, 1, 1), datetime(2250, 1, 1))
ENDINGS = st.sampled_from(["", "Z", "+00:00", "-00:00", "+03:00", "-11:30", "+15:00", "+0300", " "])
FRACTIONS = st.sampled_from(["", ".1", ".123", ".000", ".120000", ".000000", ".123456", ".1234567", ",5"])
# In every style, and in none.
DATES = st.one_of(
    MOMENTS.map(lambda moment: moment.isoformat()),
    MOMENTS.map(lambda moment: moment.replace(tzinfo=UTC).isoformat()),
    MOMENTS.map(lambda moment: moment.isoformat() + "Z"),
    st.builds(lambda m, f, e: m.isoformat(timespec="seconds") + f + e, MOMENTS, FRACTIONS, ENDINGS),
)


def usual(conversion: Conversion, annotation: Any) -> st.SearchStrategy[Any]:
    """What the writers of the file put under a key."""
    if isinstance(conversion, Integer):
        return st.integers(-(2**40), 2**40)
    if isinstance(conversion, Boolean):
        return st.booleans()
    if isinstance(conversion, Moment):
        return DATES
    if isinstance(conversion, Json):
        kinds = hints.kinds(annotation)
        return JSON if object in kinds else st.one_of(*(JSON_OF[kind] for kind in kinds))
    return TEXTS


JSON_OF: dict[type, st.SearchStrategy[Any]] = {
    dict: st.dictionaries(TEXTS, JSON, max_size=3),
    list: st.lists(JSON, max_size=3),
    type(None): st.none(),
}


def documents(component: Component, *, odd: bool = True) -> st.SearchStrategy[Document]:
    """Some of the component's keys, the record's own among them if it carries one; odd values and unknown keys."""
    mapping = component.mapping
    kinds = {info.name: info.type for info in msgspec.structs.fields(component.document)}
    values = {
        name: st.one_of(usual(converts, kinds[name]), *([ODD] if odd else []))
        for name, converts in mapping.conversions.items()
        if name != mapping.pk
    }
    key = {mapping.pk: st.just(KEYS[component.name])} if mapping.pk in mapping.conversions else {}
    unknown = st.dictionaries(st.text(max_size=6), ODD, max_size=1) if odd else st.just({})
    known = st.fixed_dictionaries(key, optional=values)
    return st.tuples(unknown, known).map(lambda both: both[0] | both[1])


def mapping_of(name: str) -> Mapping:
    return components.get(name).mapping


def too_large(error: CannotHold) -> None:
    """The only thing in these documents that no row holds."""
    assert error.code == "number-too-large"


assert set(Style) == {Style.NAIVE, Style.ZULU, Style.AWARE}  # DATES has each
