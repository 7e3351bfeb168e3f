"""A legacy folder of many files, and the components of both bots that lie in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from legacy_json import walking
from legacy_json.applying import Reading
from legacy_json.index import Index
from legacy_json.layouts import Collection, FolderOf, Generations, ListOf, ObjectOf, SequenceOf, SingleOf, sources
from legacy_json.reading import read
from legacy_json.records import SUPERSEDED, State
from legacy_json.scan import Scanner
from legacy_json.texts import printable
from tests.legacy_json.stores import Store, age

MESSAGES = Collection("conversations", (SequenceOf("conversations/*.json"),), key=str)
EVENTS = Collection(
    "analytics",
    (
        SequenceOf("analytics_*.json", optional=True),
        SequenceOf("metrics.json", "history", optional=True),
        SingleOf("metrics.json", "current", wrap="metrics", optional=True),
        SingleOf("data.json", "analytics", wrap="metrics", optional=True),
    ),
    key=str,
)
PEOPLE = Collection("users", (ListOf("data.json", "users", "user_id"),), unique=("faceit_player_id",))
PROFILES = Collection(
    "profiles", (Generations((ObjectOf("girls_data.json", "girls"), FolderOf("girls_data"))),), unique=("nick",)
)
SETTINGS = Collection("configuration", (ObjectOf("config.json", wrap="value"),), key=str)


class Folder(Store):
    """A store of several files and sources."""

    def __init__(self, root: Path, *collections: Collection) -> None:
        root.mkdir(exist_ok=True)
        self.root, self.path, self.collections = root, root, list(collections)
        self.index = Index(root / "index" / "index.sqlite3")

    def write(self, name: str, value: object) -> Path:
        return self.write_text(name, json.dumps(value))

    def write_text(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        age(path)
        return path

    def remove(self, name: str) -> None:
        (self.root / name).unlink()

    def read_all(self, **options: Any) -> list[Reading]:
        """Every source, in the order in which they are declared."""
        return [read(self.index, self.root, source, **options) for source in sources(self.collections).values()]

    def file_of(self, key: int | str, component: str) -> str:
        return self.index.file_name(self.record(key, component).file)

    def assert_balanced(self) -> None:
        """As a whole, and file by file."""
        connection = self.index.connection()
        for collection in self.collections:
            name = collection.name
            ledger = self.index.ledger(name)
            assert ledger.balanced, ledger
            query = "SELECT f.name, c.entries FROM counted c JOIN file f ON f.id = c.file WHERE component = ?"
            entries = {printable(file): count for file, count in connection.execute(query, (name,)) if count}
            places: dict[str, int] = {}
            mapped = {f.key for f in self.findings(name) if f.phase == "mapping" and f.outcome == "quarantined"}
            for record in self.records(name):
                if record.state in (State.LIVE, State.PRUNED) or (record.state, record.key in mapped) == (2, True):
                    file = printable(self.index.file_name(record.file))
                    places[file] = places.get(file, 0) + 1
            for finding in self.findings(name):
                if finding.phase == "reading" and (finding.outcome == "quarantined" or finding.code == SUPERSEDED):
                    places[finding.source] = places.get(finding.source, 0) + 1
            assert places == entries


def chat(*texts: object) -> list[object]:
    """A conversation; what is no text stands in it as it is."""
    return [{"text": text} if isinstance(text, str) else text for text in texts]


def texts(store: Folder, chat: str = "1") -> dict[int, str]:
    """The live messages of a conversation by position."""
    live = store.live("conversations").items()
    return {
        int(str(key).partition(":")[2]): message["text"] for key, message in live if str(key).startswith(f"{chat}:")
    }


def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read from now on."""
    names: list[str] = []

    def scanner(stream: Any, path: Path, *arguments: Any) -> Scanner:
        names.append(path.name)
        return Scanner(stream, path, *arguments)

    monkeypatch.setattr(walking, "Scanner", scanner)
    return names
