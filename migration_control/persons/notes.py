"""Notes about records, judged in the same way wherever they are kept: findings, and entries of an inbox."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any

from legacy_json.inbox import Entry
from legacy_json.keys import BadKey, Key
from legacy_json.positions import positioned
from migration_control import components
from migration_control.components import UnknownComponent
from migration_control.inbox.kept import APPEND, APPEND_MANY
from migration_control.persons import cutting, registry
from migration_control.persons.cutting import NotJson
from migration_control.persons.traces import Part, judged, loaded

TAKEN_OUT = "(this named a person whose data was deleted)"

Found = tuple[Part, Any]


def finding(person: int, component: str, key: Key | None, source: str, detail: str, raw: bytes | None) -> Found | None:
    """key: as the component's keys are. raw: that of an entry whose key is not the person's, too."""
    said = {"detail": detail, "raw": None if raw is None else loaded(cutting.as_text(raw))}
    if is_file_of(source, person) or (key is not None and registry.personal(component).owns(person, key)):
        return Part.WHOLE, said
    found = _raw(person, component, raw)
    if found is Part.WHOLE:
        return found, said
    return (Part.MENTION, said) if found or cutting.mentioned(detail, person) else None


def conflict(person: int, component: str, key: Key | None, file: str, theirs: bytes | None) -> Found | None:
    """component: '' of one about a file as a whole; what it says then is a text for people."""
    if is_file_of(file, person):
        return Part.WHOLE, None if theirs is None else loaded(cutting.as_text(theirs))
    found = judged(component, person, key, theirs or b"null")
    if found is None and theirs and not component and cutting.mentioned(theirs, person):
        return Part.MENTION, cutting.as_text(theirs)
    return found


def entry(person: int, found: Entry) -> Found | None:
    """Of an inbox."""
    key = parsed(found.component, found.key)
    if found.effect not in (APPEND, APPEND_MANY):
        if key is not None and registry.personal(found.component).owns(person, key):
            return Part.WHOLE, loaded(found.payload)
        return judged(found.component, person, None, found.payload)
    records = [_of_kept(person, found, payload) for payload in _payloads(found)]
    said = [each[1] for each in records if each is not None]
    if not said:
        return None
    return Part.WHOLE if all(each and each[0] is Part.WHOLE for each in records) else Part.MENTION, said


def entry_rest(person: int, found: Entry) -> str:
    """The payload of an entry that only mentions them."""
    if found.effect not in (APPEND, APPEND_MANY):
        return cutting.cut(found.payload, person).rest or "null"
    left = []
    for payload in _payloads(found):
        one = _of_kept(person, found, payload)
        if one is None or one[0] is Part.MENTION:
            within = registry.personal(found.component).within
            made = json.loads(payload)
            left.append(json.dumps(made | {"document": cutting.cut(made["document"], person, within).rest}))
    return left[0] if found.effect == APPEND else json.dumps(left)


def _payloads(found: Entry) -> list[str]:
    """Of an entry that is one record or several."""
    return [found.payload] if found.effect == APPEND else json.loads(found.payload)


def _of_kept(person: int, found: Entry, payload: str) -> Found | None:
    made = json.loads(payload)
    stem = made.get("stem")
    key = parsed(found.component, found.key) if stem is None else positioned(stem, 0)
    return judged(found.component, person, key, made["document"])


def rest(person: int, component: str, raw: bytes | None) -> bytes | None:
    """What does not name them; nothing, of what is theirs or cannot be read and has their number in it."""
    if raw is None or not cutting.mentioned(raw, person):
        return raw
    try:
        made = cutting.cut(cutting.as_text(raw), person, registry.personal(component).within)
    except NotJson:
        return None
    return None if made.rest is None else cutting.as_bytes(made.rest)


def blanked(person: int, text: str) -> str:
    """A text for people; as it is, if it does not name them."""
    return TAKEN_OUT if cutting.mentioned(text, person) else text


def is_file_of(name: str, person: int) -> bool:
    """Whether a file, or a folder that it lies in, is named after them."""
    return any(_number(part) == person for part in PurePosixPath(name).parts)


def _number(part: str) -> int | None:
    stem = part.removesuffix(".json")
    try:
        return int(stem) if len(stem) <= 24 else None
    except ValueError:
        return None


def _raw(person: int, component: str, raw: bytes | None) -> Part | None:
    if raw is None or not cutting.mentioned(raw, person):
        return None
    try:
        made = cutting.cut(cutting.as_text(raw), person, registry.personal(component).within)
    except NotJson:
        return Part.MENTION
    return None if not made.found else Part.WHOLE if made.rest is None else Part.MENTION


def parsed(component: str, text: str | None) -> Key | None:
    """A key as it stands in a table of the database."""
    if text is None:
        return None
    try:
        return components.get(component).parse_key(text)
    except (UnknownComponent, BadKey):
        return None
