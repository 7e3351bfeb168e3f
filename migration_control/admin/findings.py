"""The list of findings: what was odd about a source entry, with its bytes; staff acknowledge what they have seen."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from legacy_json.keys import BadKey
from migration_control import components, findings
from migration_control.admin import show
from migration_control.admin.filters import SampledValues, YesNo
from migration_control.admin.reading import ReadOnlyAdmin
from migration_control.components import UnknownComponent
from migration_control.models import Finding

ACKNOWLEDGE = "migration_control.acknowledge_findings"
RAW_SHOWN = 100_000  # characters
LISTED = 20


class Code(SampledValues):
    title = "code"
    parameter_name = field = "code"


class FoundWhile(admin.SimpleListFilter):
    title = "found while"
    parameter_name = "phase"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [("reading", "reading the file"), ("mapping", "mapping to the database")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(phase=self.value()) if self.value() else queryset


class Acknowledged(YesNo):
    title = "acknowledged"
    parameter_name = "acknowledged"
    meaning = Q(acknowledged_at__isnull=False)


@admin.register(Finding)
class FindingAdmin(ReadOnlyAdmin[Finding]):
    actions = ["acknowledge"]
    list_display = ("entry", "component", "place", "outcome_badge", "code", "short_detail", "acknowledged")
    list_filter = ("component", "outcome", FoundWhile, Acknowledged, Code)
    list_select_related = ("component",)
    search_fields = ("key", "detail")
    search_help_text = "Key and detail, any part of them"
    sortable_by = ()
    ordering = ("-id",)
    fields = (
        "component", "key", "record", "place", "outcome_badge", "code", "phase", "detail", "raw_bytes", "run_link",
        "acknowledged",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Finding]:
        return super().get_queryset(request).defer("raw")

    # Columns

    @admin.display(description="Key")
    def entry(self, finding: Finding) -> str:
        return f"no key ({finding.pk})" if finding.key is None else finding.key

    @admin.display(description="Place")
    def place(self, finding: Finding) -> str:
        return finding.source + ("" if finding.ordinal is None else f", entry {finding.ordinal}")

    @admin.display(description="Outcome")
    def outcome_badge(self, finding: Finding) -> SafeString:
        return show.badge(finding.outcome)

    @admin.display(description="Detail")
    def short_detail(self, finding: Finding) -> SafeString:
        text = finding.detail if len(finding.detail) <= 200 else f"{finding.detail[:200]}…"
        return format_html('<span class="wrapped">{}</span>', text)

    @admin.display(description="Acknowledged")
    def acknowledged(self, finding: Finding) -> SafeString | str:
        if finding.acknowledged_at is None:
            return "no"
        return format_html("{} by {}", show.moment(finding.acknowledged_at), finding.acknowledged_by)

    @admin.display(description="Found by")
    def run_link(self, finding: Finding) -> SafeString | str:
        return show.run_link(finding.run) if finding.run else show.NOTHING

    @admin.display(description="Bytes in the file")
    def raw_bytes(self, finding: Finding) -> SafeString | str:
        text = finding.raw_text()
        if not text:
            return "not kept: the record itself arrived, or there was nothing"
        more = len(text) - RAW_SHOWN
        return format_html(
            '<pre class="raw" tabindex="0" aria-label="Bytes in the file">{}</pre>{}',
            text[:RAW_SHOWN], f"… and {more:,} characters more" if more > 0 else "",
        )  # fmt: skip

    @admin.display(description="Record")
    def record(self, finding: Finding) -> SafeString | str:
        """A link, if the component's table has the key."""
        try:
            component = components.get(finding.component_id)
            key = component.parse_key(finding.key or "")
        except (UnknownComponent, BadKey):
            return "not in the database"
        model = component.model
        if not model._default_manager.filter(pk=key).exists():
            return "not in the database"
        try:
            address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[key])
        except NoReverseMatch:  # a component without an admin
            return "in the database"
        return format_html('<a href="{}">{} {}</a>', address, model._meta.verbose_name, key)

    # Acknowledging

    def has_acknowledge_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(ACKNOWLEDGE)

    @admin.action(description="Acknowledge…", permissions=["acknowledge"])
    def acknowledge(self, request: HttpRequest, queryset: QuerySet[Finding]) -> HttpResponse | None:
        """The selection; and, confirmed, those of it that were there when it was shown."""
        fresh = queryset.filter(acknowledged_at=None)
        newest = request.POST.get("newest", "")
        if newest.isascii() and newest.isdigit():
            count = findings.acknowledge(fresh.filter(pk__lte=int(newest)), by=request.user.get_username())
            self._tell(request, count)
            return None
        count = fresh.count()
        context = self.page(
            request,
            "Acknowledge findings?",
            count=count,
            more=max(count - LISTED, 0),
            findings=fresh.order_by("-pk")[:LISTED],
            newest=fresh.aggregate(newest=Max("pk"))["newest"],
            checkbox=ACTION_CHECKBOX_NAME,
            chosen=request.POST.getlist(ACTION_CHECKBOX_NAME),
            across=request.POST.get("select_across", "0"),
        )
        return TemplateResponse(request, "admin/migration_control/finding/acknowledge.html", context)

    def _tell(self, request: HttpRequest, count: int) -> None:
        if count:
            self.message_user(request, f"{count:,} acknowledged.", messages.SUCCESS)
        else:
            self.message_user(request, "Nothing was left to acknowledge: somebody else has done it.", messages.WARNING)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        finding = self.get_object(request, object_id)
        open_to = finding is not None and finding.acknowledged_at is None and self.has_acknowledge_permission(request)
        context = {"may_acknowledge": open_to, "checkbox": ACTION_CHECKBOX_NAME, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)
