"""One example of every defect of an event and of a snapshot of metrics that leaves the file readable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from switchyard.example.dates import NAIVE, OTHER_FORMS, WITH_OFFSET, WITH_Z
from switchyard.example.planting import Document, Planted, each_on, without
from switchyard.example.writing import Members, Verbatim


def planted(event: Callable[[], Document]) -> Iterator[Planted]:
    """Of the monthly files: each defect by name. Of several entries that make one together the first is in order."""
    once = event()
    yield "event_not_an_object", [["message_received", 17]]
    yield "event_null", [None]
    yield "identical_events", [once, dict(once)]
    yield "duplicate_member_name", [Members((*event().items(), ("bot_id", "the last one counts")))]
    for name in event():
        yield f"{name}_missing", [without(event(), name)]
    forms = OTHER_FORMS | {"date_without_zone": NAIVE, "date_with_z": WITH_Z, "date_null": None}
    yield from each_on(event(), {name: {"timestamp": written} for name, written in forms.items()})
    yield from each_on(event(), {name: {"event_data": value} for name, value in _DATA.items()})
    yield from each_on(event(), _OTHERS)


def planted_snapshots(snapshot: Callable[[], Document]) -> Iterator[Planted]:
    """Of the history in metrics.json."""
    yield "snapshot_not_an_object", ["restarted"]
    yield "timestamp_missing", [without(snapshot(), "timestamp")]
    yield "metrics_missing", [without(snapshot(), "metrics")]
    forms = OTHER_FORMS | {"date_with_z": WITH_Z, "date_with_offset": WITH_OFFSET}
    yield from each_on(snapshot(), {name: {"timestamp": written} for name, written in forms.items()})
    yield from each_on(snapshot(), {name: {"metrics": value} for name, value in _METRICS.items()})
    yield from each_on(snapshot(), {"unknown_keys": {"host": "old laptop", "_state": None}})


_DATA: dict[str, Any] = {
    "event_data_null": None,
    "event_data_a_text": "",
    "event_data_a_list": [1, "two", None],
    "event_data_with_nul": {"text": "cut\0here"},
    "event_data_with_lone_surrogate": {"text": "\ud83d"},
    "event_data_with_10_to_the_30": {"cost": 10**30},
    "event_data_with_nan": {"cost": Verbatim("NaN")},
    "event_data_with_a_name_twice": Members((("chat_id", 1), ("chat_id", 2))),
}
_OTHERS: dict[str, Document] = {
    "event_type_unknown": {"event_type": "moon_phase"},
    "event_type_a_number": {"event_type": 7},
    "event_type_with_nul": {"event_type": "err\0or"},
    "bot_id_a_number": {"bot_id": 1234567890},
    "bot_id_null": {"bot_id": None},
    "bot_id_of_another_bot": {"bot_id": "another"},
    "unknown_keys": {"session": "a1", "_state": {"step": 3}},
}
_METRICS: dict[str, Any] = {
    "metrics_null": None,
    "metrics_a_list": [1, 2, 3],
    "metrics_as_texts": {"messages_sent": "9", "average_seconds": "1129.2"},
    "metrics_with_nan": {"average_seconds": Verbatim("NaN")},
    "metrics_over_every_float": {"average_seconds": Verbatim("1e400")},
}
