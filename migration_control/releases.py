"""What a newer release leaves in the database, and this one must not write past: stages and migrations it lacks."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from django.db import connection
from django.db.migrations.loader import MigrationLoader

from legacy_json.errors import NewerRelease
from migration_control import components
from migration_control.stages import NoSuchStage, StageRow, row


def understood(component: str, stage: str, reads: str) -> StageRow:
    """The row of that stage. Raises NewerRelease."""
    try:
        return row(stage, reads)
    except NoSuchStage:
        raise NewerRelease(f"{component} is in the stage {stage} reading {reads}") from None


def unknown_migrations() -> list[str]:
    """Of our apps, as app.name: applied to the database, and not among our files. Raises django.db.Error."""
    labels = sorted({"migration_control"} | {c.model._meta.app_label for c in components.declared()})
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations WHERE app = ANY(%s) ORDER BY id", [labels])
        applied = cursor.fetchall()
    return [f"{app}.{name}" for app, name in applied if name not in _files(app)]


def refuse_unknown_migrations() -> None:
    """Raises NewerRelease, django.db.Error."""
    unknown = unknown_migrations()
    if unknown:
        raise NewerRelease(f"The database has {', '.join(unknown)}")


@cache
def refuse_at_first_use() -> None:
    """Once per process: a new release migrates while processes of the old one run, and are restarted one by one."""
    refuse_unknown_migrations()


@cache
def _files(app: str) -> frozenset[str]:
    name, _ = MigrationLoader.migrations_module(app)
    assert name is not None  # every app of ours has migrations
    return frozenset(found.name for found in iter_modules(import_module(name).__path__))
