"""After a deletion the person's mark is in no file and no table; everybody else's is where it was."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts import services
from accounts.models import User
from conversations.models import Message, Profile
from legacy_json import taking
from legacy_json.owners import Owner, owner
from legacy_json.rendering.copies import verify_originals
from migration_control import components, runs, store
from migration_control.models import ComponentState, InboxEntry, Parked
from migration_control.moving import closing
from migration_control.moving.rows import By
from migration_control.moving.steps import take
from migration_control.persons import compacting, copies, deleting
from migration_control.persons.deleting import NotGone, delete, preview
from migration_control.persons.refusing import BotsFile, NotServed, RunUnderWay
from migration_control.routing.records import Records
from migration_control.stages import path as way
from migration_control.stages import row
from subscriptions.models import Payment, Subscription
from tests.migration_control.persons.planting import MARK, NOW, OTHER, PERSON, STAYS, World
from tests.migration_control.world import work


def go() -> None:
    delete(PERSON, reason="asked by mail", by="ann")


def lasting(places: list[str]) -> set[str]:
    """Without what a copy's name says of its content, and without the index's log."""
    return {re.sub(r"(last_good/.*)/.*", r"\1", place) for place in places if not place.endswith("-wal")}


def test_nothing_is_left_anywhere_and_others_keep_theirs(planted: World) -> None:
    before = lasting(planted.where(STAYS))
    assert len(planted.where()) > 20
    go()
    assert planted.where() == []
    assert before - lasting(planted.where(STAYS)) == set()
    assert planted.users()[OTHER] == STAYS
    assert planted.users().keys().isdisjoint({PERSON, PERSON + 11})
    other = Subscription.records.get(OTHER)
    assert other is not None
    assert (other.referred_by, other.referral_code) == (None, f"code-{STAYS}")
    profile = Profile.records.get(OTHER)
    assert profile is not None
    assert (profile.name, profile.profile) == (STAYS, {})
    assert list(Message.records.iterate(low=f"{PERSON}:", high=f"{PERSON};")) == []
    assert not preview(PERSON).found


def test_what_is_kept_is_whole_afterwards(planted: World) -> None:
    """Copies can be restored, ledgers balance, entries of others wait, payments are in the books."""
    go()
    index = store.index()
    for source in store.places().sources.values():
        kept = taking.originals(index, source)
        if kept.exists():
            names = [each.name for each in verify_originals(kept).files]
            assert not any(str(PERSON) in name for name in names)
    for component in components.everything():
        assert index.ledger(component.name).balanced, index.ledger(component.name)
    assert [(p.charge_id, p.user_id, p.payload, p.amount) for p in Payment.objects.order_by("pk")] == [
        ("charge-1", 0, "", 100), ("charge-2", OTHER, STAYS, 9),
    ]  # fmt: skip
    entries = dict(InboxEntry.objects.values_list("once", "payload"))
    assert sorted(entries) == ["c", "f"]
    assert entries["c"] == '{"x": []}'
    assert [json.loads(json.loads(each)["document"]) for each in json.loads(entries["f"])] == [
        {"event_data": {"user_id": OTHER, "t": STAYS}}
    ]  # fmt: skip
    assert not Parked.objects.filter(key=str(PERSON)).exists()
    json.loads((planted.folder / "data.json").read_text())
    assert store.renderer().flush(edits=True) == 0


def test_the_person_may_come_again_as_somebody_new(standing: World) -> None:
    go()
    user, created = services.get_or_create(PERSON, now=NOW)
    assert (created, user.faceit_nickname, user.last_checked_match_id) == (True, None, None)
    assert Message.records.append(Message(text="hello"), stem=str(PERSON)).text == "hello"
    assert standing.where() == []


def test_no_move_and_no_restore_brings_anything_back(standing: World) -> None:
    go()
    Parked.objects.all().delete()  # which stands in the way of moves
    for step in way(row("db-only", "database"), row("disabled", "json")):
        for component in reversed(components.everything()):
            take(component, step, ComponentState.objects.get(name=component.name).epoch, By("ann", "because"))
    _import_all()
    assert standing.where() == []
    for source in store.places().sources.values():
        if taking.originals(store.index(), source).exists():
            taking.restore(store.index(), standing.folder, source, NOW)
    _import_all()
    assert standing.where() == []
    assert standing.users()[OTHER] == STAYS


def _import_all() -> None:
    for component in components.everything():
        work(runs.request(component, requested_by="test", confirm_shrink=True))


def test_what_lies_in_the_files_of_a_closed_migration_goes_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.plant()
    world.take()
    world.stand("db-only", "database")
    monkeypatch.setattr(closing, "gates", lambda *_: [])
    monkeypatch.setattr(closing, "standing", lambda *_: [])
    User.records.update(PERSON, lambda user: setattr(user, "last_checked_match_id", f"late {MARK}"))
    closing.close(components.everything(), By("ann", "it is over"))
    go()
    assert world.where() == []
    assert world.users()[OTHER] == STAYS


def test_it_goes_on_wherever_it_was_killed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    world.plant()
    world.take()
    world.stand("dual-write", "database")
    world.plant_notes()
    count = len(list(deleting.steps(PERSON)))
    for last in range(count):
        for number, step in enumerate(deleting.steps(PERSON)):
            with pytest.raises(Killed), monkeypatch.context() as patch:
                patch.setattr(copies, "_put", _dying(Killed))
                patch.setattr(Records, "update", _dying(Killed))
                patch.setattr(compacting, "held", _dying(Killed))
                step.act()
                raise Killed
            if number == last:
                break
    go()
    assert world.where() == []
    for source in store.places().sources.values():
        if taking.originals(store.index(), source).exists():
            verify_originals(taking.originals(store.index(), source))


def _dying(error: type[BaseException]) -> object:
    def die(*_: object, **__: object) -> None:
        raise error

    return die


def test_a_copy_is_as_its_manifest_says_once_it_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between any two writes of a copy and its manifest."""
    world.plant()
    world.take()
    put, replace = copies._put, Path.replace
    for after in range(1, 30):
        left = after

        def count(*_: object) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise KeyboardInterrupt

        def counted_put(*args: object, **named: object) -> None:
            put(*args, **named)  # type: ignore[arg-type]
            count()

        def counted_replace(self: Path, target: Path) -> Path:
            found = replace(self, target)
            count()
            return found

        with monkeypatch.context() as patch:
            patch.setattr(copies, "_put", counted_put)
            patch.setattr(Path, "replace", counted_replace)
            try:
                copies.erase(world.home, PERSON)
            except KeyboardInterrupt:
                continue
        break
    copies.erase(world.home, PERSON)
    assert list(copies.found(world.home, PERSON)) == []
    kept = [taking.originals(store.index(), source) for source in store.places().sources.values()]
    for folder in kept:
        if folder.exists():
            verify_originals(folder)
    assert not list(world.home.rglob("*.switchyard-cut"))


# Refusals


def test_what_the_bot_still_writes_is_refused_and_nothing_is_deleted(world: World) -> None:
    world.plant()
    for component in components.everything():
        work(runs.request(component, requested_by="test"))
    for source in store.places().sources.values():
        if source.name != "config.json" and owner(store.index(), source) is Owner.LEGACY:
            taking.take(store.index(), world.folder, source, NOW)
    before = world.where()
    with pytest.raises(BotsFile, match="config.json still name 700500964, and the bot writes config.json"):
        go()
    assert world.where() == before
    world.write("config.json", {f"{OTHER}::style": STAYS, "welcome": STAYS})
    go()
    assert world.where() == []


def test_a_run_that_has_records_in_hand_is_waited_for(world: World) -> None:
    world.plant()
    runs.request(components.get("users"), requested_by="test")
    with pytest.raises(RunUnderWay):
        go()


def test_records_of_a_bot_that_is_not_served_are_refused(standing: World, settings: Settings) -> None:
    settings.BOTS = ["faceit"]
    with pytest.raises(NotServed):
        go()
    assert User.records.get(PERSON) is not None


def test_what_is_written_meanwhile_is_told(standing: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = compacting.compact

    def write(index: object) -> None:
        del index
        User.records.create(User(user_id=PERSON, faceit_nickname=MARK))

    monkeypatch.setattr(compacting, "compact", write)
    with pytest.raises(NotGone, match="users"):
        go()
    monkeypatch.setattr(compacting, "compact", real)
    go()
    assert standing.where() == []


def test_a_preview_changes_nothing(standing: World) -> None:
    before = standing.where()
    found = preview(PERSON).found
    assert {place for place, _ in found} == {
        "json", "database", "finding", "conflict", "leftover", "section", "inbox", "effect", "copy", "table", "parked",
        "note", "admin log",
    }  # fmt: skip
    assert standing.where() == before
