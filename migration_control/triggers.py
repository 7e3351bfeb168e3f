"""Triggers that bind every writer of a component's table: admin, shell, bulk, COPY and psql alike.

The bodies are functions of migration 0002, named in EXECUTE: pgtrigger's own bodies can be switched
off by a session variable, and these must not be.
"""

from __future__ import annotations

from typing import Any

import pgtrigger
from django.apps import apps

from migration_control import locks

SETTING = "switchyard.copying"


def mark(component: str) -> str:
    """The SQL expression that the setting equals while this transaction copies this component."""
    return f"'{component}:' || pg_current_xact_id()::text"


def component_of(model: Any) -> str:
    """The model may be a migration's, which has fields only; the real one knows its component."""
    real: Any = apps.get_model(model._meta.label)
    return str(real.component)


class _Bound(pgtrigger.Trigger):
    """A trigger whose body is one of ours."""

    when = pgtrigger.Before
    func = "RETURN NULL;"

    def render_condition(self, model: Any) -> str:
        return f"WHEN ({self.sql_condition(model)})" if self.sql_condition(model) else ""

    def sql_condition(self, model: Any) -> str:
        return f"(current_setting('{SETTING}', true) = {mark(component_of(model))}) IS NOT TRUE"


class Guard(_Bound):
    """Per statement: nobody writes while JSON is the authority, nor while a move is under way."""

    name = "guard"
    level = pgtrigger.Statement
    operation = pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete

    def sql_condition(self, model: Any) -> str:
        # Evaluated in the statement's own snapshot, which is older than the lock that the body waits for.
        return f"{super().sql_condition(model)} AND switchyard_note_epoch('{component_of(model)}')"

    def render_execute(self, model: Any) -> str:
        return f"switchyard_guard('{component_of(model)}', '{locks.COMPONENT}', '{locks.number(component_of(model))}')"


class NoteChange(_Bound):
    """Per row: the change and the note that JSON lacks it are one commit."""

    name = "note_change"
    operation = pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete

    def render_execute(self, model: Any) -> str:
        return f"switchyard_note_change('{component_of(model)}', '{model._meta.pk.column}')"


class RefuseTruncate(_Bound):
    """TRUNCATE fires no row triggers, so nothing of it could be carried to JSON."""

    name = "refuse_truncate"
    level = pgtrigger.Statement
    operation = pgtrigger.Truncate

    def sql_condition(self, model: Any) -> str:
        return ""

    def render_execute(self, model: Any) -> str:
        return f"switchyard_refuse_truncate('{component_of(model)}')"
