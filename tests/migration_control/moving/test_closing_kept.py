"""Writes that a host keeps while the database is away, and the end of a migration: none is left behind in the index."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from accounts.models import User
from analytics.models import Event
from legacy_json import fences, inbox
from legacy_json.fences import Fence, FenceState
from migration_control import store
from migration_control.components import Component
from migration_control.inbox import kept, settling
from migration_control.models import Change
from migration_control.moving import closing, left_behind
from migration_control.moving.errors import MoveAborted
from migration_control.routing.errors import NothingKept
from tests.migration_control.inbox.paying import database_away
from tests.migration_control.moving.ground import DB_ONLY, DUAL_DATABASE, Ground
from tests.migration_control.moving.test_closing import close, refused
from tests.migration_control.moving.test_closing import db_only as db_only
from tests.migration_control.moving.test_move_commands import as_json, call
from tests.migration_control.protocol import acts

MATES = ("users", "subscriptions", "analytics")


def note(name: str = "kept") -> Event:
    return Event.records.append(Event(event_type=name, event_data={}), stem="metrics", once=f"once:{name}")


def waits_in_the_index(ground: Ground, *components: str) -> None:
    with ground.index.write() as (index, _):
        inbox.post(index, [inbox.Entry(name, "1", "a", "no such effect", "{}") for name in components])


@pytest.mark.parametrize("sealed", [False, True], ids=["sealing", "sealed"])
def test_nothing_is_kept_for_a_component_that_is_closed(db_only: Ground, *, sealed: bool) -> None:
    if sealed:
        close(*MATES)
    else:
        with db_only.index.write() as (index, _):
            now = db_only.fence("analytics")
            assert fences.advance(index, "analytics", now, Fence(FenceState.SEALING, now.epoch + 1))
    with database_away():
        with pytest.raises(NothingKept, match="nor kept on this host; try again when the database is back"):
            note()
        with pytest.raises(NothingKept):
            kept.keep_many(Event.records.component, [Event(event_type="x", event_data={})], "metrics", "many")
    assert inbox.counts(db_only.index.connection()) == {}


def test_what_was_kept_before_it_is_closed_is_in_the_way_until_it_is_applied(db_only: Ground) -> None:
    with database_away():
        assert note().kept
    assert refused(*MATES) == {"inbox of the index"}
    assert settling.settle() == 1
    close(*MATES)
    assert Event.objects.get().event_type == "kept"


def test_what_is_kept_while_it_is_closed_breaks_that_off(db_only: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a process that cannot reach the database, which the one that closes can."""
    forget = closing.forget

    def kept_meanwhile(component: Component) -> int:
        kept.keep(component, Event(event_type="late", event_data={}), "metrics", "late")
        return forget(component)

    close("users", "subscriptions")
    acts.count(1, 1)
    Event.records.append(Event(event_type="first", event_data={}), stem="metrics")
    with monkeypatch.context() as patch:
        patch.setattr(closing, "forget", kept_meanwhile)
        with pytest.raises(MoveAborted, match="kept for analytics"):
            close("analytics")
    assert not db_only.state("analytics").closed
    assert Change.objects.filter(component="analytics").exists()
    assert db_only.fence("analytics").state is FenceState.CLOSED
    assert settling.settle() == 1
    close("analytics")
    assert set(Event.objects.values_list("event_type", flat=True)) == {"first", "late"}


def test_what_waits_for_a_closed_one_keeps_the_others_from_being_closed(db_only: Ground) -> None:
    """A change of another component may have posted it, or a payment been kept."""
    close("users", "subscriptions")
    waits_in_the_index(db_only, "users")
    assert refused("analytics") == {"left behind"}
    status, (found,) = as_json("migration_close", "analytics")
    assert (status, {gate["name"] for gate in found["gates"] if gate["remedy"]} >= {"left behind"}) == (3, True)


def test_status_says_what_waits_in_the_index(db_only: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    close("users", "subscriptions")
    waits_in_the_index(db_only, "users")
    capsys.readouterr()
    _, document = as_json("migration_status", "users", "analytics")
    assert {each["component"]: each["waiting"] for each in document["stages"]} == {"users": 1, "analytics": 0}
    capsys.readouterr()
    call("migration_status")
    said = " ".join(capsys.readouterr().out.split())
    assert "users: 1 entry of the index's inbox waits to be applied. Keep LEGACY_DIR and the index" in said


def test_e066_legacy_dir_is_not_unset_before_all_is_applied(db_only: Ground, settings: Settings) -> None:
    close(*MATES)
    User.records.get(1)
    waits_in_the_index(db_only, "users", "subscriptions")
    assert left_behind.check_left_behind(None) == []
    settings.LEGACY_DIR = None
    (error,) = left_behind.check_left_behind(None)
    assert error.id == "migration_control.E066"
    assert "has 2 writes that the database is still to be given: of subscriptions, users" in error.msg
    with store.index().write() as (index, _):
        index.execute("DELETE FROM inbox")
    assert left_behind.check_left_behind(None) == []


def test_a_db_only_component_keeps_as_ever(ground: Ground) -> None:
    ground.put(DUAL_DATABASE, *MATES)
    ground.put(DB_ONLY, *MATES)
    with database_away():
        assert note().kept
    assert settling.settle() == 1
    assert Event.objects.count() == 1
