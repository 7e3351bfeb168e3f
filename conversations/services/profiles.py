"""Profiles: one of each chat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from conversations.errors import UnknownChat
from conversations.models import Profile
from conversations.services import saving
from legacy_json.errors import AlreadyThere, NotThere
from migration_control import given, moments
from migration_control.given import BadInput
from migration_control.stores.changes import Changes

NAME, RESPONSE = 64, 500  # characters
MANY = 1000  # profiles of one commit


def get(chat_id: int) -> Profile | None:
    """Raises BadInput, KeyReserved."""
    return Profile.records.get(given.chat_id(chat_id))


def ensure(chat_id: int, name: str = "", *, now: datetime) -> Profile:
    """The profile; a new one was last active now. Of many who ask at once one makes it.

    Raises BadInput, KeyReserved.
    """
    given.chat_id(chat_id)
    given.text("a name", name, most=NAME, empty=True)
    while True:
        found = Profile.records.get(chat_id)
        if found is not None:
            return found
        try:
            return Profile.records.create(Profile(chat_id=chat_id, name=name, last_activity=_moment(now)))
        except AlreadyThere:
            continue  # unless it is deleted again, it is found now


def ensure_many(names: Mapping[int, str], *, now: datetime) -> dict[int, Profile]:
    """The same of up to MANY chats in one commit. Raises BadInput, KeyReserved."""
    given.whole("a number of chats", len(names), high=MANY)
    moment = _moment(now)
    for chat_id, name in names.items():
        given.chat_id(chat_id)
        given.text("a name", name, most=NAME, empty=True)

    def change(changes: Changes[Profile]) -> dict[int, Profile]:
        return {
            chat_id: changes.get(chat_id) or changes.create(Profile(chat_id=chat_id, name=name, last_activity=moment))
            for chat_id, name in names.items()
        }

    return Profile.records.update_many(list(names), change) if names else {}


def save(chat_id: int, fields: Mapping[str, Any], *, before: Mapping[str, Any] | None = None) -> Profile:
    """Store a profile that was read as `before` and changed by its reader: what it changed is applied, no more.

    Of `summary` and `profile` the entries that it added, changed or took away; of message_count by how many it went up.
    Without `before` all of `fields` are taken, and the entries of both are added. A profile that is not there is made.
    Fields are the model's, last_activity a moment or an ISO text as the bot writes it. Raises BadInput, KeyReserved.
    """
    given.chat_id(chat_id)
    now = checked(fields)
    was = None if before is None else checked(before)

    def change(changes: Changes[Profile]) -> Profile:
        record = changes.get(chat_id)
        if record is None:
            return changes.create(Profile(chat_id=chat_id, **now))
        saving.apply(record, now, was)
        return record

    return Profile.records.update_many([chat_id], change)


def save_fields(chat_id: int, changed: Mapping[str, Any]) -> Profile:
    """Only these; entries of `summary` and `profile` are added to what there is. Raises UnknownChat, BadInput."""
    given.chat_id(chat_id)
    now = checked(changed)
    return _update(chat_id, lambda record: saving.apply(record, now, None))


def touch(chat_id: int, *, now: datetime) -> Profile:
    """One message more, and active now, unless another call was later. Raises UnknownChat, BadInput."""
    given.chat_id(chat_id)
    moment = _moment(now)

    def change(record: Profile) -> None:
        record.message_count += 1
        record.last_activity = max(record.last_activity or moment, moment)

    return _update(chat_id, change)


def previous_response_id(chat_id: int) -> str | None:
    """None also where there is no profile. Raises BadInput, KeyReserved."""
    found = get(chat_id)
    return found.previous_response_id if found is not None else None


def set_previous_response_id(chat_id: int, value: str | None) -> Profile:
    """Raises UnknownChat, BadInput."""
    return save_fields(chat_id, {"previous_response_id": value})


def everyone() -> Iterator[Profile]:
    """In order of the chats' ids, a page at a time in memory."""
    return Profile.records.iterate()


def delete(chat_id: int) -> bool:
    """Whether there was one. Its messages stay. Raises BadInput, KeyReserved."""
    try:
        Profile.records.delete(given.chat_id(chat_id))
    except NotThere:
        return False
    return True


def checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Values that a profile's fields can have, by name. Raises BadInput."""
    return {name: _checked(name, value) for name, value in fields.items()}


def _checked(name: str, value: Any) -> Any:
    if name == "name":
        return given.text("a name", value, most=NAME, empty=True)
    if name == "last_activity":
        return None if value is None else _moment(value)
    if name == "message_count":
        return given.whole("a count of messages", value)
    if name == "previous_response_id":
        return None if value is None else given.text("a response's id", value, most=RESPONSE, empty=True)
    if name in saving.MERGED:
        return saving.entries(name, value)
    raise BadInput(f"A profile has no field {name!r} that could be saved.", name="a field", value=name)


def _moment(value: object) -> datetime:
    if isinstance(value, str):
        try:
            return moments.parse(value, ZoneInfo(settings.LEGACY_TIME_ZONE))
        except moments.NotADate:
            raise BadInput(f"{value[:60]!r} is no moment.", name="a moment", value=value[:60]) from None
    if not isinstance(value, datetime) or value.tzinfo is None or not moments.EARLIEST <= value <= moments.LATEST:
        raise BadInput(f"{value!r} is no moment with a time zone.", name="a moment", value=repr(value))
    return value


def _update(chat_id: int, change: Any) -> Profile:
    try:
        return Profile.records.update(chat_id, change)
    except NotThere:
        raise UnknownChat(chat_id) from None
