"""A folder of ours whose index lies elsewhere, so that either can be lost, full or restored by itself."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from legacy_json import taking
from legacy_json.conflicts import Conflict, open_conflicts, settle
from legacy_json.index import Index
from legacy_json.layouts import Source
from legacy_json.overview import SourceState, source_states
from legacy_json.renderer import Renderer
from tests.legacy_json.ours import ALL, Ours, users

FILES: Mapping[str, object] = {
    "data.json": users(1, 2, 3, faceit_nickname="one") | {"analytics": {"total_users": 3}},
    "girls_data/5.json": {"chat_id": 5, "name": "Anna"},
    "girls_data/6.json": {"chat_id": 6, "name": "Vera"},
}


class Apart(Ours):
    """To begin with three users and two profiles. `home` has the index."""

    def __init__(self, root: Path, home: Path, files: Mapping[str, object] = FILES) -> None:
        root.mkdir(exist_ok=True)
        super().__init__(root, files)
        home.mkdir(exist_ok=True)
        self.home, self.index = home, Index(home / "index.sqlite3")

    def source(self, name: str = "data.json") -> Source:
        return next(source for source in self.sources.values() if name in source.patterns or name == source.name)

    @property
    def profiles(self) -> Source:
        return self.source("girls_data/*.json")

    def renderer(self) -> Renderer:
        return Renderer(self.index, self.root, self.sources)

    def conflicts(self) -> list[Conflict]:
        return open_conflicts(self.index)

    def kinds(self) -> list[tuple[str | None, object, str]]:
        return [(conflict.component, conflict.key, conflict.kind) for conflict in self.conflicts()]

    def settle(self, conflict: Conflict, *, take: bool) -> None:
        settle(self.index, self.places, self.collections, conflict.id, take=take, by="a test")

    def state(self, name: str = "data.json") -> SourceState:
        source = self.source(name)
        (found,) = source_states(self.index, self.root, {source.name: source})
        return found

    def take_anew(self, name: str = "data.json") -> None:
        self.age()
        taking.take(self.index, self.root, self.source(name), datetime.now(UTC), anew=True, confirm_shrink=True)

    def give_back(self, name: str = "data.json") -> None:
        taking.give_back(self.index, self.root, self.sources, self.source(name))

    def age(self) -> None:
        """Nobody has written for an hour."""
        for path in self.root.rglob("*.json"):
            if path.parent.name != ".switchyard":
                past = path.stat().st_mtime - 3600
                os.utime(path, (past, past))

    # Losses

    def lose_index(self) -> None:
        self.index.close()
        for path in self.home.glob("index.sqlite3*"):
            path.unlink()
        self.index = Index(self.home / "index.sqlite3")

    def back_up_index(self) -> Path:
        self.index.close()
        return Path(shutil.copytree(self.home, self.home.with_name("home-backup")))

    def restore_index(self, backup: Path) -> None:
        self.lose_index()
        for path in backup.glob("index.sqlite3*"):
            shutil.copy2(path, self.home / path.name)

    def back_up_folder(self) -> Path:
        return Path(shutil.copytree(self.root, self.root.with_name("root-backup")))

    def restore_folder(self, backup: Path) -> None:
        shutil.rmtree(self.root)
        shutil.copytree(backup, self.root)


def taken(tmp_path: Path, files: Mapping[str, object] = FILES) -> Apart:
    made = Apart(tmp_path / "bot", tmp_path / "home", files)
    made.take()
    return made


__all__ = ["ALL", "FILES", "Apart", "taken"]
