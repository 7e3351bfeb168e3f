"""The list of requests to move a component, those that were refused among them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods

from migration_control.admin import show, standing, unattended
from migration_control.admin.controlling import MOVE, ControlAdmin
from migration_control.admin.forms import ReasonForm
from migration_control.admin.reading import demand
from migration_control.models import MoveRequest
from migration_control.moving.errors import MoveRefused
from migration_control.moving.withdrawing import withdraw


@admin.register(MoveRequest)
class MoveRequestAdmin(ControlAdmin[MoveRequest]):
    change_form_template = "admin/migration_control/moverequest/change_form.html"
    change_list_template = "admin/migration_control/live_list.html"
    list_display = (
        "number", "component", "wanted", "state_badge", "told", "requested_by", "why", "asked", "duration",
    )  # fmt: skip
    list_filter = ("component", "state", "automatic")
    list_select_related = ("component",)
    search_fields = ("requested_by", "reason", "message")
    search_help_text = "Who asked, the reason and the message, any part of them"
    sortable_by = ()
    fields = (
        "component", "wanted", "state_badge", "told", "steps", "requested_by", "why", "how", "override", "drawn",
        "asked", "started", "ended", "duration", "worker",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description="Request")
    def number(self, wish: MoveRequest) -> int:
        return wish.pk

    @admin.display(description="To")
    def wanted(self, wish: MoveRequest) -> str:
        return str(wish.row)

    @admin.display(description="State")
    def state_badge(self, wish: MoveRequest) -> SafeString:
        return show.badge(wish.state)

    @admin.display(description="Message")
    def told(self, wish: MoveRequest) -> SafeString:
        return format_html('<span class="wrapped">{}</span>', wish.message or show.NOTHING)

    @admin.display(description="Why")
    def why(self, wish: MoveRequest) -> SafeString:
        return format_html('<span class="wrapped">{}</span>', wish.reason)

    @admin.display(description="How")
    def how(self, wish: MoveRequest) -> SafeString | str:
        return show.badge("automatic") if wish.automatic else "asked for"

    @admin.display(description="Steps that it took")
    def steps(self, wish: MoveRequest) -> SafeString | str:
        taken = wish.transitions.order_by("pk")
        return format_html_join("", "{}", ((standing.moved(line),) for line in taken)) or "none"

    @admin.display(description="Decided at epoch")
    def drawn(self, wish: MoveRequest) -> int:
        return wish.epoch

    @admin.display(description="Asked for")
    def asked(self, wish: MoveRequest) -> SafeString | str:
        return show.moment(wish.created_at)

    @admin.display(description="Started")
    def started(self, wish: MoveRequest) -> SafeString | str:
        return show.moment(wish.started_at)

    @admin.display(description="Ended")
    def ended(self, wish: MoveRequest) -> SafeString | str:
        return show.moment(wish.ended_at)

    @admin.display(description="Duration")
    def duration(self, wish: MoveRequest) -> SafeString | str:
        if wish.started_at is None:
            return show.NOTHING
        lasted = (wish.ended_at or timezone.now()) - wish.started_at
        return format_html('<span class="figures">{}</span>', show.span(lasted))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        wish = self.get_object(request, object_id)
        going = wish is not None and wish.open
        context: dict[str, Any] = {"going": going, "unattended": unattended.note()}
        context |= {"may_withdraw": going and self.has_move_permission(request), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_http_methods(["GET", "HEAD", "POST"])(self.withdraw_view))
        return [path("<int:pk>/withdraw/", view, name="migration_control_moverequest_withdraw"), *super().get_urls()]

    def withdraw_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """What was asked for; and, confirmed with a reason, taken back."""
        demand(request, MOVE)
        wish = get_object_or_404(MoveRequest, pk=pk)
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                withdraw(wish, by=request.user.get_username(), reason=form.cleaned_data["reason"])
            except MoveRefused as error:
                self.message_user(request, f"Nothing was done. {error}", messages.ERROR)
            else:
                self.log_change(request, wish, "withdrawn")
                self.message_user(request, f"Request {wish.pk}, to move {wish}, is withdrawn.")
            return redirect("admin:migration_control_moverequest_change", wish.pk)
        context = self.page(request, f"Withdraw request {wish.pk}?", wish=wish, form=form)
        return TemplateResponse(request, "admin/migration_control/moverequest/withdraw.html", context)
