"""The list of requests to move a component, those that were refused among them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from migration_control.admin import show, standing, unattended
from migration_control.admin.controlling import ControlAdmin
from migration_control.models import MoveRequest


@admin.register(MoveRequest)
class MoveRequestAdmin(ControlAdmin[MoveRequest]):
    change_form_template = "admin/migration_control/live_form.html"
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
        context = {"going": wish is not None and wish.open, "unattended": unattended.note(), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)
