"""A legacy folder with an index, and what a test asks of them."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from legacy_json.applying import Reading
from legacy_json.index import Finding, Index, Outcome, Phase, Record, State
from legacy_json.layouts import Collection, ListOf, Source, SubObject
from legacy_json.reading import read, sources
from legacy_json.scan import Scanner

USERS = Collection("users", (ListOf("data.json", "users", "user_id"),), unique=("faceit_player_id",))
SUBSCRIPTIONS = Collection("subscriptions", (SubObject("users", "subscription"),), unique=("referral_code",))
FACEIT = (USERS, SUBSCRIPTIONS)
PREMIUM = {"tier": "premium"}


class Store:
    """One folder of files and its index."""

    def __init__(self, root: Path, collections: Sequence[Collection] = FACEIT) -> None:
        self.root, self.collections = root, list(collections)
        self.path = root / self.source.homes[0].layout.file
        self.index = Index(root / "index" / "index.sqlite3")

    @property
    def source(self) -> Source:
        (source,) = sources(self.collections).values()
        return source

    def put(self, text: str | bytes) -> None:
        """Replace the file, and let it look as if it had been written an hour ago."""
        self.path.write_bytes(text.encode() if isinstance(text, str) else text)
        self.age()

    def age(self, seconds: float = 3600) -> None:
        age(self.path, seconds)

    def put_users(self, *users: object, **sections: object) -> None:
        self.put(json.dumps({"users": users, **sections}, indent=2, ensure_ascii=False))

    def read(self, **options: Any) -> Reading:
        return read(self.index, self.root, self.source, **options)

    def load(self, *users: object) -> Reading:
        self.put_users(*users)
        return self.read()

    def record(self, key: int | str, component: str = "users") -> Record:
        (record,) = self.index.record(component, key).records
        return record

    def document(self, key: int | str, component: str = "users") -> Any:
        return json.loads(self.record(key, component).document)

    def live(self, component: str = "users") -> dict[int | str, Any]:
        return {r.key: json.loads(r.document) for r in self.records(component) if r.state == State.LIVE}

    def records(self, component: str = "users") -> list[Record]:
        rows = self.index.connection().execute(
            f"SELECT {', '.join(Record._fields)} FROM record WHERE component = ? ORDER BY key",
            (component,),
        )
        return [Record._make(row) for row in rows]

    def pending(self, component: str = "users") -> list[int | str]:
        return [record.key for record in self.index.pending(component, None, 10_000).records]

    def synced(self, key: int | str, component: str = "users") -> int:
        """The version of a pending record that the database has confirmed."""
        query = "SELECT synced FROM pending WHERE component = ? AND key = ?"
        (found,) = self.index.connection().execute(query, (component, key)).fetchone()
        return int(found)

    def confirm(self, component: str = "users", findings: Sequence[Finding] = ()) -> None:
        assert self.index.acknowledge(self.index.pending(component, None, 10_000), findings)

    def findings(self, component: str = "users") -> list[Finding]:
        return list(self.index.findings(component))

    def quarantined(self, component: str = "users") -> list[Finding]:
        return [f for f in self.findings(component) if f.outcome is Outcome.QUARANTINED]

    def codes(self, component: str = "users") -> list[str]:
        return [finding.code for finding in self.findings(component)]

    def assert_balanced(self) -> None:
        for collection in self.collections:
            ledger = self.index.ledger(collection.name)
            assert ledger.balanced, ledger
            live = sum(record.state == State.LIVE for record in self.records(collection.name))
            assert ledger.entries == live + ledger.quarantined, ledger
            assert ledger.pending == self.index.count_pending(collection.name) == len(self.pending(collection.name))

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """All that two indexes of the same history have in common: no commit numbers."""
        queries = {
            "record": "component, key, version, state, duplicate, odd, file, ordinal, document",
            "pending": "component, key, synced",
            "lookup": "component, name, value, key",
            "scanned": "component, floor",
            "counted": "component, file, entries",
            "finding": "component, key, source, ordinal, phase, outcome, code, detail, raw",
        }
        connection = self.index.connection()
        real = "component <> ''"  # not the counter of commits
        return {
            table: sorted(connection.execute(f"SELECT {columns} FROM {table} WHERE {real}").fetchall(), key=repr)
            for table, columns in queries.items()
        }


def age(path: Path, seconds: float = 3600) -> None:
    past = time.time_ns() - int(seconds * 1e9)
    for file in [path, *path.glob("*")] if path.is_dir() else [path]:
        os.utime(file, ns=(past, past))


def user(number: int, **more: object) -> dict[str, object]:
    return {"user_id": number, "faceit_nickname": f"player{number}", **more}


def refusal(key: int) -> Finding:
    """Of a user, by mapping."""
    return Finding("users", key, "data.json", 0, Phase.MAPPING, Outcome.QUARANTINED, "refused", "no reason", None)


def scanner(data: bytes, **options: Any) -> Scanner:
    return Scanner(io.BytesIO(data), Path("data.json"), **options)
