"""MIGRATION_MODE=auto: components advance by themselves, and never again by themselves after a move back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.db.models import F
from pytest_django import Settings

from migration_control import components
from migration_control.mirroring import parking
from migration_control.models import ComponentState, MoveRequest, Transition
from migration_control.moving import advancing, recovery, requests
from migration_control.stages import STAGES, StageRow, Store
from tests.migration_control.moving.asking import ask, imported, moved
from tests.migration_control.moving.ground import DB_ONLY, DISABLED, DUAL_DATABASE, DUAL_JSON, Ground

USERS = components.get("users")
SHARING = [components.get(name) for name in ("users", "subscriptions", "analytics")]


@pytest.fixture(autouse=True)
def _auto(ground: Ground, settings: Settings) -> None:
    settings.MIGRATION_MODE, settings.AUTO_MIGRATE, settings.STORAGE_BACKEND = "auto", True, "postgresql"
    imported()


def tick() -> list[str]:
    """Let each component advance. Returns who was moved where."""
    made = []
    for component in SHARING:
        request = advancing.advance(component)
        if request is not None:
            made.append(f"{component.name} {requests.execute(request.pk).row.stage}")
    return made


def until_calm() -> None:
    for _ in range(20):
        if not tick():
            return


@pytest.mark.parametrize(("backend", "reached"), [("json", DISABLED), ("dual", DUAL_DATABASE), ("postgresql", DB_ONLY)])
def test_components_come_as_far_as_storage_backend_expects(
    ground: Ground, settings: Settings, backend: str, reached: StageRow
) -> None:
    settings.STORAGE_BACKEND = backend
    until_calm()
    assert {ground.state(component.name).row for component in SHARING} == {reached}


def test_each_request_is_one_step_and_says_that_it_was_automatic(ground: Ground) -> None:
    tick()
    assert ground.state().row == DUAL_JSON
    move = Transition.objects.filter(component="users").get()
    assert (move.automatic, move.actor, move.reason) == (
        True, "switchyard", "MIGRATION_MODE=auto, STORAGE_BACKEND=postgresql",
    )  # fmt: skip


@pytest.mark.parametrize("mode", ["manual", "disabled"])
def test_in_the_other_modes_nothing_advances(ground: Ground, settings: Settings, mode: str) -> None:
    settings.MIGRATION_MODE = mode
    assert tick() == []


def test_without_auto_migrate_staff_make_the_first_move(ground: Ground, settings: Settings) -> None:
    settings.AUTO_MIGRATE = False
    assert tick() == []
    moved(ground, DUAL_JSON)
    assert tick() == ["users dual-write"]
    assert ground.state().row == DUAL_DATABASE
    assert ground.state("subscriptions").row == DISABLED


def test_a_gate_that_does_not_hold_makes_no_request(ground: Ground) -> None:
    parking.park(USERS, 1, Store.DATABASE, 3, "no")
    assert advancing.advance(USERS) is None
    assert not MoveRequest.objects.exists()


def test_a_component_that_staff_hold_does_not_advance(ground: Ground) -> None:
    ComponentState.objects.filter(name="users").update(held="because")
    assert advancing.advance(USERS) is None


def test_what_goes_on_already_is_not_asked_for_again(ground: Ground) -> None:
    ask(ground, DUAL_DATABASE)
    assert advancing.advance(USERS) is None
    assert MoveRequest.objects.count() == 1


def by_person(ground: Ground) -> None:
    moved(ground, DUAL_JSON)


def by_guard(ground: Ground) -> None:
    moved(ground, DUAL_JSON, by="guard", automatic=True)


@pytest.mark.parametrize("back", [by_person, by_guard])
def test_after_a_move_back_only_a_person_moves_it_forward(ground: Ground, back: Callable[[Ground], None]) -> None:
    ground.put(DUAL_DATABASE, "users")
    back(ground)
    assert advancing.advance(USERS) is None
    moved(ground, DISABLED)
    assert advancing.advance(USERS) is None
    moved(ground, DUAL_JSON)
    assert advancing.advance(USERS) is not None


def recovered(ground: Ground) -> None:
    before = ground.state().epoch
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recovery, "_agreed", lambda state, fence: False)
        mended = recovery.raise_epoch(USERS)
    assert mended is not None
    recovery.set_fence(USERS, mended)
    assert Transition.objects.filter(component="users")[0].kind == "recovered"
    assert ground.state().epoch > before


def test_a_recovery_is_no_move_forward(ground: Ground) -> None:
    ground.put(DUAL_DATABASE, "users")
    by_guard(ground)
    recovered(ground)
    assert advancing.advance(USERS) is None


def test_a_recovery_is_no_move_back(ground: Ground) -> None:
    ground.move(DUAL_JSON)
    recovered(ground)
    assert advancing.advance(USERS) is not None


def test_an_automatic_request_that_came_to_nothing_is_not_repeated_at_once(ground: Ground, bot: object) -> None:
    folder = Path(bot.folder)  # type: ignore[attr-defined]
    folder.rename(folder.with_name("elsewhere"))  # which only the canary finds
    request = advancing.advance(USERS)
    assert request is not None
    assert requests.execute(request.pk).state == MoveRequest.State.REFUSED
    folder.with_name("elsewhere").rename(folder)
    assert advancing.advance(USERS) is None
    MoveRequest.objects.update(ended_at=F("ended_at") - advancing.PAUSE)
    assert advancing.advance(USERS) is not None


def test_a_member_of_staff_who_is_faster_wins(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*args: object, **named: object) -> list[object]:
        ask(ground, DUAL_DATABASE, by="ann")
        return []

    monkeypatch.setattr(advancing, "gates", asked)
    assert advancing.advance(USERS) is None
    assert MoveRequest.objects.get(state=MoveRequest.State.REQUESTED).requested_by == "ann"


def test_every_backend_that_there_is_says_where_to() -> None:
    assert [advancing.expected(backend) for backend in ("json", "dual", "postgresql")] == [None, STAGES[2], STAGES[3]]
