"""What the tables of the companion bot hold and refuse."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError

from conversations.models import Message, Profile, Setting
from tests.staff import give_authority_to_the_database

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _database_is_the_authority() -> None:
    give_authority_to_the_database("profiles", "conversations", "configuration")


def test_a_profile_holds_what_no_bot_should_have_written() -> None:
    Profile.objects.create(chat_id=-(2**62), name="x" * 2000, message_count=-1, profile={"odd": "\ud800\0"})
    profile = Profile.objects.get()
    assert (profile.chat_id, profile.message_count, profile.name) == (-(2**62), -1, "x" * 2000)
    assert profile.profile == {"odd": "\ud800\0"}
    assert profile.summary == {}


def test_a_message_of_any_length_and_direction_is_held() -> None:
    Message.objects.create(id="1:0000000000", chat_id=1, position=0, direction="sideways", text="x" * 100_000)
    assert Message.objects.get().ts is None


def test_two_messages_are_never_at_one_position() -> None:
    Message.objects.create(id="1:0000000000", chat_id=1, position=0)
    Message.objects.create(id="1:0000000001", chat_id=1, position=1)
    with pytest.raises(IntegrityError, match="one_message_at_a_position"):
        Message.objects.create(id="another", chat_id=1, position=1)


def test_a_position_is_not_negative() -> None:
    with pytest.raises(IntegrityError, match="message_position_not_negative"):
        Message.objects.create(id="1:-1", chat_id=1, position=-1)


@pytest.mark.parametrize("scope", [None, "", "chat"])
def test_a_setting_is_unique_also_without_a_scope(scope: str | None) -> None:
    place: dict[str, Any] = {"bot_id": "companion", "scope": scope, "name": "model"}
    Setting.objects.create(id="a", **place)
    Setting.objects.create(id="b", **place | {"bot_id": "another"})
    Setting.objects.create(id="c", **place | {"name": "another"})
    with pytest.raises(IntegrityError, match="one_setting_of_a_name"):
        Setting.objects.create(id="d", **place)


@pytest.mark.parametrize("value", [None, False, 0, "", [], {}, {"deep": [1.5, None, "\ud800"]}])
def test_a_setting_is_of_any_json_type(value: object) -> None:
    Setting.objects.create(id="a", bot_id="companion", name="a", value=value)
    found = Setting.objects.get().value
    assert (type(found), found) == (type(value), value)
