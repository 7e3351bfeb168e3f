"""The history of moves: append-only in the database, read-only here, overrides among it for ever."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from migration_control.admin import show, standing
from migration_control.admin.filters import SampledValues, YesNo
from migration_control.admin.reading import ReadOnlyAdmin
from migration_control.models import Transition


class Actor(SampledValues):
    title = "actor"
    parameter_name = field = "actor"


class KindOfChange(SampledValues):
    title = "kind"
    parameter_name = field = "kind"


class Overridden(YesNo):
    title = "gates overridden"
    parameter_name = "overridden"
    meaning = ~Q(overridden=[])


@admin.register(Transition)
class TransitionAdmin(ReadOnlyAdmin[Transition]):
    list_display = (
        "moment", "component", "move", "epoch", "by", "why", "overrides", "request_link",
    )  # fmt: skip
    list_filter = ("component", KindOfChange, Overridden, "automatic", Actor, "at")
    list_select_related = ("component", "request")
    search_fields = ("actor", "reason", "override")
    search_help_text = "Actor, reason and the reason of an override, any part of them"
    sortable_by = ()
    fields = (
        "component", "kind", "before", "after", "epoch", "moment", "actor", "how", "why", "overrides", "override",
        "request_link",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description="When")
    def moment(self, line: Transition) -> SafeString | str:
        return show.moment(line.at)

    @admin.display(description="Move")
    def move(self, line: Transition) -> SafeString:
        return format_html(
            '<div class="result lines"><span>{}</span><span class="quiet">{}</span><span class="quiet">{}</span></div>',
            line.kind, self.before(line), f"→ {self.after(line)}",
        )  # fmt: skip

    @admin.display(description="By")
    def by(self, line: Transition) -> SafeString:
        return format_html(
            '<span class="who">{}</span> {}',
            line.actor,
            show.badge("automatic") if line.automatic else "",
        )

    @admin.display(description="From")
    def before(self, line: Transition) -> str:
        return f"{line.from_stage} reading {line.from_reads}"

    @admin.display(description="To")
    def after(self, line: Transition) -> str:
        return f"{line.stage} reading {line.reads}"

    @admin.display(description="How")
    def how(self, line: Transition) -> SafeString | str:
        return show.badge("automatic") if line.automatic else "asked for"

    @admin.display(description="Why")
    def why(self, line: Transition) -> SafeString:
        return format_html('<span class="wrapped">{}</span>', line.reason or "no reason was given")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": "History of moves", **(extra_context or {})})

    @admin.display(description="Overridden gates")
    def overrides(self, line: Transition) -> SafeString | str:
        if not line.overridden:
            return "none"
        gates = format_html_join("", "<br>{}", ((gate,) for gate in line.overridden))
        return format_html(
            '<span class="wrapped">{}{}<br>because: {}</span>', show.badge("overridden"), gates, line.override
        )

    @admin.display(description="Request")
    def request_link(self, line: Transition) -> SafeString | str:
        return standing.request_link(line.request, f"request {line.request.pk}") if line.request else "none"
