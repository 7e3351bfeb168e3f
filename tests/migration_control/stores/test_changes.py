"""What counts as a change of a record."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from legacy_json.keys import Key
from migration_control import components
from migration_control.stores.changes import Changes


def changed(before: dict[str, Any], **values: Any) -> Changes[User]:
    """Of one user who was read with this in extra, and was given those."""
    found = User(user_id=7, extra=before, version=3, total_requests=1)
    changes = Changes(components.get("users"), [7], {7: found})
    for name, value in values.items():
        setattr(found, name, value)
    return changes


def test_what_is_as_it_was_is_not_saved() -> None:
    assert changed({"a": [1]}, extra={"a": [1]}, total_requests=1).saved() == []


def test_what_is_the_stores_own_is_no_change() -> None:
    assert changed({}, version=9, run=1, duplicate=True).saved() == []


@pytest.mark.parametrize("value", [True, 1.0, "1", [1], None])
def test_one_type_is_not_another(value: object) -> None:
    assert changed({"a": 1}, extra={"a": value}).saved()
    assert changed({}, total_requests=value).saved()


def test_what_is_changed_in_place_is_a_change_of_the_version_that_was_read() -> None:
    changes = changed({"a": [1]})
    record = changes[7]
    record.extra["a"].append(2)
    assert changes.saved() == [(record, 3)]


def test_a_value_is_handed_over_from_whom_it_leaves_to_whom_it_reaches() -> None:
    held = ((1, "a"), (2, "b"), (3, None), (4, None))
    users: dict[Key, User] = {key: User(user_id=key, faceit_player_id=value) for key, value in held}
    changes: Changes[User] = Changes(components.get("users"), [1, 2, 3, 4], users)
    changes[1].faceit_player_id, changes[3].faceit_player_id = None, "a"
    changes[2].language = changes[4].language = "en"
    assert changes.handed_over("faceit_player_id") == [1]
