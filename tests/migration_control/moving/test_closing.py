"""What closing a migration refuses, leaves behind, and is told of afterwards."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from conversations.models import Message
from legacy_json import inbox, marker, taking
from legacy_json.fences import Fence, FenceState, follows
from migration_control import components, effects, expectations, retention, runs, store
from migration_control.components import Component
from migration_control.mirroring import parking
from migration_control.models import AppliedEffect, Change, ComponentState, Finding, InboxEntry, MoveRequest, Run
from migration_control.moving import closing, closing_gates, promotion, rows
from migration_control.moving.closing import NotReady
from migration_control.moving.errors import MoveRefused
from migration_control.moving.relations import Closed, mates
from migration_control.moving.rows import By
from migration_control.run_states import RunState
from migration_control.stages import Store
from tests.migration_control.moving.asking import ask, kinds
from tests.migration_control.moving.ground import DB_ONLY, DUAL_DATABASE, Ground
from tests.migration_control.moving.test_move_commands import as_json, call
from tests.migration_control.protocol import acts

SHARING = ("users", "subscriptions", "analytics")


@pytest.fixture
def db_only(ground: Ground) -> Ground:
    ground.put(DUAL_DATABASE, *SHARING)
    acts.create(1)
    ground.put(DB_ONLY, *SHARING)
    store.renderer().flush()
    return ground


def named(*names: str) -> list[Component]:
    return [components.get(name) for name in names]


def close(*names: str) -> None:
    closing.close(named(*names or ("users",)), By("ann", "it is over"))


def refused(*names: str) -> set[str]:
    with pytest.raises(NotReady) as raised:
        close(*names)
    return {gate.name for _, gate in raised.value.lacking}


def test_it_takes_away_the_notes_and_seals_the_fence(db_only: Ground) -> None:
    acts.count(1, 3)
    close()
    assert db_only.state().closed_above == 3
    assert not Change.objects.filter(component="users").exists()
    assert db_only.fence().state is FenceState.SEALED
    assert kinds()[-1] == "closed"
    acts.count(1, 2)
    acts.delete(1)
    acts.create(1)
    assert not Change.objects.filter(component="users").exists()


def test_only_what_is_db_only_is_closed(ground: Ground) -> None:
    ground.put(DUAL_DATABASE, *SHARING)
    assert refused() == {"stage", "files"}


def test_a_parent_is_closed_first_or_with_its_child(db_only: Ground) -> None:
    assert refused("subscriptions") == {"parent"}
    close("subscriptions", "users")
    assert all(db_only.state(name).closed for name in ("users", "subscriptions"))


def test_what_waits_or_goes_on_is_in_the_way(db_only: Ground) -> None:
    Finding.objects.create(component_id="users", source="data.json", phase="reading", outcome="quarantined", code="x")
    Run.objects.create(component_id="users", state=RunState.QUEUED, requested_by="ann")
    InboxEntry.objects.create(component="users", key="1", once="a", effect="pay", payload="{}")
    ask(db_only, DUAL_DATABASE)
    with db_only.index.write() as (index, _):
        inbox.post(index, [inbox.Entry("users", "1", "b", "pay", "{}")])
    db_only.index.connection().execute("UPDATE file SET changed = rendered + 1")
    assert refused() == {"quarantine", "runs", "inbox", "request", "inbox of the index", "rendering"}


def test_a_conflict_and_a_parked_key_are_in_the_way(db_only: Ground) -> None:
    parking.park(db_only.users, 1, Store.JSON, 1, "no")
    db_only.index.connection().execute(
        "INSERT INTO conflict (file, component, key, kind, copy, found)"
        " SELECT id, 'users', 1, 'changed', '', '2024-01-01' FROM file LIMIT 1"
    )
    assert refused() == {"parked", "conflicts"}


def test_a_connection_that_does_not_say_its_protocol_is_in_the_way(db_only: Ground) -> None:
    values = connection.get_connection_params()
    values = {name: values[name] for name in ("dbname", "user", "password", "host", "port") if values.get(name)}
    with psycopg.connect(**values, application_name=""):
        assert refused() == {"releases"}
    with psycopg.connect(**values, application_name="switchyard/1"):
        assert refused() == {"releases"}
    with psycopg.connect(**values, application_name="psql"):
        close()


def test_what_moves_imports_pairs_and_takes_say_that_it_is_closed(db_only: Ground, settings: Settings) -> None:
    close()
    with pytest.raises(Closed):
        ask(db_only, DUAL_DATABASE)
    assert not MoveRequest.objects.filter(state="requested").exists()
    assert "is closed" in runs.refusal(db_only.users)
    for command in (
        ("migration_move", "users", "--to", "disabled", "--reason", "x"),
        ("migration_rollback", "users", "--reason", "x"),
        ("migration_rollback", "users", "--dry-run"),
        ("migration_pair", "users"),
        ("migration_import", "users"),
    ):
        status, said = call(*command)
        assert (status, "closed" in said or "--dry-run" in command) == (3, True), (command, said)
    with pytest.raises(taking.ElsewhereAuthority, match="is closed"):
        taking.give_back(db_only.index, store.root(), store.places().sources, store.sources_of(db_only.users)[0])
    for backend in ("json", "dual"):
        settings.STORAGE_BACKEND = backend
        (told,) = expectations.contradictions({"users": DB_ONLY}, {"users"})
        assert "STORAGE_BACKEND=postgresql" in told.remedy


def test_who_lies_in_the_same_files_cannot_go_back(db_only: Ground) -> None:
    close()
    with pytest.raises(MoveRefused, match="users, in the same files"):
        db_only.move(DUAL_DATABASE, "analytics")
    close("analytics")


def test_nobody_opens_it_in_psql(db_only: Ground) -> None:
    close()
    state = ComponentState.objects.filter(name="users")
    for values in ({"closed_above": None}, {"epoch": 99}, {"stage": "dual-write"}):
        with pytest.raises(DatabaseError):
            state.update(**values)
    now = db_only.state()
    with pytest.raises(DatabaseError, match="is closed"), transaction.atomic():  # with a line of history, too
        rows.change(now, DUAL_DATABASE, now.epoch + 1, "mirror on", By("ann", "back"), closed_above=None)
    with pytest.raises(DatabaseError, match="not on record"):
        other = db_only.state("analytics")
        ComponentState.objects.filter(name="analytics").update(closed_above=1, epoch=other.epoch + 1)


def test_promotion_leaves_it_to_the_database(db_only: Ground) -> None:
    close("users", "subscriptions", "analytics")
    standing = {each.component: each for each in promotion.loss()}
    assert standing["users"].stays
    promotion.promote(By("ann", "lost"), although_it_answers=True)
    assert db_only.fence().state is FenceState.SEALED
    assert acts.total(1) == 0
    status, said = call("migration_promote_json")
    assert (status, "its migration is closed" in said) == (0, True)


def test_once_everything_is_closed_nothing_is_promoted(db_only: Ground) -> None:
    others = [c.name for c in components.everything() if c.name not in SHARING]
    db_only.put(DUAL_DATABASE, *others)
    db_only.put(DB_ONLY, *others)
    store.renderer().flush()
    close(*(c.name for c in components.everything()))
    with pytest.raises(MoveRefused, match="Restore the database"):
        promotion.promote(By("ann", "lost"), although_it_answers=True)


def test_its_files_stay_as_they_are_and_the_folder_says_so(db_only: Ground) -> None:
    close()
    (source,) = store.sources_of(db_only.users)
    assert source.name in marker.read(store.root()).closed
    db_only.index.connection().execute("UPDATE file SET changed = rendered + 1")
    assert store.renderer().flush(edits=True) == 0


def test_without_the_files_everything_goes_on(db_only: Ground, settings: Settings) -> None:
    close("users", "subscriptions", "analytics")
    settings.LEGACY_DIR = None
    acts.count(1, 2)
    assert acts.total(1) == 2
    acts.delete(1)
    acts.create(1)
    key = "metrics"
    assert retention.prune(components.get("analytics"), key).records == 0
    assert call("migration_status", "users")[0] == 0
    assert call("migration_history", "users")[0] == 0


def test_effects_are_forgotten_after_their_time_although_json_never_has_them(db_only: Ground) -> None:
    close()
    User.records.update(1, acts.count_up, once="charge:1")
    User.records.update(1, acts.count_up, once="charge:1")
    assert acts.total(1) == 1
    assert effects.trim("users", timezone.now() + timedelta(days=1)) == 1
    assert not AppliedEffect.objects.exists()


def test_the_key_of_a_quarantined_entry_can_be_used_again(db_only: Ground) -> None:
    Finding.objects.create(
        component_id="users", source="data.json", phase="reading", outcome="quarantined", code="x", key="7",
        acknowledged_at=timezone.now(),
    )  # fmt: skip
    assert closing.outlook(named("users"))[0].freed == 1
    close()
    acts.create(7)


def test_a_position_of_a_list_is_not_given_again(ground: Ground, settings: Settings) -> None:
    settings.BOTS = ["faceit", "companion"]
    ground = Ground.made()
    beside = [c.name for c in mates(components.get("conversations"))]
    ground.put(DUAL_DATABASE, *beside, "conversations")
    ground.put(DB_ONLY, *beside, "conversations")

    def message() -> Message:
        return Message(text="hello")

    keys = [Message.records.append(message(), stem="5").key for _ in range(3)]
    Message.records.delete(keys[2])
    Message.records.delete(keys[1])
    store.renderer().flush()
    close(*(name for name in beside if components.get(name).parent is None), "conversations")
    left = list(Change.objects.filter(component="conversations").values_list("key", flat=True))
    assert left == [keys[2]]
    fourth = Message.records.append(message(), stem="5").key
    assert str(fourth) > str(keys[2])
    Message.records.delete(fourth)
    assert str(Message.records.append(message(), stem="5").key) > str(fourth)
    waiting = Change.objects.filter(component="conversations", version__gt=0).exclude(acked__gte=0)
    assert not waiting.exists()


@pytest.mark.parametrize("state", FenceState)
def test_nothing_follows_a_sealed_fence(state: FenceState) -> None:
    assert not any(follows(Fence(FenceState.SEALED, 5), Fence(state, epoch)) for epoch in (4, 5, 6, 1 << 30))


# The command


def test_the_command_says_first_what_it_takes_away(db_only: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    acts.count(1, 2)
    assert call("migration_close", "users")[0] == 0
    said = capsys.readouterr().out
    for part in ("no way back but migration_export", "1 notes", "analytics, subscriptions", "Nothing was changed"):
        assert part in said
    assert call("migration_close", "users", "--confirm")[0] == 2
    assert call("migration_close", "users", "--confirm", "--reason", "over", "--dry-run")[0] == 0
    assert not db_only.state().closed
    assert call("migration_close", "users", "--confirm", "--reason", "over")[0] == 0
    assert db_only.state().closed
    assert "Closed: users" in capsys.readouterr().out
    assert call("migration_close", "users", "--confirm", "--reason", "again")[0] == 0
    assert kinds().count("closed") == 1
    status, (found,) = as_json("migration_close", "users")
    assert (status, found["closed"]["reason"]) == (0, "over")


def test_the_command_refuses_with_what_mends_it(ground: Ground, settings: Settings) -> None:
    status, (found,) = as_json("migration_close", "users", "--confirm", "--reason", "over")
    assert status == 3
    lacking = {gate["name"]: gate["remedy"] for gate in found["gates"] if not gate["holds"]}
    assert lacking["stage"] == "First: migration_move users --to db-only"
    assert lacking["files"].startswith("migration_move analytics --to db-only; ")
    assert call("migration_close", "nothing")[0] == 2
    settings.LEGACY_DIR = None
    status, (found,) = as_json("migration_close", "users")
    assert (status, [gate["name"] for gate in found["gates"] if not gate["holds"]]) == (3, ["files"])


def test_status_says_that_it_is_closed(db_only: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    close()
    status, document = as_json("migration_status", "users")
    assert status == 0
    assert '"closed": true' in json.dumps(document)
    capsys.readouterr()
    call("migration_status", "users")
    assert "users      closed" in capsys.readouterr().out


def test_the_gates_are_all_named(db_only: Ground) -> None:
    found: list[Any] = closing_gates.gates(db_only.users)
    assert all(gate.holds and not gate.overridable for gate in found)
