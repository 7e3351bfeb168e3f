"""What a fresh schema needs before anything runs."""

from __future__ import annotations

from typing import Any

from migration_control import components


def create_states(using: str, apps: Any, **kwargs: object) -> None:
    """A state row, disabled, for each component that has none (post_migrate)."""
    del kwargs
    try:
        model = apps.get_model("migration_control", "ComponentState")
    except LookupError:  # migrated back to before it
        return
    rows = model.objects.using(using)
    missing = {component.name for component in components.declared()} - set(rows.values_list("name", flat=True))
    rows.bulk_create([model(name=name) for name in sorted(missing)], ignore_conflicts=True)  # two may migrate at once
