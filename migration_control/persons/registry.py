"""How a person's records are found: each app says so in its persons.py, which is found as Django finds admin.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.module_loading import autodiscover_modules

from legacy_json.keys import Key

Span = tuple[Key, Key]  # the first and the last key, both included


def nothing(person: int) -> Sequence[Span]:
    del person
    return ()


@dataclass(frozen=True)
class Personal:
    """A component's records of a person.

    spans: the keys of records that are the person's as a whole. within: members of a record, as event_data, that make
    the record theirs if they name the person at their own top. What other records say of a person need not be
    declared: it is found by itself. common: records that are not the person's are everybody's, as settings of the whole
    bot are: a value that names the person stays without the id, and staff are told which.
    """

    component: str
    spans: Callable[[int], Sequence[Span]] = nothing
    within: tuple[str, ...] = ()
    common: bool = False

    def owns(self, person: int, key: Key) -> bool:
        return any(low <= key <= high for low, high in self.spans(person))  # type: ignore[operator]


@dataclass(frozen=True)
class Beside:
    """A table that is no component: rows as they are exported, and what becomes of them. clear: returns how many."""

    name: str
    rows: Callable[[int], list[dict[str, Any]]]
    clear: Callable[[int], int]


@dataclass(frozen=True)
class Files:
    """Files that are a person's as a whole, and are no component's: copies that a service made.

    shared: those in which several people may be, of each of which only the person's entries go: their folder, and their
    names in it.
    """

    name: str
    find: Callable[[int], Sequence[Path]]
    shared: Callable[[], tuple[Path, list[str]]] | None = None


_personal: dict[str, Personal] = {}
_beside: dict[str, Beside] = {}
_files: dict[str, Files] = {}


def register(*found: Personal | Beside | Files) -> None:
    """Raises ValueError if there is one of that name."""
    for each in found:
        if isinstance(each, Personal):
            _add(_personal, each.component, each)
        elif isinstance(each, Beside):
            _add(_beside, each.name, each)
        else:
            _add(_files, each.name, each)


def personal(component: str) -> Personal:
    """Of a component that nobody declared, no record is a person's as a whole."""
    _discover()
    return _personal.get(component) or Personal(component)


def beside() -> list[Beside]:
    _discover()
    return list(_beside.values())


def files() -> list[Files]:
    _discover()
    return list(_files.values())


def within() -> tuple[str, ...]:
    """Of every component: for copies of files, of which nobody knows whose they are."""
    _discover()
    return tuple(dict.fromkeys(name for each in _personal.values() for name in each.within))


@cache
def _discover() -> None:
    autodiscover_modules("persons")


def _add(table: dict[str, Any], name: str, found: object) -> None:
    if name in table:
        raise ValueError(f"{name!r} is registered twice")
    table[name] = found
