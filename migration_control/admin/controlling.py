"""What the lists of components, runs and requests share: acts with a permission, pages that renew themselves."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import models
from django.http import HttpRequest, HttpResponse

from migration_control.admin import unattended
from migration_control.admin.reading import ReadOnlyAdmin
from migration_control.models import MoveRequest, Run
from migration_control.models.moves import OPEN
from migration_control.run_states import DUE

CONTROL = "migration_control.control_runs"
MOVE = "migration_control.move_components"
OVERRIDE = "migration_control.override_gates"
CLOSE = "migration_control.close_migrations"
M = TypeVar("M", bound=models.Model)


class ControlAdmin(ReadOnlyAdmin[M]):
    def has_control_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(CONTROL)

    def has_move_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(MOVE)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {"going": is_going(), "unattended": unattended.note(), **(extra_context or {})}
        return super().changelist_view(request, context)


def is_going(component: str | None = None) -> bool:
    """Whether a run or a move is under way, of one component or of any."""
    of = {} if component is None else {"component_id": component}
    runs = Run.objects.filter(state__in=DUE, **of)
    return runs.exists() or MoveRequest.objects.filter(state__in=OPEN, **of).exists()
