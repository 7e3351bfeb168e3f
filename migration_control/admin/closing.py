"""The end of a component's migration: what it takes away, what stands in its way, and, confirmed, done."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods

from legacy_json.errors import LegacyError
from migration_control import components
from migration_control.admin import show
from migration_control.admin.controlling import CLOSE
from migration_control.admin.forms import CloseForm
from migration_control.admin.moving import MovingAdmin, verdict
from migration_control.admin.reading import demand
from migration_control.models import ComponentState
from migration_control.moving import closing
from migration_control.moving.errors import MoveAborted, MoveRefused
from migration_control.moving.relations import Closed
from migration_control.moving.rows import By, Moved, last


class ClosingPages(MovingAdmin):
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_http_methods(["GET", "HEAD", "POST"])(self.close_view))
        return [path("<str:name>/close/", view, name="migration_control_componentstate_close"), *super().get_urls()]

    def close_view(self, request: HttpRequest, name: str) -> HttpResponseBase:
        """On the host with the files it is done here, outside any transaction."""
        demand(request, CLOSE)
        state = get_object_or_404(ComponentState, pk=name)
        if state.closed:
            self.message_user(request, str(Closed(name)), messages.WARNING)
            return _to_page(name)
        (outlook,) = closing.outlook([components.get(name)])
        form = CloseForm(request.POST or None, initial={"epoch": state.epoch}, name=name)
        if request.method == "POST" and not outlook.refusals and form.is_valid():
            return self._close(request, state, form.cleaned_data)
        gates = [(gate, show.badge(verdict(gate))) for gate in outlook.gates]
        context = self.page(request, f"End the migration of {name}?", form=form, outlook=outlook, gates=gates)
        context["component"] = state
        return TemplateResponse(request, "admin/migration_control/componentstate/close.html", context)

    def _close(self, request: HttpRequest, state: ComponentState, given: dict[str, Any]) -> HttpResponse:
        try:
            if given["epoch"] != state.epoch:
                raise Moved(state.name, last(state.name))
            closing.close([components.get(state.name)], By(request.user.get_username(), given["reason"].strip()))
        except MoveRefused as error:
            self.message_user(request, f"Nothing was closed. {error}", messages.ERROR)
        except (MoveAborted, LegacyError, OSError, Error) as error:
            again = f"If its page calls {state.name} closed, a worker finishes the rest; else close it again."
            self.message_user(request, f"{error} {again}", messages.ERROR)
        else:
            self.log_change(request, state, "migration closed")
            self.message_user(request, f"The migration of {state.name} is closed: the database has it for good.")
        return _to_page(state.name)


def _to_page(name: str) -> HttpResponse:
    return redirect("admin:migration_control_componentstate_change", name)
