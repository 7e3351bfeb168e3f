"""Places and spellings in which a person was overlooked, or more than the person went."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import User
from conversations.models import Profile, Setting
from conversations.services import backups
from legacy_json.errors import StoreBusy
from migration_control import store
from migration_control.copying import AuthorityMoved
from migration_control.exits import FAILED, REFUSED
from migration_control.persons import compacting, copies, copying, in_index
from migration_control.persons.deleting import Unfinished, delete, preview
from tests.migration_control.persons.planting import MARK, OTHER, PERSON, STAYS, World
from tests.migration_control.persons.test_person_commands import REASON, run

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GROUP = -1001005000


def go() -> None:
    delete(PERSON, reason="asked by mail", by="ann")


def small(world: World, stage: str = "disabled", reads: str = "json") -> World:
    world.plant()
    world.take()
    if stage != "disabled":
        world.stand(stage, reads)
    return world


# Daily backups


def test_of_a_group_chats_backup_only_the_persons_messages_go(world: World, settings: Settings) -> None:
    settings.VAR_DIR = world.home / "var"
    small(world)
    said: list[dict[str, Any]] = [{"text": STAYS, "user_id": OTHER}, {"text": MARK, "user_id": PERSON}, {"text": STAYS}]
    path = backups.backup_day(GROUP, said, now=NOW)
    draft = path.with_name(f".{path.name}-killed")
    draft.write_text(f'[\n{{"text": "{MARK}", "user_id": {PERSON}')
    untouched = backups.backup_day(GROUP, [{"text": STAYS, "user_id": OTHER}], now=datetime(2026, 1, 2, tzinfo=UTC))
    before = untouched.read_bytes()
    assert preview(PERSON).found["file", f"daily backups: 2026-01-01/{path.name}"] == 1
    go()
    assert world.where() == []
    assert json.loads(path.read_text()) == [said[0], said[2]]
    assert (draft.exists(), untouched.read_bytes() == before) == (False, True)


def test_a_backup_that_its_service_removes_meanwhile_is_no_trouble(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.VAR_DIR = world.home / "var"
    path = backups.backup_day(GROUP, [{"text": MARK, "user_id": PERSON}], now=NOW)
    read = Path.read_bytes

    def pruned(self: Path) -> bytes:
        self.unlink(missing_ok=self == path)
        return read(self)

    monkeypatch.setattr(Path, "read_bytes", pruned)
    assert list(copies.found_in(path.parent, [path.name], PERSON)) == []


# Settings of the whole bot


STAGES = [("disabled", "json"), ("dual-write", "json"), ("dual-write", "database"), ("db-only", "database")]


@pytest.mark.parametrize(("stage", "reads"), STAGES)
def test_a_setting_of_the_whole_bot_stays_without_the_person_and_is_named(world: World, stage: str, reads: str) -> None:
    world.plant()
    support = {"chat_id": PERSON, "hours": STAYS, "team": [{"user_id": PERSON, "name": MARK}, {"user_id": OTHER}]}
    world.write("config.json", {"support": support, "owner": PERSON, "welcome": STAYS, f"{PERSON}::style": MARK})
    world.take()
    if stage != "disabled":
        world.stand(stage, reads)
    told, status = run("person_delete", str(PERSON), *REASON, "--dry-run")
    assert "Look at configuration owner yourself: it is not theirs alone, and has their number." in told
    told, status = run("person_delete", str(PERSON), *REASON, "--confirm")
    assert (status, "Look at configuration support yourself" in told) == (0, True)
    found = {setting.key: setting.value for setting in Setting.records.iterate()}
    cut = {"chat_id": None, "hours": STAYS, "team": [{"user_id": OTHER}]}
    assert found == {"support": cut, "owner": PERSON, "welcome": STAYS}
    assert world.where() == []


def test_the_document_of_such_a_setting_in_the_index_stays_without_the_person(world: World) -> None:
    """One that no store copies: in quarantine, or of a migration that is closed."""
    small(world)
    Setting.records.create(Setting(id="support", value={"chat_id": PERSON, "hours": STAYS}))
    in_index.cut_documents(store.index(), "configuration", PERSON, ["support"])
    found = Setting.records.get("support")
    assert found is not None
    assert found.value == {"chat_id": None, "hours": STAYS}


# Spellings


BIG = 700500964 * 10**9  # a float of it is written as a power of ten


@pytest.mark.parametrize(("person", "spelled"), [(PERSON, "7.00500964e8"), (BIG, "7.00500964e17")])
def test_an_id_that_is_written_as_a_power_of_ten_is_found(world: World, person: int, spelled: str) -> None:
    world.plant()
    document = '{"chat_id": %d, "name": "%s", "profile": {"friends": [{"user_id": %s, "name": "%s"}]}}'
    path = world.folder / f"girls_data/{OTHER}.json"
    path.write_text(document % (OTHER, STAYS, spelled, "Zq7Spelled"))
    os.utime(path, (0, 0))
    world.take()
    assert world.where("Zq7Spelled")
    delete(person, reason="asked", by="ann")
    assert world.where("Zq7Spelled") == []
    assert any(f"girls_data/{OTHER}.json" in place for place in world.where(STAYS))


def test_so_is_one_that_only_the_database_has(world: World) -> None:
    small(world, "db-only", "database")
    friends = [{"user_id": float(BIG), "name": "Zq7Spelled"}, {"user_id": OTHER}]
    Profile.records.update(OTHER, lambda profile: setattr(profile, "profile", {"friends": friends}))
    assert world.where("Zq7Spelled")
    delete(BIG, reason="asked", by="ann")
    assert world.where("Zq7Spelled") == []
    found = Profile.records.get(OTHER)
    assert found is not None
    assert found.profile == {"friends": friends[1:]}


# Broken off in the middle


@pytest.mark.parametrize("error", [StoreBusy(Path("index"), 1.0), AuthorityMoved("users"), OSError("no space left")])
def test_what_breaks_off_in_the_middle_says_what_is_done_and_what_is_left(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    small(world, "dual-write", "json")

    def fail(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(copying, "bring", fail)
        told, status = run("person_delete", str(PERSON), *REASON, "--confirm")
    assert status == FAILED
    what = f"{type(error).__name__}: {error}"
    for part in (what, "Done: notes in the database", "Left: records of", "may be repeated"):
        assert part in told
    told, status = run("person_delete", str(PERSON), *REASON, "--confirm")
    assert status == 0
    assert world.where() == []


def test_the_last_steps_may_fail_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    small(world)

    def failing(*_: object) -> None:
        raise StoreBusy(Path("index"), 1.0)

    with monkeypatch.context() as patch:
        patch.setattr(compacting, "compact", failing)
        with pytest.raises(Unfinished) as raised:
            go()
    assert raised.value.left == ["compacting of the index", "vacuuming of tables"]
    assert "notes of these acts" in raised.value.done
    assert User.records.get(PERSON) is None
    go()


def test_what_is_refused_before_anything_is_done_keeps_its_status(world: World) -> None:
    world.plant()
    assert run("person_delete", str(PERSON), *REASON, "--confirm")[1] == REFUSED
