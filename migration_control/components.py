"""The registry: each component is declared once, in its app's components.py.

Found as Django finds admin.py. Adding a component never touches the engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec
from django.utils.module_loading import autodiscover_modules

from legacy_json.keys import Key, KeyType, as_key
from legacy_json.layouts import Collection, Container, SubObject

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
    unique: its fields that no two records share. parent: the component it never gets ahead of.
    """

    name: str
    model: type[Record]
    document: type[msgspec.Struct]
    layout: Container | SubObject
    key: KeyType = int
    unique: tuple[str, ...] = ()
    parent: str | None = None

    @cached_property
    def collection(self) -> Collection:
        """What the JSON store must know of it."""
        return Collection(self.name, self.layout, self.key, self.unique)

    @cached_property
    def mapping(self) -> Mapping:
        from migration_control.mapping import Mapping  # the mapping needs loaded models

        return Mapping(self.model, self.document)

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
    """Every component, parents before their children."""
    return sorted(_registry.values(), key=lambda c: (len(c.lineage), c.name))


def get(name: str) -> Component:
    try:
        return _registry[name]
    except KeyError:
        raise UnknownComponent(name) from None


def named(names: list[str]) -> list[Component]:
    """These, or all when none is named; parents before their children."""
    chosen = {get(name).name for name in names}
    return [c for c in everything() if not names or c.name in chosen]
