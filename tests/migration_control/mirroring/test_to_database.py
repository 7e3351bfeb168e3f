"""One write's copy to the database: what the driver is given, and how."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from migration_control import components
from migration_control.mirroring.to_database import Mirror
from migration_control.stores.statements import statements
from tests.migration_control.moving.ground import DUAL_JSON, Ground
from tests.migration_control.stores.test_instances import KEYS, documents, legacy, shown
from tests.migration_control.stores.worlds import ZONE


@pytest.mark.parametrize("name", sorted(KEYS))
@given(data=st.data())
def test_the_driver_is_given_what_django_would_give_it(name: str, data: st.DataObject) -> None:
    component = components.get(name)
    mirror, record = Mirror(component, ZONE), legacy(name, data.draw(documents(component)))
    values = mirror._values(record)
    if values is None:
        return
    made: Any = mirror._instances.make(record)
    assert shown(tuple(values)) == shown((*statements(component).values(made, adding=True), record.version))


def test_the_statements_of_copies_are_prepared_once(ground: Ground) -> None:
    ground.move(DUAL_JSON)
    connection.close()
    for number in range(1, 6):
        ground.records.create(User(user_id=number))
    assert prepared() == 1


def test_where_a_pooler_cannot_carry_them_none_is_prepared(ground: Ground) -> None:
    ground.move(DUAL_JSON)
    connection.close()
    connection.ensure_connection()
    connection.connection.prepare_threshold = None  # DB_PREPARE=false
    for number in range(1, 6):
        ground.records.create(User(user_id=number))
    assert prepared() == 0
    assert ground.in_database(5)
    connection.close()


def prepared() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'INSERT INTO \"accounts_%%'")
        return int(cursor.fetchone()[0])
