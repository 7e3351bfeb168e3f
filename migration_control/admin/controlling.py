"""What the lists of components and of runs share: acts that take one permission, and a page that renews itself."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import models
from django.http import HttpRequest, HttpResponse

from migration_control.admin.reading import ReadOnlyAdmin
from migration_control.models import Run
from migration_control.run_states import DUE

CONTROL = "migration_control.control_runs"
M = TypeVar("M", bound=models.Model)


class ControlAdmin(ReadOnlyAdmin[M]):
    def has_control_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(CONTROL)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        going = Run.objects.filter(state__in=DUE).exists()
        return super().changelist_view(request, {"going": going, **(extra_context or {})})
