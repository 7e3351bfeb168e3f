"""One example of every defect of a user that leaves data.json readable, planted among ordinary users."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from switchyard.example.dates import OTHER_FORMS, WITH_OFFSET, WITH_Z
from switchyard.example.faceit.people import People
from switchyard.example.planting import Document, Planted
from switchyard.example.writing import Verbatim


def planted(people: People) -> Iterator[Planted]:
    """Each defect by name. Of two entries that make a defect together the first is in order."""
    yield from _keys(people)
    yield from _values(people)
    yield from _dates(people)
    yield from _subscriptions(people)
    yield from _shared(people)


def _keys(people: People) -> Iterator[Planted]:
    first = people.subscribed()
    again = people.subscribed() | {"user_id": first["user_id"]}
    yield "duplicate_user_id", [first, again]
    yield "user_id_as_text", [_changed(people.subscribed(), user_id=str)]
    yield "user_id_as_float", [_changed(people.newest(), user_id=float)]
    lost = people.subscribed()
    del lost["user_id"]
    yield "user_id_missing", [lost]
    yield "user_id_over_63_bits", [people.oldest() | {"user_id": 2**63 + 41}]
    yield "entry_not_an_object", ["restored from an older copy"]
    yield "duplicate_member_name", [people.newest() | {"language": Verbatim('"ru",\n      "language": "en"')}]


def _values(people: People) -> Iterator[Planted]:
    oddities: dict[str, Document] = {
        "total_requests_10_to_the_30": {"total_requests": 10**30},
        "total_requests_nan": {"total_requests": Verbatim("NaN")},
        "number_over_every_float": {"total_requests": Verbatim("1e400")},
        "negative_count": {"total_requests": -3},
        "number_as_text": {"total_requests": "9"},
        "fraction_as_text": {"total_requests": "1129.2"},
        "lone_surrogate": {"faceit_nickname": "broken\ud83dheart"},
        "nul_in_nickname": {"faceit_nickname": "gri\0vok"},
        "nickname_of_80_characters": {"faceit_nickname": "zed" * 26 + "xx"},
        "unknown_keys": {"mood": {"today": ["calm", None, 0.5]}, "_state": "waiting_for_stats"},
    }
    for name, values in oddities.items():
        yield name, [people.newest() | values]


def _dates(people: People) -> Iterator[Planted]:
    for name, written in (OTHER_FORMS | {"date_with_z": WITH_Z, "date_with_offset": WITH_OFFSET}).items():
        yield name, [people.newest() | {"last_active_at": written}]


def _subscriptions(people: People) -> Iterator[Planted]:
    yield "subscription_not_an_object", [people.newest() | {"subscription": "premium"}]
    yield "unknown_tier", [people.newest() | {"subscription": people.subscription() | {"tier": "platinum"}}]


def _shared(people: People) -> Iterator[Planted]:
    linked = {"faceit_player_id": "0f0f0f0f-1111-4222-8333-444444444444"}
    yield "shared_faceit_player_id", [people.newest() | linked, people.newest() | linked]
    code = {"referral_code": "TWICE001"}
    yield (
        "shared_referral_code",
        [
            people.newest() | {"subscription": people.subscription() | code},
            people.newest() | {"subscription": people.subscription() | code},
        ],
    )


def _changed(document: Document, **changes: Callable[[Any], Any]) -> Document:
    return document | {name: change(document[name]) for name, change in changes.items()}
