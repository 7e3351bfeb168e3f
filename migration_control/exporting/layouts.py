"""Layouts named in a text, as `ListOf:users.json:users:user_id`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import PurePosixPath

from legacy_json.errors import LegacyError
from legacy_json.layouts import Collection, FolderOf, Layout, ListOf, ObjectOf, SequenceOf
from migration_control.components import Component

KINDS: dict[str, type[Layout]] = {kind.__name__: kind for kind in (ListOf, ObjectOf, FolderOf, SequenceOf)}
PARTS = ("file", "section", "key", "wrap")
NAME = "{component}"


class BadLayout(LegacyError):
    def __init__(self, text: str, fact: str) -> None:
        super().__init__(
            f"--layout {text}: {fact} It is legacy, lines, native, or one of ListOf:FILE:SECTION:KEY,"
            " ObjectOf:FILE[:SECTION[:WRAP]], FolderOf:FOLDER, SequenceOf:'PATTERN'[:SECTION], in which {component}"
            " stands for a component's name; an empty section is the whole file."
        )


def collections(text: str, chosen: Sequence[Component]) -> list[Collection]:
    """The components as they would be declared in that layout. Raises BadLayout."""
    made = [Collection(c.name, (layout(text.replace(NAME, c.name)),), c.key) for c in chosen]
    for component, collection in zip(chosen, made, strict=True):
        _check(text, component, collection.layouts[0])  # type: ignore[arg-type]
    places = [(each.pattern, each.section) for c in made for each in c.layouts if isinstance(each, Layout)]
    if len(set(places)) < len(places) or any((file, None) in places and s is not None for file, s in places):
        raise BadLayout(text, "several components would lie in one place. Name one component, or write {component}.")
    return made


def layout(text: str) -> Layout:
    """Raises BadLayout."""
    kind, *values = text.split(":")
    if kind not in KINDS:
        raise BadLayout(text, f"There is no layout {kind!r}.")
    names = [field.name for field in fields(KINDS[kind]) if field.name in PARTS]  # type: ignore[arg-type]
    if not values or len(values) > len(names):
        raise BadLayout(text, f"{kind} has {', '.join(names)}.")
    given = {name: value or None for name, value in zip(names, values, strict=False)}
    if kind == "ListOf" and not given.get("key"):
        raise BadLayout(text, "A list needs the name under which its records have their key.")
    return KINDS[kind](**given)


def _check(text: str, component: Component, made: Layout) -> None:
    path = PurePosixPath(made.pattern)
    if path.is_absolute() or ".." in path.parts or made.pattern.count("*") > 1 or "*" in str(path.parent):
        raise BadLayout(text, f"{made.pattern!r} is no plain name of a file in a folder.")
    names, pk = component.mapping.conversions, component.mapping.pk
    if isinstance(made, ListOf) and made.key not in (pk if pk in names else None,):
        raise BadLayout(text, f"Documents of {component.name} have no key under {made.key!r}.")
    if isinstance(made, SequenceOf) and component.key is not str:
        raise BadLayout(text, f"Keys of {component.name} are numbers, and no positions in a list.")
    if isinstance(made, ObjectOf | FolderOf) and "*" in made.file:
        raise BadLayout(text, "Only a sequence has a pattern of files.")
    if made.wrap is not None and made.wrap not in names:
        raise BadLayout(text, f"Documents of {component.name} have no {made.wrap!r}.")
