"""What operators type about whose file it is, and what it answers. None of it needs the database."""

from __future__ import annotations

import json
import os
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from legacy_json import marker
from legacy_json.reading import read
from legacy_json.rendering.refusals import FileUnwritable
from legacy_json.writing import commit
from migration_control import components, rendering, store
from tests.legacy_json.stores import age
from tests.migration_control.world import Bot, subscription, user

USERS = components.get("users").collection
SUBSCRIPTIONS = components.get("subscriptions").collection


class Operator:
    """At the terminal, with the bot stopped."""

    def __init__(self, bot: Bot, capsys: pytest.CaptureFixture[str]) -> None:
        self.bot, self._capsys = bot, capsys

    def types(self, name: str, *arguments: str) -> tuple[int, str]:
        """Exit status, and what was answered."""
        out, error = StringIO(), StringIO()
        status = 0
        try:
            call_command(name, *arguments, stdout=out, stderr=error)
        except SystemExit as end:
            status = int(end.code or 0)
        except CommandError as refused:
            status = refused.returncode
            error.write(str(refused))
        return status, out.getvalue() + self._capsys.readouterr().out + error.getvalue()

    def status(self, *arguments: str) -> Any:
        """Of data.json."""
        _, text = self.types("legacy_status", "data.json", "--conflicts", "--json", *arguments)
        (source,) = json.loads(text)["sources"]
        return source

    def takes(self) -> None:
        age(self.bot.file)
        status, text = self.types("legacy_take", "data.json")
        assert status == 0, text

    def writes(self, number: int, **values: object) -> None:
        """As the bot does, through Switchyard."""
        with commit(store.index(), store.places()) as writer:
            record = writer.get(USERS, number)
            document = json.loads(record.document) if record else user(number)
            document |= values
            if record:
                writer.replace(USERS, number, document)
            else:
                writer.create(USERS, number, document)

    def edits(self, **values: object) -> None:
        """With an editor."""
        content = json.loads(self.bot.file.read_text())
        content["users"][0] |= values
        self.bot.file.write_text(json.dumps(content))

    def in_file(self) -> list[Any]:
        found: list[Any] = json.loads(self.bot.file.read_text())["users"]
        return found


@pytest.fixture
def operator(bot: Bot, capsys: pytest.CaptureFixture[str]) -> Operator:
    bot.writes(user(1, subscription=subscription()), user(2), user(3))
    return Operator(bot, capsys)


def test_a_take_over_says_what_comes_along_and_where_the_copies_are(operator: Operator) -> None:
    age(operator.bot.file)
    status, text = operator.types("legacy_take", "data.json")
    assert status == 0
    assert "data.json is one source, with one owner: analytics, users and subscriptions." in text
    assert "Taken: 1 file, 1 analytics, 3 users, 1 subscriptions." in text
    assert str(store.index().path.parent / "originals") in text


def test_a_take_over_for_scripts(operator: Operator) -> None:
    age(operator.bot.file)
    _, text = operator.types("legacy_take", str(operator.bot.file), "--json")
    report = json.loads(text)
    assert (report["source"], report["owner"], report["files"]) == ("data.json", "switchyard", 1)
    assert report["entries"] == {"users": 3, "analytics": 1, "subscriptions": 1}
    assert (Path(report["originals"]) / "files" / "data.json").read_bytes() == operator.bot.file.read_bytes()


def test_while_the_bot_writes_nothing_is_taken(operator: Operator) -> None:
    status, text = operator.types("legacy_take", "data.json")
    assert status == 3
    assert "Stop the bot that writes it" in text
    assert operator.status()["owner"] == "legacy"


@pytest.mark.parametrize(
    "name", ["legacy_take", "legacy_give_back", "legacy_restore", "legacy_render", "legacy_status"]
)
def test_a_file_that_nobody_declared_is_a_mistake_of_usage(operator: Operator, name: str) -> None:
    status, text = operator.types(name, "date.json")
    assert status == 2
    assert "data.json" in text


def test_without_a_folder_every_command_says_what_to_set(operator: Operator, settings: Any) -> None:
    settings.LEGACY_DIR = None
    for name in ("legacy_take", "legacy_status", "legacy_render"):
        status, text = operator.types(name, "data.json")
        assert (status, "LEGACY_DIR is not set" in text) == (2, True)


def test_what_is_ours_is_rendered_and_given_back(operator: Operator) -> None:
    operator.takes()
    operator.writes(2, total_requests=77)
    assert operator.types("legacy_render")[1].startswith("1 file rendered.")
    assert operator.in_file()[1]["total_requests"] == 77
    operator.writes(2, total_requests=78)
    status, text = operator.types("legacy_give_back", "data.json")
    assert (status, "Given back." in text) == (0, True)
    assert operator.in_file()[1]["total_requests"] == 78
    assert operator.status()["owner"] == "legacy"
    assert operator.types("legacy_give_back", "data.json")[0] == 3


def test_a_subscription_without_its_user_is_not_dropped_unasked(operator: Operator) -> None:
    operator.takes()
    with commit(store.index(), store.places()) as writer:
        writer.create(SUBSCRIPTIONS, 99, {"tier": "pro"})
    status, text = operator.types("legacy_give_back", "data.json")
    assert (status, "--drop-orphans" in text) == (3, True)
    assert operator.status()["orphans"] == 1
    status, text = operator.types("legacy_give_back", "data.json", "--drop-orphans")
    assert (status, "1 record has no place in it" in text) == (0, True)


def test_a_restore_says_what_would_be_lost_and_does_nothing_unconfirmed(operator: Operator) -> None:
    before = operator.bot.file.read_bytes()
    operator.takes()
    operator.writes(2, total_requests=77)
    operator.writes(9)
    operator.types("legacy_render")
    after = operator.bot.file.read_bytes()
    status, text = operator.types("legacy_restore", "data.json")
    assert status == 3
    assert "Of its records 2 were written or deleted since" in text
    assert operator.bot.file.read_bytes() == after
    status, text = operator.types("legacy_restore", "data.json", "--confirm")
    assert (status, "Restored: 1 file as of" in text) == (0, True)
    assert operator.bot.file.read_bytes() == before
    assert operator.status()["owner"] == "legacy"


def test_what_was_never_taken_over_has_no_copies_to_restore(operator: Operator) -> None:
    status, text = operator.types("legacy_restore", "data.json", "--confirm")
    assert (status, "was never taken over" in text) == (3, True)


def test_the_status_says_whose_each_file_is_and_what_waits(operator: Operator) -> None:
    operator.takes()
    found = operator.status()
    assert (found["owner"], found["files"], found["waiting"]["files"], found["marker"]) == ("switchyard", 1, 0, "")
    assert found["components"]["users"] == {
        "entries": 3,
        "records": 3,
        "quarantined": 0,
        "pending": 3,
        "fence": "open",
        "epoch": 0,
        "database": "",
        "copies": 0,
        "floor": None,
    }
    assert found["originals"]["files"] == 1
    assert found["changed_since_taken"] == 0
    operator.writes(1, total_requests=5)
    found = operator.status()
    assert found["waiting"]["files"] == 1
    assert found["waiting"]["since"] is not None
    operator.types("legacy_render", "data.json")
    found = operator.status()
    assert (found["waiting"]["files"], found["good_copies"]["files"], found["changed_since_taken"]) == (0, 1, 1)
    assert found["rendered"] is not None


def test_the_status_is_for_people_too(operator: Operator) -> None:
    operator.takes()
    status, text = operator.types("legacy_status")
    assert status == 0
    assert f"Index {store.index().store_id} at commit" in text
    assert "data.json: ours, 1 file\n" in text
    assert "users: 3 entries, 3 pending for the database; fence open at epoch 0; never copied to a database" in text
    assert "matches.json: the bot's, 0 files" in text


def test_an_edit_asks_for_staff_and_is_settled(operator: Operator) -> None:
    operator.takes()
    operator.edits(language="de")
    status, text = operator.types("legacy_status", "data.json")
    assert (status, "changed by somebody else: data.json" in text) == (1, True)
    operator.types("legacy_render", "data.json")
    status, text = operator.types("legacy_status", "data.json", "--conflicts")
    assert (status, "data.json users 1: changed, ours is version 0" in text) == (1, True)
    (conflict,) = operator.status()["conflicts"]
    assert '"language":"de"' in conflict["theirs"]
    status, text = operator.types("legacy_settle", str(conflict["id"]), "--take", "--reason", "it was me")
    assert (status, text) == (0, f"{conflict['id']}: taken.\n")
    operator.types("legacy_render")
    assert operator.in_file()[0]["language"] == "de"
    assert operator.types("legacy_status", "data.json")[0] == 0
    (said,) = store.index().connection().execute("SELECT settled FROM conflict").fetchone()
    assert said.startswith("taken by ")
    assert said.endswith(": it was me")


def test_of_several_conflicts_each_is_settled_by_itself(operator: Operator) -> None:
    operator.takes()
    operator.edits(language="de")
    operator.types("legacy_render", "data.json")
    (conflict,) = operator.status()["conflicts"]
    status, text = operator.types("legacy_settle", "999", str(conflict["id"]), "--dismiss")
    assert status == 3
    assert "999: There is no open conflict 999" in text
    assert f"{conflict['id']}: dismissed." in text
    assert operator.status()["conflicts"] == []
    assert operator.in_file()[0]["language"] == "ru"


def test_all_conflicts_of_one_file_are_settled_at_once(operator: Operator) -> None:
    operator.takes()
    content = json.loads(operator.bot.file.read_text())
    for each in content["users"]:
        each["language"] = "de"
    operator.bot.file.write_text(json.dumps(content))
    operator.types("legacy_render", "data.json")
    assert len(operator.status()["conflicts"]) == 3
    status, text = operator.types("legacy_settle", "--file", "users.json", "--take")
    assert (status, "no open conflict of users.json" in text) == (3, True)
    for arguments in ((), ("1", "--file", "data.json")):
        assert operator.types("legacy_settle", *arguments, "--take")[0] == 2
    status, text = operator.types("legacy_settle", "--file", "data.json", "--take")
    assert (status, text.count(": taken.")) == (0, 3)
    assert operator.status()["conflicts"] == []
    operator.types("legacy_render")
    assert [each["language"] for each in operator.in_file()] == ["de", "de", "de"]


def test_an_edit_is_taken_over_our_own_write_only_if_that_is_said(operator: Operator) -> None:
    operator.takes()
    operator.types("legacy_render")
    operator.writes(1, language="en")
    operator.edits(language="de")
    operator.types("legacy_render", "data.json")
    status, text = operator.types("legacy_settle", "--file", "data.json", "--take")
    assert (status, "--over-ours" in text) == (3, True)
    assert operator.types("legacy_settle", "--file", "data.json", "--dismiss", "--over-ours")[0] == 2
    assert operator.types("legacy_settle", "--file", "data.json", "--take", "--over-ours")[0] == 0
    operator.types("legacy_render")
    assert operator.in_file()[0]["language"] == "de"


def test_settling_can_be_stopped(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("legacy_json.conflicts.settle", stopped)
    assert operator.types("legacy_settle", "1", "--take")[0] == 130


def test_a_full_disk_is_told_with_its_own_status_and_shown_until_it_is_over(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from legacy_json import renderer

    def full(*_: object) -> None:
        raise FileUnwritable(operator.bot.file, "its disk is full", "Make room there; it will be written again.")

    operator.takes()
    operator.writes(1, total_requests=5)
    with monkeypatch.context() as patch:
        patch.setattr(renderer, "compose", full)
        status, text = operator.types("legacy_render")
    assert (status, "its disk is full" in text) == (1, True)
    status, text = operator.types("legacy_status", "data.json")
    assert (status, "Make room there" in text) == (1, True)
    operator.types("legacy_render")
    assert operator.types("legacy_status", "data.json")[0] == 0


def test_a_lost_index_is_shown_and_goes_on_anew_only_when_confirmed(operator: Operator, settings: Any) -> None:
    operator.takes()
    store.index().close()
    settings.LEGACY_INDEX = settings.LEGACY_INDEX.with_name("other.sqlite3")
    status, text = operator.types("legacy_status", "data.json")
    assert (status, "was the index lost?" in text) == (1, True)
    age(operator.bot.file)
    status, text = operator.types("legacy_take", "data.json")
    assert (status, "--anew --confirm" in text) == (3, True)
    status, text = operator.types("legacy_take", "data.json", "--anew")
    assert (status, "The index has 0 entries" in text) == (3, True)
    status, text = operator.types("legacy_take", "data.json", "--anew", "--confirm")
    assert status == 0, text
    assert operator.types("legacy_status", "data.json")[0] == 0


def test_an_import_stops_where_folder_and_index_disagree(operator: Operator, settings: Any) -> None:
    operator.takes()
    (operator.bot.folder / marker.NAME).unlink()
    with pytest.raises(marker.StoresDiffer):
        read(store.index(), store.root(), store.source_named("data.json"))


def test_confirm_is_for_anew_only(operator: Operator) -> None:
    assert operator.types("legacy_take", "data.json", "--confirm")[0] == 2


def test_a_worker_renders_by_itself_and_tells_of_edits(
    operator: Operator, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from legacy_json import renderer

    monkeypatch.setattr(renderer, "LOOK", 0)
    operator.takes()
    assert rendering.render() == 0
    operator.writes(1, total_requests=5)
    assert rendering.render() == 1
    assert operator.in_file()[0]["total_requests"] == 5
    assert rendering.render() == 0
    os.utime(operator.bot.file)
    rendering.render()
    assert "data.json was changed by somebody else" in caplog.text


def test_a_worker_without_files_or_an_index_has_nothing_to_do(bot: Bot, settings: Any) -> None:
    assert rendering.render() == 0
    assert not settings.LEGACY_INDEX.exists()
    settings.LEGACY_DIR = None
    assert rendering.render() == 0
