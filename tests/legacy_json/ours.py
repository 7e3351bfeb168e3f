"""A folder with files of both bots that this project has taken over, and its index."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from legacy_json.index import Index
from legacy_json.keys import Key
from legacy_json.layouts import (
    Collection,
    FolderOf,
    Generations,
    ListOf,
    ObjectOf,
    SequenceOf,
    SingleOf,
    Source,
    SubObject,
)
from legacy_json.places import Places
from legacy_json.reading import read
from legacy_json.records import Finding, Outcome, Phase, Record, State
from legacy_json.renderer import Renderer
from legacy_json.taking import take
from legacy_json.writing import commit
from tests.legacy_json.consistency import check_consistent

USERS = Collection(
    "users",
    (ListOf("data.json", "users", "user_id"),),
    unique=("faceit_player_id",),
    lookups=("faceit_nickname",),
)
SUBSCRIPTIONS = Collection("subscriptions", (SubObject("users", "subscription"),), unique=("referral_code",))
MATCHES = Collection("matches", (ObjectOf("matches.json", optional=True, ours=True),), key=str)
EVENTS = Collection(
    "analytics",
    (
        SequenceOf("analytics_*.json", optional=True),
        SequenceOf("metrics.json", "history", optional=True),
        SingleOf("metrics.json", "current", wrap="metrics", optional=True),
    ),
    key=str,
)
PROFILES = Collection("profiles", (Generations((ObjectOf("girls_data.json", "girls"), FolderOf("girls_data"))),))
MESSAGES = Collection("conversations", (SequenceOf("conversations/*.json", optional=True),), key=str)
SETTINGS = Collection("configuration", (ObjectOf("config.json", wrap="value", optional=True),), key=str)
ALL = (USERS, SUBSCRIPTIONS, MATCHES, EVENTS, PROFILES, MESSAGES, SETTINGS)
HOUR = 3600
FILES: dict[str, object] = {
    "data.json": {
        "users": [
            {"user_id": 1, "faceit_player_id": "a", "faceit_nickname": "anna"},
            {"user_id": 2, "faceit_player_id": "b", "subscription": {"tier": "free", "referral_code": "R2"}},
            {"user_id": 3},
        ]
    },
    "girls_data.json": {"girls": {"10": {"name": "old"}}},
    "girls_data/11.json": {"name": "new"},
    "conversations/10.json": [{"text": "one"}, {"text": "two"}],
    "analytics_202411.json": [{"event_type": "start"}],
    "metrics.json": {"current": {"starts": 1}, "history": [{"metrics": 1}]},
    "config.json": {"speed": 3},
}


class Ours:
    """files: what stands in them before they are taken over, by name."""

    def __init__(self, root: Path, files: Mapping[str, object], collections: Sequence[Collection] = ALL) -> None:
        self.root, self.collections = root, collections
        for name, content in files.items():
            self.put(name, content)
        self.index = Index(root / "index" / "index.sqlite3")
        self.places = Places(collections)

    @property
    def sources(self) -> dict[str, Source]:
        return self.places.sources

    def put(self, name: str, content: object) -> None:
        """As JSON, unless it is a text; written an hour ago."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        past = time.time() - HOUR
        os.utime(path, (past, past))

    def read(self) -> None:
        for source in self.sources.values():
            read(self.index, self.root, source, confirm_shrink=True)

    def take(self) -> Ours:
        """Read everything, and make it ours."""
        self.read()
        for source in self.sources.values():
            if not source.ours:
                take(self.index, self.root, source, datetime.now(UTC), confirm_shrink=True)
        return self

    def render(self) -> int:
        return Renderer(self.index, self.root, self.sources).flush()

    def check(self) -> None:
        check_consistent(self.index, self.collections)

    # One commit each

    def create(self, collection: Collection, key: Key, **document: object) -> int:
        with commit(self.index, self.places) as writer:
            return writer.create(collection, key, keyed(collection, key, document))

    def replace(self, collection: Collection, key: Key, version: int | None = None, **document: object) -> int:
        with commit(self.index, self.places) as writer:
            return writer.replace(collection, key, keyed(collection, key, document), version)

    def delete(self, collection: Collection, key: Key, version: int | None = None) -> int:
        with commit(self.index, self.places) as writer:
            return writer.delete(collection, key, version)

    def append(self, collection: Collection, stem: str, **document: object) -> str:
        with commit(self.index, self.places) as writer:
            return writer.append(collection, stem, document)

    # What there is

    def record(self, collection: Collection, key: Key) -> Record:
        (record,) = self.index.record(collection.name, key).records
        return record

    def document(self, collection: Collection, key: Key) -> Any:
        return json.loads(self.record(collection, key).document)

    def live(self, collection: Collection) -> dict[Key, Any]:
        query = "SELECT key, document FROM record WHERE component = ? AND state = ? ORDER BY key"
        rows = self.index.connection().execute(query, (collection.name, State.LIVE))
        return {key: json.loads(document) for key, document in rows}

    def marked(self, collection: Collection) -> list[Key]:
        query = "SELECT key FROM record WHERE component = ? AND duplicate = 1 ORDER BY key"
        return [key for (key,) in self.index.connection().execute(query, (collection.name,))]

    def found_by(self, collection: Collection, name: str, value: str) -> list[Key]:
        query = "SELECT key FROM lookup WHERE component = ? AND name = ? AND value = ? ORDER BY key"
        return [key for (key,) in self.index.connection().execute(query, (collection.name, name, value))]

    def file(self, collection: Collection, key: Key) -> str:
        return self.index.file_name(self.record(collection, key).file)

    def content(self, name: str) -> Any:
        return json.loads((self.root / name).read_text())

    def pending(self, collection: Collection) -> dict[Key, int]:
        """The versions that the database lacks."""
        return {record.key: record.version for record in self.index.pending(collection.name, None, 10_000).records}

    def confirm(self, collection: Collection, *findings: Finding) -> None:
        assert self.index.acknowledge(self.index.pending(collection.name, None, 10_000), findings)

    def confirm_all(self) -> None:
        for collection in self.collections:
            self.confirm(collection)


def keyed(collection: Collection, key: Key, document: Mapping[str, object]) -> dict[str, object]:
    """With its key, where that is a part of it, unless it has one."""
    names = [layout.key for layout in collection.layouts if isinstance(layout, ListOf)]
    return dict.fromkeys(names, key) | dict(document)


def refusal(collection: Collection, key: Key, source: str) -> Finding:
    """By mapping."""
    place = (collection.name, key, source, None)
    return Finding(*place, Phase.MAPPING, Outcome.QUARANTINED, "cannot-hold", "too long for the column", None)


def users(*numbers: int, **more: object) -> dict[str, object]:
    return {"users": [{"user_id": number, **more} for number in numbers]}


def taken_over(root: Path, **files: object) -> Ours:
    """With these in place of the usual ones: data for data.json, and so on."""
    made = Ours(root, FILES | {f"{name}.json": content for name, content in files.items()}).take()
    made.confirm_all()
    return made


def opened(root: Path) -> Iterator[Ours]:
    """For a fixture: the usual files, taken over, and a look at the index when the test is done."""
    made = taken_over(root)
    yield made
    made.check()
    made.index.close()
