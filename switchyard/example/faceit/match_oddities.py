"""One example of every defect of a match that leaves matches.json readable."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from switchyard.example.dates import NAIVE, OTHER_FORMS, WITH_Z
from switchyard.example.planting import Document, Planted, without
from switchyard.example.writing import Members, Verbatim

Match = tuple[str, Document]


def planted(match: Callable[[], Match]) -> Iterator[Planted]:
    """Each defect by name, its entries being pairs of id and record. Of two with one id the last counts."""
    key, first = match()
    yield "duplicate_match_id", [(key, first), (key, match()[1])]
    yield "match_id_empty", [("", match()[1])]
    yield "match_id_with_nul", [("1-\0", match()[1])]
    yield "match_not_an_object", [(match()[0], "cancelled by the organizer")]
    yield "match_null", [(match()[0], None)]
    yield "match_empty", [(match()[0], {})]
    key, whole = match()
    yield "duplicate_member_name", [(key, Members((*whole.items(), ("status", "cancelled"))))]
    for name in ("status", "details", "winner", "analyses"):
        key, whole = match()
        yield f"{name}_missing", [(key, without(whole, name))]
    for name, changed in _VALUES.items():
        key, whole = match()
        yield name, [(key, whole | changed)]
    for name, written in (OTHER_FORMS | {"date_with_z": WITH_Z, "date_without_zone": NAIVE}).items():
        key, whole = match()
        yield name, [(key, whole | {"started_at": written})]


_VALUES: dict[str, Document] = {
    "status_in_capitals": {"status": "FINISHED"},
    "status_unknown": {"status": "postponed"},
    "status_null": {"status": None},
    "best_of_as_text": {"best_of": "3"},
    "best_of_10_to_the_30": {"best_of": 10**30},
    "details_a_text": {"details": "404"},
    "details_with_nul": {"details": {"competition_name": "cut\0here"}},
    "details_with_lone_surrogate": {"details": {"competition_name": "\ud83d"}},
    "statistics_with_nan": {"statistics": {"rounds": [{"ADR": Verbatim("NaN")}]}},
    "statistics_over_every_float": {"statistics": {"rounds": [{"ADR": Verbatim("1e400")}]}},
    "competition_name_with_nul": {"competition_name": "Cup\0"},
    "competition_name_with_lone_surrogate": {"competition_name": "Cup \udf7a"},
    "map_a_list": {"map": ["de_nuke", "de_mirage"]},
    "unknown_keys": {"_state": "waiting_for_stats", "odds": {"faction1": 1.7, "faction2": None}},
}
