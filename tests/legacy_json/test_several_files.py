"""Whatever several files hold, and however they change, the ledger balances and nothing depends on the way there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from legacy_json.keys import Key
from legacy_json.records import State
from tests.legacy_json.folders import EVENTS, MESSAGES, PEOPLE, PROFILES, SETTINGS, Folder

COMPONENTS = (MESSAGES, EVENTS, PEOPLE, PROFILES, SETTINGS)
Files = dict[str, object]

objects = st.dictionaries(
    st.sampled_from(["text", "nick", "user_id", "faceit_player_id"]),
    st.sampled_from([1, 2, "1", "a", "b", None]),
    max_size=3,
)
values: st.SearchStrategy[object] = st.one_of(objects, st.sampled_from([None, 5, "x", [], [{}], True]))
lists = st.lists(values, max_size=6)
members = st.dictionaries(st.sampled_from(["1", "01", "2", "3", "-4", "x", ""]), values, max_size=5)
files: st.SearchStrategy[Files] = st.fixed_dictionaries(
    {"config.json": members, "girls_data.json": st.fixed_dictionaries({"girls": members})},
    optional={
        "conversations/1.json": lists,
        "conversations/2.json": lists,
        "conversations/x.json": lists,
        "girls_data/1.json": values,
        "girls_data/01.json": values,
        "girls_data/2.json": values,
        "girls_data/x.json": values,
        "analytics_202501.json": lists,
        "analytics_202502.json": lists,
        "metrics.json": st.fixed_dictionaries({}, optional={"current": values, "history": lists, "x": values}),
        "data.json": st.fixed_dictionaries({"users": lists}, optional={"analytics": values}),
    },
)


def lay_out(store: Folder, wanted: Files) -> None:
    """Make the folder hold just these files; one that is as it was is not touched."""
    for folder in ("conversations", "girls_data"):
        (store.root / folder).mkdir(exist_ok=True)
    there = {str(path.relative_to(store.root)) for path in store.root.rglob("*.json")}
    for name in there - set(wanted):
        store.remove(name)
    for name, value in wanted.items():
        if name not in there or (store.root / name).read_text() != json.dumps(value):
            store.write(name, value)


def shown(store: Folder, component: str) -> object:
    """All of it but versions, and positions in lists: these tell of the way there."""
    places: dict[Key, int] = {}
    stems: dict[str, int] = {}
    live: list[Any] = []
    for record in store.records(component):
        if record.state == State.DELETED:
            continue
        stem, colon, digits = str(record.key).rpartition(":")
        key: Key = record.key
        if colon and digits.isdecimal():
            places[key] = stems[stem] = stems.get(stem, -1) + 1
            key = f"{stem}:{places[key]}"
        file = store.index.file_name(record.file)
        live.append((key, record.state, record.duplicate, file, record.document))
    found = [(f.source, f.ordinal, f.code, f.outcome, f.raw) for f in store.findings(component)]
    lookups = [row for row in store.dump()["lookup"] if row[0] == component]
    return live, sorted(found, key=repr), lookups


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(files, min_size=1, max_size=4), st.booleans())
def test_reading_by_difference_comes_out_as_reading_anew(
    tmp_path_factory: pytest.TempPathFactory, versions: list[Files], confirm: bool
) -> None:
    store = Folder(tmp_path_factory.mktemp("any") / "bot", *COMPONENTS)
    for wanted in versions:
        lay_out(store, wanted)
        store.read_all(confirm_shrink=True)
        store.assert_balanced()
        for component in COMPONENTS if confirm else ():
            store.confirm(component.name)
        store.assert_balanced()
        assert not any(reading.changed for reading in store.read_all())
    fresh = Folder(tmp_path_factory.mktemp("fresh") / "bot", *COMPONENTS)
    lay_out(fresh, versions[-1])
    fresh.read_all(confirm_shrink=True)
    for component in COMPONENTS:
        assert shown(store, component.name) == shown(fresh, component.name)
    store.index.close()
    fresh.index.close()


def test_the_files_are_the_ones_that_the_components_lie_in(tmp_path: Path) -> None:
    """Else the test above would compare nothing with nothing."""
    store = Folder(tmp_path / "bot", *COMPONENTS)
    wanted: Files = {
        "config.json": {"1": {}},
        "girls_data.json": {"girls": {"1": {}}},
        "conversations/1.json": [{}],
        "analytics_202501.json": [{}],
        "metrics.json": {"current": 1},
        "data.json": {"users": [{"user_id": 1}]},
    }
    lay_out(store, wanted)
    store.read_all()
    assert {component.name: len(store.live(component.name)) for component in COMPONENTS} == {
        "conversations": 1, "analytics": 2, "users": 1, "profiles": 1, "configuration": 1,
    }  # fmt: skip
