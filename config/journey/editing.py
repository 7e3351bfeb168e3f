"""Changes of single records in a file's text, which leave all the rest of it as it stands."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

Spared = Mapping[str, Collection[str]]  # by component: keys of records that stay as they are
Change = tuple[int, int, int]  # records inserted, updated, deleted

_decode = json.JSONDecoder().raw_decode


class Place(NamedTuple):
    """One element of a list, or one member of an object: where it begins (with its name), and where its value lies."""

    begin: int
    start: int
    end: int
    name: str | None
    value: object


class Places(NamedTuple):
    """What a list or an object holds; end: behind the last of it, where more may be added."""

    found: list[Place]
    end: int


def places(text: str, section: str | None = None) -> Places:
    """In the file's root, or in its member of that name. Raises ValueError for a text that is no JSON, LookupError."""
    return _places(text, _next(text, 0) if section is None else _section(text, section))


def replaced(text: str, place: Place, value: object, indent: int) -> str:
    """With another value there. indent: spaces before the record."""
    return text[: place.start] + shown(value, indent) + text[place.end :]


def removed(text: str, found: Sequence[Place], place: Place) -> str:
    """Without it; not for the last one, which has no comma behind it."""
    following = found[found.index(place) + 1]
    return text[: place.begin] + text[following.begin :]


def added(text: str, at: Places, value: object, indent: int, name: str | None = None) -> str:
    """With one more behind the last."""
    label = "" if name is None else json.dumps(name) + ": "
    comma = "," if at.found else ""
    return f"{text[: at.end]}{comma}\n{' ' * indent}{label}{shown(value, indent)}{text[at.end :]}"


def shown(value: object, indent: int) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False).replace("\n", "\n" + " " * indent)


def _section(text: str, section: str) -> int:
    """Where the value of that member begins: what stands there need not be JSON as a whole."""
    at = _next(text, 0)
    while text[at : at + 1] in ("{", ","):
        name, start = _name(text, _next(text, at + 1))
        if name == section:
            return start
        at = _next(text, _decode(text, start)[1])
    raise LookupError(section)


def _places(text: str, at: int) -> Places:
    closing = {"[": "]", "{": "}"}.get(text[at : at + 1])
    if closing is None:
        raise ValueError(f"neither a list nor an object begins at {at}")
    found: list[Place] = []
    end = at + 1
    while text[at := _next(text, end)] != closing:
        at = _next(text, at + 1) if found and text[at] == "," else at
        if text[at] == closing:
            break
        found.append(_place(text, at, named=closing == "}"))
        end = found[-1].end
    return Places(found, end)


def _place(text: str, begin: int, *, named: bool) -> Place:
    name, start = _name(text, begin) if named else (None, begin)
    value, end = _decode(text, start)
    return Place(begin, start, end, name, value)


def _name(text: str, at: int) -> tuple[str, int]:
    """A member's name, and where its value begins."""
    name, end = _decode(text, at)
    return name, _next(text, _next(text, end) + 1)


def _next(text: str, at: int) -> int:
    while text[at : at + 1].isspace():
        at += 1
    return at
