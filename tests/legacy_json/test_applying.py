"""Following a source costs what changed, not what is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from legacy_json import applying
from legacy_json.applying import Reading
from legacy_json.index import Index
from legacy_json.layouts import Collection, ListOf, SubObject
from legacy_json.reading import read, sources

USERS = Collection("users", (ListOf("data.json", "users", key="user_id"),), unique=("player",))
SUBSCRIPTIONS = Collection("subscriptions", (SubObject(of="users", name="subscription"),))
(SOURCE,) = sources([USERS, SUBSCRIPTIONS]).values()


def write(folder: Path, round: int) -> None:
    users = [
        {"user_id": n, "player": f"p{n}-{round}", "subscription": {"round": round}} for n in range(round, 30 + round)
    ]
    (folder / "data.json").write_text(json.dumps({"users": users}))


def test_no_record_is_looked_for_by_walking_through_its_component(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite leaves the key out of a search, in silence, if the other side of the comparison has another affinity."""
    index = Index(tmp_path / "index.sqlite3")
    write(tmp_path, 0)
    read(index, tmp_path, SOURCE)
    write(tmp_path, 1)
    walks: list[str] = []

    def apply(*arguments: Any) -> Reading:
        connection, statements = index.connection(), list[str]()
        connection.set_trace_callback(statements.append)
        reading = applying.apply(*arguments)
        connection.set_trace_callback(None)
        for statement in statements:
            if "record r" in statement and "incoming.absent" not in statement:  # what is absent takes one pass
                plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}")
                walks.extend(step for *_, step in plan if step.startswith("SEARCH r ") and "key=" not in step)
        assert any("record r" in statement for statement in statements)
        return reading

    monkeypatch.setattr("legacy_json.reading.apply", apply)
    read(index, tmp_path, SOURCE)
    index.close()
    assert walks == []
