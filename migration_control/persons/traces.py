"""What was found of a person: where, and what it says."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple

from legacy_json.keys import Key
from migration_control.persons import cutting, registry
from migration_control.persons.cutting import NotJson


class Part(StrEnum):
    """WHOLE: all of it is the person's. MENTION: somebody else's, or nobody's, which names them."""

    WHOLE = "whole"
    MENTION = "mention"


class Trace(NamedTuple):
    """place: json, database, file (of a closed migration), or what kind of note or copy. name: a component, table or
    file.

    number: by which the place knows it. content: what it says of the person.
    """

    place: str
    name: str
    key: Key | None
    part: Part
    content: Any
    number: int | None = None


def judged(component: str, person: int, key: Key | None, document: str | bytes) -> tuple[Part, Any] | None:
    """Whether a record of that key is the person's, or says something of them, and what. None: neither.

    What cannot be read is theirs if its key is.
    """
    text = document if isinstance(document, str) else cutting.as_text(document)
    personal = registry.personal(component)
    if key is not None and personal.owns(person, key):
        return Part.WHOLE, loaded(text)
    try:
        made = cutting.cut(text, person, personal.within)
    except NotJson:
        return None
    if not made.found:
        return None
    return (Part.WHOLE, loaded(text)) if made.rest is None else (Part.MENTION, list(map(loaded_piece, made.pieces)))


def loaded(text: str) -> Any:
    """As JSON; as it stands, where that is none, or none that can be written again."""
    try:
        value = json.loads(text)
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return text
    return value


def loaded_piece(text: str) -> Any:
    """Of an object a member with its name, of a list an element."""
    value = loaded("{" + text + "}")
    return value if isinstance(value, dict) else loaded(text)


def totals(traces: Iterable[Trace]) -> Counter[tuple[str, str]]:
    """How many by place and name."""
    return Counter((each.place, each.name) for each in traces)
