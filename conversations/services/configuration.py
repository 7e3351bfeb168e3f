"""Settings of the companion bot: typed reading, scopes, and a history that never touches the bot's own file.

A change posts a line of the history in its own commit (see migration_control.inbox). Lines are events of a list of
their own among the analytics, `configuration`, which no month is: they lie in analytics_configuration.json or in the
table of events, wherever that component stands, and retention leaves them.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple, TypeVar, overload
from uuid import uuid4

from conversations.errors import WrongKind
from conversations.keys import NoSuchKey, setting_key
from conversations.models import Setting
from legacy_json.inbox import Entry
from legacy_json.keys import shown
from migration_control import components, fields, given
from migration_control.bots import Bot
from migration_control.given import BadInput
from migration_control.inbox import kept
from migration_control.records import Record
from migration_control.stores.changes import Changes

T = TypeVar("T")

NAME, VALUE = 200, 64 * 1024  # characters: of a name, a scope, or who it was; of a value, as JSON in ASCII
HISTORY, CHANGED = "configuration", "configuration_changed"
MOST = 1000  # lines that one question answers with
HIDDEN = "***"
KINDS: dict[type, str] = {
    bool: "true or false", int: "a whole number", float: "a number", str: "a text", list: "a list", dict: "an object",
}  # fmt: skip

_is_secret = re.compile(r"token|secret|passw|credential|api_?key|private", re.IGNORECASE).search


class Change(NamedTuple):
    """old, new: None where there was no such setting, or is none any more; those of secrets are not shown."""

    at: datetime
    by: str
    old: Any
    new: Any


@overload
def get(name: str, *, scope: str | None = None) -> Any: ...
@overload
def get(name: str, *, scope: str | None = None, kind: type[T]) -> T | None: ...
@overload
def get(name: str, *, scope: str | None = None, kind: type[T], default: T) -> T: ...


def get(name: str, *, scope: str | None = None, kind: type[Any] | None = None, default: Any = None) -> Any:
    """The scope's value, else the whole bot's, else the default, which also stands for null.

    kind: bool, int, float (a whole number is one too), str, list or dict; None for any. Raises WrongKind, BadInput.
    """
    keys = [_key(scope, name)] if scope is None else [_key(scope, name), _key(None, name)]
    found = Setting.records.get_many(keys)
    for key in keys:
        if key in found and found[key].value is not None:
            return found[key].value if kind is None else _of_kind(key, found[key].value, kind)
    return default


def set(name: str, value: object, *, scope: str | None = None, by: str, now: datetime) -> Setting:
    """Store it, and who did it when, with what was there before. Nothing happens if it says so already.

    Raises BadInput.
    """
    key, wanted = _key(scope, name), _copied(value)
    line = _line(name, scope, by, now)

    def change(changes: Changes[Setting]) -> Setting:
        record = changes.get(key)
        if record is not None and _same(record.value, wanted):
            return record
        old = None if record is None else record.value
        if record is None:
            record = changes.create(Setting(id=key))
        record.value = wanted
        changes.posted.append(line(old, wanted))
        return record

    return Setting.records.update_many([key], change)


def remove(name: str, *, scope: str | None = None, by: str, now: datetime) -> bool:
    """Whether there was such a setting. Raises BadInput."""
    key = _key(scope, name)
    line = _line(name, scope, by, now)

    def change(changes: Changes[Setting]) -> bool:
        record = changes.get(key)
        if record is None:
            return False
        changes.delete(key)
        changes.posted.append(line(record.value, None))
        return True

    return Setting.records.update_many([key], change)


def history(name: str, *, scope: str | None = None, limit: int = 50) -> list[Change]:
    """Of the setting of that very scope, the newest first; what was posted a moment ago may be yet to come."""
    _key(scope, name)
    given.whole("a limit", limit, low=1, high=MOST)
    lines = components.get("analytics").model.records.iterate(low=f"{HISTORY}:", high=f"{HISTORY};", backwards=True)
    found = (change for line in lines if (change := _change(line, name, scope)) is not None)
    return list(islice(found, limit))


def _line(name: str, scope: str | None, by: str, now: datetime) -> Callable[[Any, Any], Entry]:
    """What posts a line, of the old and the new value. Raises BadInput."""
    who = given.text("who changes a setting", by, most=NAME)
    if not isinstance(now, datetime) or now.tzinfo is None:
        raise BadInput(f"{now!r} is no moment with a time zone.", name="a moment", value=repr(now))
    events = components.get("analytics")
    once = f"{HISTORY}:{uuid4().hex}"

    def line(old: Any, new: Any) -> Entry:
        data = {"name": name, "scope": scope, "by": who, "old": _open(name, old), "new": _open(name, new)}
        values = {"timestamp": now, "bot_id": Bot.COMPANION.bot_id, "event_type": CHANGED, "event_data": data}
        return kept.posted(events, events.model(**values), HISTORY, once)

    return line


def _change(line: Record, name: str, scope: str | None) -> Change | None:
    data, at = getattr(line, "event_data", None), getattr(line, "timestamp", None)
    if not isinstance(data, dict) or at is None or (data.get("name"), data.get("scope")) != (name, scope):
        return None
    return Change(at, str(data.get("by")), data.get("old"), data.get("new"))


def _open(name: str, value: Any) -> Any:
    return HIDDEN if value is not None and _is_secret(name) else value


def _key(scope: str | None, name: str) -> str:
    given.text("a setting's name", name, most=NAME)
    if scope is not None:
        given.text("a setting's scope", scope, most=NAME)
    try:
        return setting_key(scope, name)
    except NoSuchKey as error:
        raise BadInput(f"{error}.", name="a setting", value=shown(name)) from error


def _of_kind(key: str, value: Any, kind: type[Any]) -> Any:
    if kind not in KINDS:
        raise TypeError(f"{kind} is no kind of setting: there are {', '.join(each.__name__ for each in KINDS)}.")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is float and is_number and math.isfinite(value):
        return float(value)
    if type(value) is kind:
        return value
    raise WrongKind(key, shown(value), KINDS[kind])


def _copied(value: object) -> Any:
    try:
        text = fields.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadInput(f"A setting's value is not JSON: {error}", name="a value", value="") from error
    if len(text) > VALUE:
        raise BadInput(f"A setting has {len(text)} characters as JSON; {VALUE} is the most.", name="a value", value="")
    return json.loads(text)


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: 1 is not true."""
    return fields.dumps(one) == fields.dumps(other)
