"""What a document's annotations say beyond what msgspec checks."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from msgspec import Meta, UnsetType

from migration_control.moments import Style


def style(annotation: Any) -> Style:
    """How the dates of this field are written: naive, unless an alias of `moments` stands in the annotation."""
    for meta in getattr(annotation, "__metadata__", ()):
        if isinstance(meta, Meta) and meta.extra and "date" in meta.extra:
            return Style(meta.extra["date"])
    return next((found for part in get_args(annotation) if (found := style(part)) is not Style.NAIVE), Style.NAIVE)


def kinds(annotation: Any) -> tuple[type, ...]:
    """The types of a JSON value that this annotation takes: `dict[str, str] | None` -> dict, NoneType."""
    return tuple(_kinds(annotation))


def _kinds(annotation: Any) -> Iterator[type]:
    origin = get_origin(annotation)
    if annotation is Any:
        yield object
    elif origin in (Union, UnionType):
        for part in get_args(annotation):
            yield from _kinds(part)
    elif origin is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif annotation is not UnsetType:
        yield origin or annotation
