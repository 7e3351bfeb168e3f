"""Reads on a host without the files: the row of the component and its records in one snapshot."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import connection, transaction

from migration_control import releases
from migration_control.components import Component
from migration_control.models import ComponentState
from migration_control.routing.errors import FilesElsewhere
from migration_control.stages import Store

T = TypeVar("T")


def authority(component: Component) -> Store:
    """As the row says. Raises NewerRelease."""
    found = ComponentState.objects.filter(name=component.name).values_list("stage", "reads").first()
    return releases.understood(component.name, *found).authority if found else Store.JSON


def read(component: Component, ask: Callable[[], T]) -> T:
    """Raises FilesElsewhere."""
    if connection.in_atomic_block:
        return _within(component, ask)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return _checked(component, ask)


def _checked(component: Component, ask: Callable[[], T]) -> T:
    if authority(component) is not Store.DATABASE:
        raise FilesElsewhere(component.name)
    return ask()


def _within(component: Component, ask: Callable[[], T]) -> T:
    """In somebody's transaction, whose statements have a snapshot each: the row must not move between two looks."""
    while True:
        before = _epoch(component)
        found = _checked(component, ask)
        if _epoch(component) == before:
            return found


def _epoch(component: Component) -> int | None:
    return ComponentState.objects.filter(name=component.name).values_list("epoch", flat=True).first()
