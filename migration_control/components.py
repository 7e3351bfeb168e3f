"""The registry: each component is declared once, in its app's components.py.

Found as Django finds admin.py. Adding a component never touches the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec
from django.utils.module_loading import autodiscover_modules

from legacy_json.keys import Key, KeyType, as_key
from legacy_json.layouts import Collection
from migration_control.bots import Place

if TYPE_CHECKING:
    from migration_control.mapping import Mapping
    from migration_control.records import Record


class UnknownComponent(LookupError):
    def __init__(self, name: str) -> None:
        super().__init__(f"There is no component {name!r}. There are: {', '.join(c.name for c in everything())}.")


@dataclass(frozen=True)
class Component:
    """One kind of record in both stores.

    document: the legacy document, a msgspec.Struct whose fields have the model fields' names.
    places: how it lies in the bots' files. unique: its fields that no two records share; lookups: others
    that records are looked up by. parent: the component it never gets ahead of. derived: columns that
    the key says, of which the document has nothing; raises CannotHold for a key that does not. retention:
    the floor that the settings want at a time, the key below which records are pruned; None for no floor.
    """

    name: str
    model: type[Record]
    document: type[msgspec.Struct]
    places: tuple[Place, ...]
    key: KeyType = int
    unique: tuple[str, ...] = ()
    lookups: tuple[str, ...] = ()
    parent: str | None = None
    derived: Callable[[Key], dict[str, Any]] | None = None
    retention: Callable[[datetime], Key | None] | None = None

    def __hash__(self) -> int:
        return hash(self.name)  # there is one of a name; all its fields would be hashed several times in each write

    @property
    def served(self) -> bool:
        """Whether this installation has a bot that keeps such records."""
        return any(place.served for place in self.places)

    @property
    def collection(self) -> Collection:
        """What the JSON store must know of it."""
        layouts = tuple(place.layout for place in self.places if place.served)
        return Collection(self.name, layouts, self.key, self.unique, self.lookups)

    @cached_property
    def mapping(self) -> Mapping:
        from migration_control.mapping import Mapping  # the mapping needs loaded models

        return Mapping(self.model, self.document, self.derived)

    @cached_property
    def lineage(self) -> tuple[Component, ...]:
        """Its ancestors, the farthest first, and itself: the order of their locks."""
        return (*(get(self.parent).lineage if self.parent else ()), self)

    def parse_key(self, text: str) -> Key:
        """A key as somebody typed it. Raises legacy_json.keys.BadKey."""
        return as_key(text, self.key, text_is_normal=True)[0]


_registry: dict[str, Component] = {}


def register(component: Component) -> Component:
    if component.name in _registry:
        raise ValueError(f"the component {component.name!r} is declared twice")
    _registry[component.name] = component
    return component


def autodiscover() -> None:
    autodiscover_modules("components")


def everything() -> list[Component]:
    """Every component of the bots that are served, parents before their children."""
    return sorted((c for c in _registry.values() if c.served), key=lambda c: (len(c.lineage), c.name))


def declared() -> list[Component]:
    """Every component that there is, of whatever bot."""
    return list(_registry.values())


def get(name: str) -> Component:
    try:
        return _registry[name]
    except KeyError:
        raise UnknownComponent(name) from None


def named(names: list[str]) -> list[Component]:
    """These, or all when none is named; parents before their children."""
    chosen = {get(name).name for name in names}
    return [c for c in everything() if not names or c.name in chosen]
