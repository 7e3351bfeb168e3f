"""`legacy_restore --last-good`: the newest kept copy of each file that can be read, with the index or without it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pytest_django import Settings

from legacy_json import marker
from legacy_json.renderer import KEPT
from legacy_json.rendering.last_good import LastGood
from legacy_json.writing import commit
from migration_control import components, store
from tests.legacy_json.stores import age
from tests.migration_control.test_legacy_commands import Operator
from tests.migration_control.test_legacy_commands import operator as operator

PROFILES = components.get("profiles").collection
COMMAND = ("legacy_restore", "data.json", "--last-good")


def kept(name: str = "data.json") -> LastGood:
    return LastGood(store.index().path.parent / KEPT / name)


def asked(operator: Operator) -> object:
    return operator.in_file()[1].get("total_requests")


@pytest.fixture
def rendered(operator: Operator) -> Operator:
    """Three times: with 1, 2 and 3 requests of user 2; so 2 is the last good copy."""
    operator.takes()
    for number in (1, 2, 3):
        operator.writes(2, total_requests=number)
        operator.types("legacy_render")
    return operator


def test_a_dry_run_says_what_would_be_put_back_and_changes_nothing(rendered: Operator) -> None:
    status, text = rendered.types(*COMMAND, "--dry-run")
    newest = kept().copies()[0]
    assert (status, f"{newest.checked.size:,} bytes" in text, "Nothing was changed." in text) == (0, True, True)
    status, text = rendered.types(*COMMAND)
    assert (status, "To do it: --confirm" in text) == (3, True)
    assert (asked(rendered), rendered.status()["owner"]) == (3, "switchyard")


def test_the_last_good_copy_comes_back_and_the_bot_owns_the_file(rendered: Operator) -> None:
    rendered.bot.file.write_text('{"users": [')
    status, text = rendered.types(*COMMAND, "--confirm")
    assert (status, "Restored: 1 file" in text) == (0, True)
    assert (asked(rendered), rendered.status()["owner"]) == (2, "legacy")
    (broken,) = (store.index().path.parent / "displaced").rglob("data.json")
    assert broken.read_text() == '{"users": ['
    assert "data.json" not in marker.read(store.root()).sources
    age(rendered.bot.file)
    assert rendered.types("legacy_take", "data.json", "--confirm-shrink")[0] == 0
    assert asked(rendered) == 2


def test_copies_that_are_damaged_or_cannot_be_read_are_passed_over(rendered: Operator) -> None:
    newest, second, oldest = kept().copies()
    newest.path.write_bytes(newest.path.read_bytes()[:-5])
    broken = rendered.bot.file.with_name("broken")
    broken.write_text('{"users": [1, 2')
    kept().keep(broken)
    status, text = rendered.types(*COMMAND, "--dry-run")
    assert (status, text.count("passed over"), str(second.checked.size) in text.replace(",", "")) == (0, 2, True)
    second.path.write_text("")
    kept().copies()[0].path.unlink()
    oldest.path.unlink(missing_ok=True)
    status, text = rendered.types(*COMMAND, "--confirm")
    assert (status, "None of the kept copies of data.json can be read" in text) == (3, True)
    assert (asked(rendered), rendered.status()["owner"]) == (3, "switchyard")


def test_what_was_never_rendered_has_no_such_copy(operator: Operator) -> None:
    status, text = operator.types(*COMMAND, "--confirm")
    assert (status, "No copies of data.json are kept" in text) == (3, True)


def test_it_goes_without_the_index_that_rendered_them(rendered: Operator) -> None:
    path: Path = store.index().path
    store.index().close()
    for name in (path, *path.parent.glob(f"{path.name}-*")):
        name.unlink()
    rendered.bot.file.write_text("broken")
    age(rendered.bot.file)
    status, text = rendered.types(*COMMAND, "--confirm")
    assert (status, "Restored" in text) == (0, True), text
    assert asked(rendered) == 2
    assert json.loads(rendered.bot.file.read_text())["users"][0]["user_id"] == 1
    assert [each.read_text() for each in (path.parent / "displaced").rglob("data.json")] == ["broken"]
    assert list(rendered.bot.file.parent.glob(".switchyard-*")) == []


def test_of_a_folder_that_file_alone_which_was_named(operator: Operator, settings: Settings) -> None:
    settings.BOTS = ["companion"]
    folder = operator.bot.file.parent / "girls_data"
    folder.mkdir()
    (operator.bot.file.parent / "girls_data.json").write_text(json.dumps({"girls": {}}))
    for number in (5, 6):
        (folder / f"{number}.json").write_text(json.dumps({"chat_id": number, "name": "old"}))
    for each in (*folder.iterdir(), operator.bot.file.parent / "girls_data.json"):
        age(each)
    status, text = operator.types("legacy_take", "girls_data")
    assert status == 0, text
    with commit(store.index(), store.places()) as writer:
        for number in (5, 6):
            writer.replace(PROFILES, number, {"chat_id": number, "name": "new"})
    operator.types("legacy_render")
    (folder / "5.json").write_text("{")
    status, text = operator.types("legacy_restore", "girls_data/5.json", "--last-good", "--confirm")
    assert (status, "Restored: 1 file" in text) == (0, True)
    names = [json.loads((folder / f"{number}.json").read_text())["name"] for number in (5, 6)]
    assert names == ["old", "new"]
