"""System checks of the declarations: a component that would silently escape the protocol stops the start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, register

from migration_control import components
from migration_control.file_checks import check_disks, check_keys, check_lookups, check_overlaps, check_owned
from migration_control.moving.left_behind import check_left_behind
from migration_control.records import Record


def register_all() -> None:
    register(check_triggers)
    register(check_declarations)
    register(check_overlaps)
    register(check_lookups)
    register(check_keys)
    register(check_disks)
    register(check_owned)
    register(check_left_behind)


def check_triggers(app_configs: Sequence[Any] | None, **kwargs: object) -> list[CheckMessage]:
    """migration_control.E001: a child whose Meta does not inherit loses the triggers silently."""
    del app_configs, kwargs
    wanted = {trigger.name for trigger in Record.Meta.triggers}
    return [
        Error(
            f"{model.__name__} is a record, but its table has no triggers.",
            hint=f"Write `class Meta(Record.Meta):` in {model.__module__}.{model.__name__}.",
            obj=model,
            id="migration_control.E001",
        )
        for model in apps.get_models()
        if issubclass(model, Record) and not wanted <= {t.name for t in getattr(model._meta, "triggers", [])}
    ]


def check_declarations(app_configs: Sequence[Any] | None, **kwargs: object) -> list[CheckMessage]:
    """migration_control.E002, E003: the declaration and its model name each other, and parents exist."""
    del app_configs, kwargs
    found: list[CheckMessage] = []
    names = {component.name for component in components.declared()}
    for component in components.declared():
        if component.model.component != component.name:
            found.append(
                Error(
                    f"The model of {component.name!r} says that it belongs to {component.model.component!r}.",
                    hint=f'Set `component = "{component.name}"` in {component.model.__name__}.',
                    id="migration_control.E002",
                )
            )
        if component.parent is not None and component.parent not in names:
            found.append(
                Error(
                    f"The parent of {component.name!r}, {component.parent!r}, is not a component.",
                    hint=f"There are: {', '.join(sorted(names))}.",
                    id="migration_control.E003",
                )
            )
    return found
