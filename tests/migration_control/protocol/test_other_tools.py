"""Who writes past `Model.records`: psql, COPY, bulk, the admin. Refused or carried on, never unnoted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User as Staff
from django.db import DatabaseError, connection, transaction
from django.test import Client

from accounts.models import User
from migration_control.models import Change
from migration_control.stages import StageRow
from subscriptions.models import Subscription
from tests.migration_control.moving.ground import DISABLED, DUAL_DATABASE, DUAL_JSON, Ground
from tests.migration_control.protocol import acts
from tests.migration_control.protocol.sessions import session
from tests.points import Points, before

COLUMNS = "user_id, version, extra, duplicate, waiting_for_nickname, language, notifications_enabled, total_requests"


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def copy_in() -> None:
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(f"COPY accounts_user ({COLUMNS}) FROM STDIN") as stream,
    ):
        stream.write(b"5\t0\t{}\tf\tf\tcopied\tt\t0\n6\t0\t{}\tf\tf\tcopied\tt\t0\n")


TOOLS: dict[str, Callable[[], object]] = {
    "update": lambda: User.objects.filter(pk=1).update(language="en"),
    "save": lambda: User.objects.get(pk=1).save(),
    "delete": lambda: User.objects.filter(pk=1).delete(),
    "bulk_create": lambda: User.objects.bulk_create([User(user_id=7), User(user_id=8)]),
    "bulk_update": lambda: User.objects.bulk_update([User(user_id=1, language="de")], ["language"]),
    "SQL": lambda: execute("UPDATE accounts_user SET total_requests = total_requests + 1"),
    "COPY": copy_in,
}
tools = pytest.mark.parametrize("name", TOOLS)


@tools
@pytest.mark.parametrize("row", [DISABLED, DUAL_JSON], ids=["disabled", "dual-write"])
def test_scenario_31_while_json_is_the_authority_the_database_refuses(ground: Ground, row: StageRow, name: str) -> None:
    ground.move(DUAL_JSON)
    acts.create(1)
    ground.move(row)
    with pytest.raises(DatabaseError, match="not the authority"):
        TOOLS[name]()
    assert acts.stores_agree() == {1: 0}


@tools
def test_scenario_31_while_the_database_is_the_authority_it_is_carried_to_json(ground: Ground, name: str) -> None:
    ground.move(DUAL_DATABASE)
    acts.create(1)
    TOOLS[name]()
    rows = dict(User.objects.values_list("pk", "version"))
    assert ground.lag() != (0, 0)
    assert acts.stores_agree() == rows
    ground.move(DUAL_JSON)
    assert {user.pk: user.version for user in ground.records.iterate()} == rows


@tools
def test_scenario_31_also_when_a_move_is_under_way(ground: Ground, points: Points, name: str) -> None:
    ground.move(DUAL_DATABASE)
    acts.create(1)
    points.act(before("migration_control.moving.steps.hold"), TOOLS[name])
    ground.move(DUAL_JSON)
    rows = dict(User.objects.values_list("pk", "version"))
    assert {user.pk: user.version for user in ground.records.iterate()} == rows
    assert acts.stores_agree() == rows


def test_scenario_31_the_admin_edits_under_the_database_only(ground: Ground, client: Client) -> None:
    client.force_login(Staff.objects.create_superuser("ann"))
    acts.create(1, faceit_nickname="ada")
    page = "/admin/accounts/user/1/change/"
    form = {"faceit_nickname": "bea", "language": "ru", "total_requests": "0"}
    client.post(page, form)
    assert ground.records.get(1).faceit_nickname == "ada"  # type: ignore[union-attr]
    ground.move(DUAL_DATABASE)
    shown = client.get(page).context["adminform"].form.initial
    client.post(page, {name: value for name, value in shown.items() if value is not None} | form)
    assert ground.records.get(1).faceit_nickname == "bea"  # type: ignore[union-attr]
    assert acts.stores_agree() == {1: 1}


def test_scenario_52_copies_on_a_connection_leave_no_mark_on_it(ground: Ground) -> None:
    """Writes of the same session after an inline copy, of this component and of another, are noted or refused."""
    ground.move(DUAL_JSON)
    acts.create(1)
    with pytest.raises(DatabaseError, match="not the authority"):
        User.objects.filter(pk=1).update(language="en")
    with pytest.raises(DatabaseError, match="not the authority"):
        Subscription.objects.create(user_id=1)
    ground.move(DUAL_DATABASE)
    User.objects.filter(pk=1).update(language="en")
    assert Change.objects.get(component="users", key="1").version == 1
    assert acts.stores_agree() == {1: 1}


def test_scenario_52_a_mark_set_for_a_whole_session_lets_nothing_pass_unnoted(ground: Ground) -> None:
    ground.move(DUAL_DATABASE)
    acts.create(1)
    with session(autocommit=True) as psql:
        psql.execute("SELECT set_config('switchyard.copying', 'users:' || pg_current_xact_id()::text, false)")
        psql.execute("UPDATE accounts_user SET language = 'en'")
        psql.execute("SELECT set_config('switchyard.copying', 'subscriptions:' || pg_current_xact_id()::text, false)")
        psql.execute("UPDATE accounts_user SET language = 'de'")
    assert acts.stores_agree() == {1: 2}


def test_scenario_52_a_mark_of_another_component_in_the_same_transaction_opens_nothing(ground: Ground) -> None:
    ground.move(DUAL_JSON)
    acts.create(1)
    with pytest.raises(DatabaseError, match="not the authority"), transaction.atomic():
        execute("SELECT set_config('switchyard.copying', 'subscriptions:' || pg_current_xact_id()::text, true)")
        execute("DELETE FROM accounts_user")
    assert acts.stores_agree() == {1: 0}
