"""What is declared, or set, so that files could not be read or written rightly stops the start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from legacy_json.index import Index
from legacy_json.layouts import FolderOf, Layout, ListOf, ObjectOf, SequenceOf, SubObject
from legacy_json.rendering.filesystem import Mount
from migration_control import components, file_checks
from migration_control.bots import faceit
from migration_control.components import Component
from tests.migration_control.world import Bot

Declare = Callable[[Component], None]


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch) -> Declare:
    """One component more, or another one of that name."""

    def go(component: Component) -> None:
        monkeypatch.setitem(components._registry, component.name, component)

    return go


def users(**changes: Any) -> Component:
    return replace(components.get("users"), **changes)


def ids(check: Callable[[None], list[Any]]) -> list[str]:
    return [message.id for message in check(None)]


def test_what_is_declared_passes() -> None:
    for check in (file_checks.check_overlaps, file_checks.check_lookups, file_checks.check_keys):
        assert check(None) == []


@pytest.mark.parametrize(
    "layout",
    [
        ObjectOf("data.json", "users"),
        ObjectOf("data.json"),
        FolderOf("conversations"),
        SequenceOf("*.json"),
        SequenceOf("analytics_2025*.json"),
        SequenceOf("data*.json"),
    ],
    ids=repr,
)
def test_e004_a_file_is_declared_for_one_thing(declare: Declare, layout: Layout) -> None:
    declare(users(name="more", key=str, places=(faceit(layout),), unique=(), lookups=()))
    assert "migration_control.E004" in ids(file_checks.check_overlaps)


@pytest.mark.parametrize(
    "layout",
    [ObjectOf("data.json", "more"), ObjectOf("other.json"), SequenceOf("stats_*.json"), FolderOf("more")],
    ids=repr,
)
def test_e004_another_section_or_another_file_is_none_of_it(declare: Declare, layout: Layout) -> None:
    declare(users(name="more", key=str, places=(faceit(layout),), unique=(), lookups=()))
    assert ids(file_checks.check_overlaps) == []


@pytest.mark.parametrize("names", [{"unique": ("nobody",)}, {"lookups": ("nobody",)}])
def test_e005_what_is_looked_up_is_in_the_document(declare: Declare, names: dict[str, tuple[str, ...]]) -> None:
    declare(users(**names))
    (message,) = file_checks.check_lookups(None)
    assert message.id == "migration_control.E005"
    assert "faceit_player_id" in (message.hint or "")


@pytest.mark.parametrize(
    "changes",
    [
        {"key": str},
        {"places": (faceit(SequenceOf("people_*.json")),)},
        {"places": (faceit(ListOf("people.json", None, "id")),)},
        {"places": (faceit(ObjectOf("people.json", wrap="value")),)},
        {"places": (faceit(SubObject("nobody", "user")),)},
        {"places": (faceit(SubObject("matches", "user")),)},
    ],
    ids=repr,
)
def test_e006_keys_are_of_one_kind(declare: Declare, changes: dict[str, Any]) -> None:
    declare(users(**changes))
    assert "migration_control.E006" in ids(file_checks.check_keys)


@pytest.mark.parametrize("name", ["LEGACY_DIR", "LEGACY_INDEX"])
@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "9p"])
def test_e007_a_share_of_another_machine_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, kind: str
) -> None:
    share = tmp_path / "share"
    settings.LEGACY_DIR, settings.LEGACY_INDEX = tmp_path / "bot", tmp_path / "index.sqlite3"
    setattr(settings, name, share / "there")
    monkeypatch.setattr(
        file_checks, "mount_of", lambda path: Mount(str(share), kind if path.is_relative_to(share) else "ext4")
    )
    (message,) = file_checks.check_disks(None)
    assert message.id == "migration_control.E007"
    assert name in message.msg
    assert kind in message.msg


def test_w001_an_index_in_memory_is_warned_of(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.LEGACY_DIR = None
    monkeypatch.setattr(file_checks, "mount_of", lambda path: Mount("/tmp", "tmpfs"))
    assert ids(file_checks.check_disks) == ["migration_control.W001"]


def test_where_the_system_does_not_say_nothing_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_checks, "mount_of", lambda path: None)
    assert ids(file_checks.check_disks) == []


def test_w002_what_is_ours_and_not_declared_any_more(bot: Bot, index: Index, settings: Settings) -> None:
    with index.write() as (connection, _):
        connection.execute("INSERT INTO source VALUES ('data.json', 'switchyard', '')")
    assert file_checks.check_owned(None) == []
    settings.LEGACY_FOLDERS = {"faceit": "f", "companion": ""}
    assert ids(file_checks.check_owned) == ["migration_control.W002"]
