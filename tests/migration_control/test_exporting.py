"""Either store written out: what is read back from it is what was there, and an export is whole or not there at all."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from accounts.models import User
from conversations.models import Message
from legacy_json.index import Index
from legacy_json.keys import Key
from legacy_json.places import Places
from legacy_json.reading import read
from legacy_json.records import State
from migration_control import components, store
from migration_control.components import Component
from migration_control.exporting import origins
from migration_control.exporting.layouts import BadLayout, layout
from migration_control.exporting.run import export
from migration_control.models import ComponentState, Finding
from migration_control.stages import Store
from subscriptions.models import Subscription
from switchyard.example.store import write_stores
from tests.legacy_json.stores import age
from tests.migration_control.world import Bot, Importer, subscription, user
from tests.staff import give_authority_to_the_database

pytestmark = pytest.mark.django_db(transaction=True)

Records = dict[Key, Any]
THERE = (State.LIVE, State.QUARANTINED)


@pytest.fixture
def example(bot: Bot, settings: Settings, run_import: Importer) -> Bot:
    """Both bots' files with all their oddities, imported."""
    settings.BOTS = ["faceit", "companion"]
    write_stores(bot.folder, users=120)
    for component in components.everything():
        run_import(component.name)
    return bot


def call(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("migration_export", *arguments, stdout=out, stderr=StringIO())
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    except CommandError as error:
        return error.returncode, str(error)
    return 0, out.getvalue()


def wanted(component: Component) -> Records:
    """Its documents as the database has them."""
    zone = store.time_zone(component)
    rows = component.model._base_manager.all()
    return {row.key: component.mapping.write(row, zone) for row in rows}


def read_back(folder: Path, home: Path, chosen: list[Component]) -> dict[str, Records]:
    """What this project reads from a folder of the bot's files, from nothing."""
    places = Places([component.collection for component in chosen])
    index = Index(home / "back.sqlite3")
    for source in places.sources.values():
        read(index, folder, source, confirm_shrink=True)
    query = "SELECT key, document FROM record WHERE component = ? AND state IN (?, ?)"
    found = {
        component.name: {
            key: json.loads(document)
            for key, document in index.connection().execute(query, (component.name, *THERE)).fetchall()
        }
        for component in chosen
    }
    index.close()
    return found


def test_the_bots_own_files_are_written_from_the_database_and_read_back_the_same(example: Bot, tmp_path: Path) -> None:
    status, text = call("--from", "database", "--to", str(tmp_path / "out"), "--json")
    manifest = json.loads(text)
    chosen = components.everything()
    back = read_back(tmp_path / "out", tmp_path, chosen)
    lost = {
        (each["component"], each["key"]) for each in manifest["left_out"] if "is in quarantine" not in each["reason"]
    }
    for component in chosen:
        expected = {k: v for k, v in wanted(component).items() if (component.name, k) not in lost}
        assert _placed(component, back[component.name]) == _placed(component, expected), component.name
        assert manifest["components"][component.name]["records"] == len(expected)
    assert status == 1
    assert {name for name, _ in lost} <= {"subscriptions"}
    apart = Finding.objects.filter(outcome="quarantined").count()
    assert apart
    assert len(manifest["left_out"]) == len(lost) + apart


def _placed(component: Component, records: Records) -> dict[Key, Any]:
    """By key; the elements of a list by their list, in order: where one was set apart the others close up."""
    if component.name not in ("conversations", "analytics"):
        return records
    lists: dict[Key, Any] = {}
    for key, document in sorted(records.items()):
        lists.setdefault(str(key).rpartition(":")[0], []).append(document)
    return lists


def test_what_the_index_has_is_written_as_the_bot_wrote_it(example: Bot, tmp_path: Path) -> None:
    """What is no record, of files that are still the bot's, is told."""
    status, text = call("--from", "index", "--to", str(tmp_path / "out"), "--json")
    assert status == 1
    assert all("which is still the bot's" in each["reason"] for each in json.loads(text)["left_out"])
    chosen = components.everything()
    back = read_back(tmp_path / "out", tmp_path, chosen)
    index = store.index()
    query = "SELECT key, document FROM record WHERE component = ? AND state IN (?, ?)"
    for component in chosen:
        rows = dict(index.connection().execute(query, (component.name, *THERE)).fetchall())
        live = {key: json.loads(document) for key, document in rows.items()}
        assert repr(_placed(component, dict(sorted(live.items())))) == repr(
            _placed(component, dict(sorted(back[component.name].items())))
        )
        assert json.loads(text)["components"][component.name]["records"] == len(rows)


def test_the_manifest_says_what_each_file_must_be(bot: Bot, tmp_path: Path, run_import: Importer) -> None:
    bot.writes(user(1))
    run_import()
    status, _ = call("users", "--to", str(tmp_path / "out"))
    assert status == 0
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    for each in manifest["files"]:
        data = (tmp_path / "out" / each["name"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (each["size"], each["sha256"])
    assert [each["name"] for each in manifest["files"]] == ["data.json"]
    assert (manifest["from"], manifest["layout"]) == ("index", "legacy")
    assert manifest["origin"] == {"index": store.index().store_id, "counter": store.index().counter}


def test_what_shares_a_file_comes_along(bot: Bot, tmp_path: Path, run_import: Importer) -> None:
    bot.writes(user(1, subscription=subscription(tier="pro")))
    for name in ("users", "subscriptions", "analytics"):
        run_import(name)
    call("users", "--from", "database", "--to", str(tmp_path / "out"))
    written = json.loads((tmp_path / "out" / "data.json").read_text())
    assert written["users"][0]["subscription"]["tier"] == "pro"
    assert written["analytics"] == {"total_users": 1, "daily_stats": {}}


def test_a_record_without_its_place_is_left_out_and_told(bot: Bot, tmp_path: Path, run_import: Importer) -> None:
    bot.writes(*(user(n, subscription=subscription()) for n in (1, 2, 3)))
    for name in ("users", "subscriptions"):
        run_import(name)
    give_authority_to_the_database("users")
    User.objects.filter(pk__in=[1, 3]).delete()
    status, text = call("users", "--from", "database", "--to", str(tmp_path / "out"), "--json")
    manifest = json.loads(text)
    assert status == 1
    assert manifest["components"]["subscriptions"] == {"records": 1, "left_out": 2}
    assert [each["key"] for each in manifest["left_out"]] == [1, 3]
    # Lines have a place for everything.
    status, text = call("subscriptions", "--from", "database", "--layout", "lines", "--to", str(tmp_path / "lines"))
    assert status == 0
    assert len((tmp_path / "lines" / "subscriptions.jsonl").read_text().splitlines()) == 3


def test_components_of_one_file_are_of_one_moment(
    bot: Bot, tmp_path: Path, run_import: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody writes both between the reading of the one and of the other."""
    bot.writes(*(user(n, subscription=subscription()) for n in range(1, 4)))
    for name in ("users", "subscriptions"):
        run_import(name)
    for name in ("users", "subscriptions"):
        give_authority_to_the_database(name)
    rows = origins._Database._rows

    def disturbed(self: Any, component: Component, low: Any, high: Any) -> Any:
        for row in rows(self, component, low, high):
            if component.name == "subscriptions" and row.key == 1:
                _elsewhere(lambda: User.objects.filter(pk=3).delete())
                _elsewhere(lambda: Subscription.objects.filter(pk=2).update(tier="pro"))
            yield row

    monkeypatch.setattr(origins._Database, "_rows", disturbed)
    status, _ = call("users", "--from", "database", "--to", str(tmp_path / "out"))
    assert status == 0
    written = json.loads((tmp_path / "out" / "data.json").read_text())["users"]
    assert [(each["user_id"], each["subscription"]["tier"]) for each in written] == [
        (1, "free"), (2, "free"), (3, "free"),
    ]  # fmt: skip
    assert User.objects.count() == 2


def _elsewhere(act: Callable[[], object]) -> None:
    """On another connection."""

    def run() -> None:
        act()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def test_rows_come_through_a_cursor_of_the_server(bot: Bot, tmp_path: Path, run_import: Importer) -> None:
    bot.writes(user(1))
    run_import()
    statements: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
        statements.append(sql)
        return execute(sql, params, many, context)

    names: list[str | None] = []
    chunked = connection.chunked_cursor
    connection.chunked_cursor = lambda: names.append("made") or chunked()  # type: ignore[method-assign,func-returns-value]
    try:
        with connection.execute_wrapper(note):
            call("users", "--from", "database", "--layout", "lines", "--to", str(tmp_path / "out"))
    finally:
        connection.chunked_cursor = chunked  # type: ignore[method-assign]
    assert names == ["made", "made"]  # records, and what is in quarantine
    assert "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY" in statements


TRAPS = [user(1), user(1, language="dup"), 5, {"user_id": "x"}, user(2, total_requests=2**70)]


@pytest.mark.parametrize(
    ("options", "users", "left_out"),
    [
        (("--from", "database"), 1, 4),
        (("--from", "database", "--layout", "lines"), 1, 4),
        (("--from", "index"), 2, 3),
        (("--from", "index", "--layout", "lines"), 2, 3),
        (("--from", "index", "--layout", "native"), 1, 4),
        (("--from", "index", "--layout", "ObjectOf:users.json"), 2, 3),
    ],
)
def test_what_is_in_quarantine_is_told_and_that_sections_are_not_there(
    bot: Bot, tmp_path: Path, run_import: Importer, options: tuple[str, ...], users: int, left_out: int
) -> None:
    bot.writes_text(json.dumps({"users": TRAPS, "secret": {"a": 1}}))
    for name in ("users", "subscriptions", "analytics"):
        run_import(name)
    status, text = call("users", *options, "--to", str(tmp_path / "out"), "--json")
    manifest = json.loads(text)
    assert status == 1
    assert manifest["components"]["users"] == {"records": users, "left_out": left_out}
    reasons = [each["reason"] for each in manifest["left_out"]]
    assert len(reasons) == left_out
    assert any("entry 2 of data.json" in reason and "it is not an object" in reason for reason in reasons)
    assert ["sections that nobody declared" in note for note in manifest["notes"]] == [True]


def test_a_file_of_ours_is_exported_with_everything(bot: Bot, tmp_path: Path, run_import: Importer) -> None:
    bot.writes_text(json.dumps({"users": TRAPS, "secret": {"a": 1}}))
    age(bot.file)
    for name in ("users", "subscriptions", "analytics"):
        run_import(name)
    call_command("legacy_take", "data.json")
    status, text = call("users", "--from", "index", "--to", str(tmp_path / "out"), "--json")
    assert (status, json.loads(text)["left_out"], json.loads(text)["notes"]) == (0, [], [])
    assert json.loads((tmp_path / "out" / "data.json").read_text()) == {"users": TRAPS, "secret": {"a": 1}}


def test_lines_and_columns_name_each_record(bot: Bot, tmp_path: Path, run_import: Importer) -> None:
    bot.writes(user(1, faceit_nickname="\U0001f600", own="kept"))
    run_import()
    call("users", "--layout", "lines", "--to", str(tmp_path / "lines"))
    (line,) = (tmp_path / "lines" / "users.jsonl").read_text().splitlines()
    assert json.loads(line) == {"key": 1, "version": 0, "document": user(1, faceit_nickname="\U0001f600", own="kept")}
    for origin in ("database", "index"):
        call("users", "--layout", "native", "--from", origin, "--to", str(tmp_path / origin))
        (line,) = (tmp_path / origin / "users.jsonl").read_text().splitlines()
        found = json.loads(line)
        assert found["user_id"] == 1
        assert found["created_at"] == "2024-05-01T07:20:30.123456+00:00"
        assert found["extra"]["own"] == "kept"


def test_any_layout_that_can_be_declared_is_written(bot: Bot, tmp_path: Path, run_import: Importer) -> None:
    bot.writes(user(1, subscription=subscription()), user(2))
    for name in ("users", "subscriptions"):
        run_import(name)
    to = ("--to", str(tmp_path / "out"), "--overwrite")
    assert call("users", "--layout", "ObjectOf:people.json:users", *to)[0] == 0
    assert list(json.loads((tmp_path / "out" / "people.json").read_text())["users"]) == ["1", "2"]
    assert call("users", "--layout", "FolderOf:people", *to)[0] == 0
    assert json.loads((tmp_path / "out" / "people" / "2.json").read_text())["user_id"] == 2
    assert not (tmp_path / "out" / "people.json").exists()  # of the export before
    assert call("users", "--layout", "ListOf:all.json::user_id", *to)[0] == 0
    assert [each["user_id"] for each in json.loads((tmp_path / "out" / "all.json").read_text())] == [1, 2]
    assert call("users", "subscriptions", "--layout", "ObjectOf:one.json:{component}", *to)[0] == 0
    both = json.loads((tmp_path / "out" / "one.json").read_text())
    assert (list(both["users"]), list(both["subscriptions"])) == (["1", "2"], ["1"])


@pytest.mark.parametrize(
    "text",
    [
        "Nothing:users.json",
        "ObjectOf",
        "ObjectOf:a.json:b:c:d",
        "ObjectOf:/etc/users.json",
        "ObjectOf:../users.json",
        "ObjectOf:users_*.json",
        "ListOf:users.json:users",
        "ListOf:users.json:users:faceit_nickname",
        "SequenceOf:users_*.json",
        "ObjectOf:users.json::value",
    ],
)
def test_a_layout_that_does_not_fit_is_a_mistake_of_usage(bot: Bot, tmp_path: Path, text: str) -> None:
    status, said = call("users", "--from", "index", "--layout", text, "--to", str(tmp_path / "out"))
    assert (status, "ListOf:FILE:SECTION:KEY" in said) == (2, True)
    assert not (tmp_path / "out").exists()


def test_two_components_do_not_go_into_one_place(bot: Bot, tmp_path: Path) -> None:
    for name in ("ObjectOf:one.json", "ObjectOf:one.json:all"):
        status, said = call(
            "users", "subscriptions", "--from", "index", "--layout", name, "--to", str(tmp_path / "out")
        )
        assert (status, "{component}" in said) == (2, True)


def test_a_layout_reads_as_it_is_written() -> None:
    assert layout("ListOf:a.json:users:id").pattern == "a.json"
    with pytest.raises(BadLayout):
        layout("SubObject:users:subscription")


def test_nothing_is_written_into_the_bots_folder(bot: Bot, tmp_path: Path, run_import: Importer) -> None:
    bot.writes(user(1))
    run_import()
    before = bot.file.read_bytes()
    (tmp_path / "link").symlink_to(bot.folder)
    for folder in (bot.folder, bot.folder / "sub", tmp_path, tmp_path / "link", tmp_path / "link" / "sub"):
        status, text = call("users", "--to", str(folder), "--overwrite")
        assert (status, "the bot's own folder" in text) == (3, True), folder
    assert bot.file.read_bytes() == before
    assert [path.name for path in bot.folder.iterdir()] == ["data.json"]


def test_a_folder_with_anything_in_it_is_not_touched(bot: Bot, tmp_path: Path, run_import: Importer) -> None:
    bot.writes(user(1))
    run_import()
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    assert call("users", "--to", str(out))[0] == 3
    status, text = call("users", "--to", str(out), "--overwrite")
    assert (status, "mine.txt, which no export wrote" in text) == (3, True)
    (out / "mine.txt").unlink()
    assert call("users", "--to", str(out))[0] == 0
    assert call("users", "--to", str(out))[0] == 3
    (out / "mine.txt").write_text("mine")
    assert call("users", "--to", str(out), "--overwrite")[0] == 3
    assert (out / "mine.txt").read_text() == "mine"


def test_an_export_that_somebody_went_on_with_is_not_overwritten(
    bot: Bot, tmp_path: Path, run_import: Importer
) -> None:
    bot.writes(user(1))
    run_import()
    out = tmp_path / "out"
    assert call("users", "--to", str(out))[0] == 0
    assert call("users", "--to", str(out), "--overwrite")[0] == 0
    (out / "data.json").write_text("of the bot that was started on it")
    status, text = call("users", "--to", str(out), "--overwrite")
    assert (status, "data.json, which was changed since it was exported" in text) == (3, True)
    assert (out / "data.json").read_text() == "of the bot that was started on it"


@pytest.mark.parametrize("overwrite", [True, False])
def test_what_comes_into_the_folder_while_the_export_is_made_stays(
    bot: Bot, tmp_path: Path, run_import: Importer, monkeypatch: pytest.MonkeyPatch, overwrite: bool
) -> None:
    bot.writes(user(1))
    run_import()
    out = tmp_path / "out"
    if overwrite:
        call("users", "--to", str(out))
    records = origins.IndexOrigin.records

    def disturbed(*arguments: Any, **options: Any) -> Any:
        out.mkdir(exist_ok=True)
        (out / "data.json").write_text("meanwhile")
        return records(*arguments, **options)

    monkeypatch.setattr(origins.IndexOrigin, "records", disturbed)
    status, _ = call("users", "--layout", "lines", "--to", str(out), *(["--overwrite"] if overwrite else []))
    assert status == 3
    assert (out / "data.json").read_text() == "meanwhile"
    assert not list(tmp_path.glob(".out*"))


@pytest.mark.parametrize("earlier", [True, False])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_what_is_stopped_in_the_middle_leaves_nothing_half(
    bot: Bot, tmp_path: Path, run_import: Importer, monkeypatch: pytest.MonkeyPatch, error: Any, earlier: bool
) -> None:
    bot.writes(*(user(n) for n in range(10)))
    run_import()
    out = tmp_path / "out"
    before = None
    if earlier:
        call("users", "--to", str(out))
        before = {path.name: path.read_bytes() for path in out.iterdir()}
    records = origins.IndexOrigin.records

    def stopped(*arguments: Any, **options: Any) -> Any:
        for number, record in enumerate(records(*arguments, **options)):
            if number == 5:
                raise error
            yield record

    monkeypatch.setattr(origins.IndexOrigin, "records", stopped)
    status, _ = call("users", "--layout", "lines", "--to", str(out), "--overwrite")
    assert status == (130 if error is KeyboardInterrupt else 1)
    assert not list(tmp_path.glob(".out*"))
    if before is None:
        assert not out.exists()
    else:
        assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_what_a_killed_export_left_is_cleared_away(bot: Bot, tmp_path: Path, run_import: Importer) -> None:
    bot.writes(user(1))
    run_import()
    half = tmp_path / ".out.unfinished"
    (half / "girls_data").mkdir(parents=True)
    (half / "data.json").write_text("half")
    assert call("users", "--to", str(tmp_path / "out"))[0] == 0
    assert not half.exists()
    assert json.loads((tmp_path / "out" / "data.json").read_text())["users"]


def test_without_a_choice_the_authority_is_written(bot: Bot, tmp_path: Path, run_import: Importer) -> None:
    bot.writes(user(1, subscription=subscription()))
    for name in ("users", "subscriptions"):
        run_import(name)
    _, text = call("users", "--layout", "lines", "--to", str(tmp_path / "one"), "--json")
    assert json.loads(text)["from"] == "index"
    give_authority_to_the_database("users")
    _, text = call("users", "--layout", "lines", "--to", str(tmp_path / "two"), "--json")
    assert json.loads(text)["from"] == "database"
    status, text = call("users", "--to", str(tmp_path / "three"))  # subscriptions come along
    assert status == 2
    assert "database for users" in text
    assert "json for" in text


def test_what_was_never_read_is_not_an_empty_export(bot: Bot, tmp_path: Path) -> None:
    status, text = call("users", "--from", "index", "--to", str(tmp_path / "out"))
    assert (status, "migration_import" in text) == (3, True)
    assert not (tmp_path / "out").exists()


def test_keys_that_no_file_can_have_are_left_out(settings: Settings, bot: Bot, tmp_path: Path) -> None:
    settings.BOTS = ["companion"]
    give_authority_to_the_database("conversations")
    for key in ("5:0000000000", "../5:0000000000", "no position"):
        Message(pk=key, chat_id=5, position=len(key), text="x").save()
    chosen = [components.get("conversations")]
    made = export(chosen, Store.DATABASE, "legacy", tmp_path / "out", None, _now())
    assert made.records == {"conversations": 1}
    assert {each["key"] for each in made.reasons} == {"../5:0000000000", "no position"}
    assert sorted(str(path.relative_to(tmp_path)) for path in (tmp_path / "out").rglob("*.json")) == [
        "out/conversations/5.json",
        "out/manifest.json",
    ]


def test_an_empty_component_is_a_file_that_its_bot_can_read(settings: Settings, bot: Bot, tmp_path: Path) -> None:
    settings.BOTS = ["faceit", "companion"]
    ComponentState.objects.all()
    export(components.everything(), Store.DATABASE, "legacy", tmp_path / "out", None, _now())
    assert json.loads((tmp_path / "out" / "data.json").read_text()) == {"users": []}
    assert (tmp_path / "out" / "girls_data").is_dir()
    assert not (tmp_path / "out" / "matches.json").exists()


def _now() -> Any:
    from django.utils import timezone

    return timezone.now()
