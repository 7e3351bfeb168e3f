"""System checks of layouts and of where the files lie: what would be read twice, never found, or not be locked."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.db import models

from legacy_json.errors import LegacyError
from legacy_json.layouts import Layout, ListOf, SequenceOf, SingleOf, SubObject, fits, layouts_in
from legacy_json.owners import Owner
from legacy_json.rendering.filesystem import is_network, mount_of
from migration_control import components
from migration_control.components import Component

IN_MEMORY = {"tmpfs", "ramfs"}


def check_overlaps(app_configs: Sequence[Any] | None, **kwargs: object) -> list[CheckMessage]:
    """migration_control.E004: a file, or a section of it, is declared for one thing only."""
    del app_configs, kwargs
    places = [(c.name, layout) for c in components.everything() for layout in _layouts(c)]
    return [
        Error(
            f"{one} and {other} are both declared to lie in {first.pattern!r}"
            f"{'' if first.pattern == second.pattern else f', which {second.pattern!r} overlaps'}.",
            hint="Correct the layouts, or give each bot its own folder: LEGACY_FACEIT_FOLDER, LEGACY_COMPANION_FOLDER.",
            id="migration_control.E004",
        )
        for (one, first), (other, second) in combinations(places, 2)
        if _collide(first, second)
    ]


def _layouts(component: Component) -> Iterator[Layout]:
    for declared in component.collection.layouts:
        yield from (layout for layout in layouts_in(declared) if isinstance(layout, Layout))


def _collide(one: Layout, other: Layout) -> bool:
    if one.pattern == other.pattern:
        return one.section == other.section or None in (one.section, other.section)
    return overlap(one.pattern, other.pattern)


def overlap(one: str, other: str) -> bool:
    """Whether some file may fit both patterns. A `*` stands for no part of a path."""
    if one.rpartition("/")[0] != other.rpartition("/")[0]:
        return False
    (before, star, after), (front, asterisk, back) = one.partition("*"), other.partition("*")
    if not star or not asterisk:
        return fits(one, other) or fits(other, one)
    return (before.startswith(front) or front.startswith(before)) and (after.endswith(back) or back.endswith(after))


def check_lookups(app_configs: Sequence[Any] | None, **kwargs: object) -> list[CheckMessage]:
    """migration_control.E005: what records are looked up by is a name of their document."""
    del app_configs, kwargs
    return [
        Error(
            f"{component.name} is to be looked up by {name!r}, which its documents do not have.",
            hint=f"They have {', '.join(_names(component))}.",
            id="migration_control.E005",
        )
        for component in components.declared()
        for name in (*component.unique, *component.lookups)
        if name not in _names(component)
    ]


def _names(component: Component) -> list[str]:
    return [field.name for field in msgspec.structs.fields(component.document)]


def check_keys(app_configs: Sequence[Any] | None, **kwargs: object) -> list[CheckMessage]:
    """migration_control.E006: a component's layouts, its model and its parent have keys of one kind."""
    del app_configs, kwargs
    return [
        Error(f"{component.name}: {fact}.", hint=hint, id="migration_control.E006")
        for component in components.declared()
        for fact, hint in _misfits(component)
    ]


def _misfits(component: Component) -> Iterator[tuple[str, str]]:
    pk = component.model._meta.pk
    kind = str if isinstance(pk, models.CharField | models.TextField) else int
    if kind is not component.key:
        yield f"its keys are {component.key.__name__}, its model's {kind.__name__}", f"Set key={kind.__name__}."
    for place in component.places:
        for layout in layouts_in(place.declared):
            yield from _misfits_in(component, layout)


def _misfits_in(component: Component, layout: Layout | SubObject) -> Iterator[tuple[str, str]]:
    names = _names(component)
    if isinstance(layout, SubObject):
        other = next((c for c in components.declared() if c.name == layout.of), None)
        if other is None:
            yield f"it lies in {layout.of!r}, which is no component", "Name one."
        elif other.key is not component.key:
            yield f"it lies in {layout.of}, whose keys are {other.key.__name__}", f"Set key={other.key.__name__}."
        return
    if isinstance(layout, SequenceOf | SingleOf) and component.key is not str:
        yield f"{layout.pattern} has texts for keys, positions", "Set key=str."
    if isinstance(layout, ListOf) and layout.key not in names:
        yield (
            f"{layout.pattern} has its keys under {layout.key!r}, which no document has",
            f"Known: {', '.join(names)}.",
        )
    if layout.wrap is not None and layout.wrap not in names:
        yield f"{layout.pattern} is wrapped in {layout.wrap!r}, which no document has", f"Known: {', '.join(names)}."


def check_owned(app_configs: Sequence[Any] | None, **kwargs: object) -> list[CheckMessage]:
    """migration_control.W002: what is ours is declared, or nobody renders it any more."""
    del app_configs, kwargs
    if settings.LEGACY_DIR is None or not Path(settings.LEGACY_INDEX).exists():
        return []
    from migration_control import store  # which needs loaded models

    declared = store.places().sources
    try:
        rows = store.index().connection().execute("SELECT name FROM source WHERE owner = ?", (Owner.SWITCHYARD,))
        owned = [name for (name,) in rows]
    except (LegacyError, sqlite3.Error):  # whoever needs the index is told so
        return []
    return [
        checks.Warning(
            f"{name} is Switchyard's, and is not declared any more: what was written to it is not rendered.",
            hint="Set LEGACY_FACEIT_FOLDER, LEGACY_COMPANION_FOLDER and BOTS back; or do so, give it back, and then"
            f" change them: manage.py legacy_give_back '{name}'",
            id="migration_control.W002",
        )
        for name in owned
        if name not in declared
    ]


def check_disks(app_configs: Sequence[Any] | None, **kwargs: object) -> list[CheckMessage]:
    """migration_control.E007, W001: files and index lie on a local disk, the index on one that lasts."""
    del app_configs, kwargs
    found: list[CheckMessage] = []
    for name, path in (("LEGACY_DIR", settings.LEGACY_DIR), ("LEGACY_INDEX", settings.LEGACY_INDEX)):
        mount = mount_of(Path(path)) if path is not None else None
        if mount is None:
            continue
        if is_network(mount.kind):
            found.append(
                Error(
                    f"{name} is {path}, on a network file system ({mount.kind} at {mount.point}): its locks and its"
                    " syncing cannot be relied on.",
                    hint=f"Run this on the host that has the files, with {name} on a local disk.",
                    id="migration_control.E007",
                )
            )
        elif name == "LEGACY_INDEX" and mount.kind in IN_MEMORY:
            found.append(
                checks.Warning(
                    f"LEGACY_INDEX is {path}, in memory ({mount.kind} at {mount.point}): it is lost with the machine.",
                    hint="Set LEGACY_INDEX to a file on a local disk before any file is taken over.",
                    id="migration_control.W001",
                )
            )
    return found
