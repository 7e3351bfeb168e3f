"""The list of components: where each stands, its page, and the request to import from the bot's file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_POST

from migration_control import components, runs, store, undoing
from migration_control.admin import show, standing, unattended
from migration_control.admin.closing import ClosingPages
from migration_control.admin.controlling import CONTROL, is_going
from migration_control.admin.drawn import StalePage, newest_run, refuse_if_newer
from migration_control.admin.forms import ImportForm
from migration_control.admin.parked import ParkedPages
from migration_control.admin.reading import demand
from migration_control.components import Component, UnknownComponent
from migration_control.models import ComponentState, Run
from migration_control.run_states import ACTIVE


@admin.register(ComponentState)
class ComponentStateAdmin(ClosingPages, ParkedPages):
    actions = ["import_chosen"]
    list_display: tuple[str, ...] = (
        "name", "where", "reads", "authority", "epoch", "lacks", "parked", "last_move", "request", "file", "last_work",
    )  # fmt: skip
    sortable_by = ()
    fields = (
        "name", "where", "reads", "authority", "epoch", "lacks", "parked", "last_move", "request", "time_zone", "floor",
        "entries", "imported", "quarantined", "deleted", "pruned", "pending", "counted", "last_run", "automatic",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[ComponentState]:
        return super().get_queryset(request).order_by("name")

    # Columns

    @admin.display(description="Stage")
    def where(self, state: ComponentState) -> SafeString | str:
        return format_html("{} {}", state.stage, show.badge("closed")) if state.closed else state.stage

    @admin.display(description="Still lacking")
    def lacks(self, state: ComponentState) -> SafeString:
        return standing.lacks(state)

    @admin.display(description="Parked keys")
    def parked(self, state: ComponentState) -> SafeString | str:
        return standing.parked(state.name)

    @admin.display(description="Last move")
    def last_move(self, state: ComponentState) -> SafeString | str:
        return standing.last_move(state.name)

    @admin.display(description="Request")
    def request(self, state: ComponentState) -> SafeString | str:
        return standing.request_cell(state.name)

    @admin.display(description="In the file")
    def file(self, state: ComponentState) -> SafeString | str:
        """The ledger, in one cell."""
        if not state.ledger:
            return "not counted yet"
        return format_html(
            '<span class="lines"><span>{} entries</span><span>{} imported</span><span>{} quarantined</span>'
            '<span class="quiet">{}</span></span>',
            self.entries(state), self.imported(state), self.quarantined(state), self.counted(state),
        )  # fmt: skip

    @admin.display(description="Entries in the file")
    def entries(self, state: ComponentState) -> str:
        return _figure(state, "entries")

    @admin.display(description="Imported")
    def imported(self, state: ComponentState) -> str:
        return _figure(state, "imported")

    @admin.display(description="Quarantined")
    def quarantined(self, state: ComponentState) -> SafeString | str:
        figure = _figure(state, "quarantined")
        if not state.ledger or not state.ledger.get("quarantined"):
            return figure
        address = reverse("admin:migration_control_finding_changelist")
        query = urlencode({"component__name__exact": state.name, "outcome__exact": "quarantined"})
        return format_html('<a href="{}?{}">{}</a>', address, query, figure)

    @admin.display(description="Deleted")
    def deleted(self, state: ComponentState) -> str:
        return _figure(state, "deleted")

    @admin.display(description="Pruned")
    def pruned(self, state: ComponentState) -> str:
        return _figure(state, "pruned")

    @admin.display(description="Pending, as counted")
    def pending(self, state: ComponentState) -> str:
        return _figure(state, "pending")

    @admin.display(description="Counted")
    def counted(self, state: ComponentState) -> SafeString | str:
        at = (state.ledger or {}).get("counted_at")
        return show.moment(datetime.fromisoformat(at)) if at else "by its first run"

    @admin.display(description="Last run")
    def last_run(self, state: ComponentState) -> SafeString | str:
        run = state.runs.first()
        if run is None:
            return "none"
        return format_html("{} {}", show.run_link(run, f"{run.kind} {run.pk}"), show.badge(run.state))

    @admin.display(description="Automatic runs")
    def automatic(self, state: ComponentState) -> SafeString | str:
        if state.held:
            return format_html('{} <span class="wrapped">{}</span>', show.badge("held"), state.held)
        return (
            "allowed" if settings.AUTO_MIGRATE and settings.MIGRATION_MODE == "auto" else "off: AUTO_MIGRATE is false"
        )

    @admin.display(description="Last run")
    def last_work(self, state: ComponentState) -> SafeString | str:
        """With the hold, if there is one, which the list has no room for otherwise."""
        held = format_html("<br>{}", self.automatic(state)) if state.held else ""
        return format_html("{}{}", self.last_run(state), held)

    @admin.display(description="Acts")
    def imports(self, state: ComponentState) -> SafeString:
        return _acts(self._import_buttons(state))

    @admin.display(description="Acts")
    def moves(self, state: ComponentState) -> SafeString:
        return _acts(self._move_button(state))

    @admin.display(description="Acts")
    def all_acts(self, state: ComponentState) -> SafeString:
        return _acts(self._move_button(state) + self._import_buttons(state))

    def _move_button(self, state: ComponentState) -> SafeString:
        page = reverse("admin:migration_control_componentstate_change", args=[state.name])
        return format_html('<a class="button" href="{}#stages">Move…</a>', page)

    def _import_buttons(self, state: ComponentState) -> SafeString:
        """The button sends the list's own form, which has the CSRF token, to the act's address."""
        if state.closed:
            return SafeString()
        address = reverse("admin:migration_control_componentstate_import")
        release = format_html(
            '<button type="submit" class="button" formaction="{}" name="drawn" value="{}">Allow automatic'
            " runs</button>",
            reverse("admin:migration_control_componentstate_release", args=[state.name]), state.held,
        )  # fmt: skip
        return format_html(
            '<a class="button" href="{}?{}">Import…</a>{}',
            address, urlencode({"component": state.name}), release if state.held else "",
        )  # fmt: skip

    def get_list_display(self, request: HttpRequest) -> list[str | Callable[[ComponentState], Any]]:
        may = (self.has_move_permission(request), self.has_control_permission(request))
        acts = {(True, True): "all_acts", (True, False): "moves", (False, True): "imports"}
        return [*self.list_display, *([acts[may]] if any(may) else [])]

    # Pages

    def get_urls(self) -> list[URLPattern]:
        preview = self.admin_site.admin_view(require_http_methods(["GET", "HEAD", "POST"])(self.import_view))
        release = self.admin_site.admin_view(require_POST(self.release_view))
        return [
            path("import/", preview, name="migration_control_componentstate_import"),
            path("<str:name>/release/", release, name="migration_control_componentstate_release"),
            *super().get_urls(),
        ]

    @admin.action(description="Import from the bot's file…", permissions=["control"])
    def import_chosen(self, request: HttpRequest, queryset: QuerySet[ComponentState]) -> HttpResponse:
        query = urlencode([("component", name) for name in queryset.values_list("name", flat=True)])
        return HttpResponseRedirect(f"{reverse('admin:migration_control_componentstate_import')}?{query}")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {
            "going": is_going(object_id),
            "unattended": unattended.note(object_id),
            "may_control": self.has_control_permission(request),
            **self.moving_context(request, object_id),
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, context)

    def release_view(self, request: HttpRequest, name: str) -> HttpResponseBase:
        """Let automatic runs start again, if the component is still held for the reason shown."""
        demand(request, CONTROL)
        state = get_object_or_404(ComponentState, pk=name)
        if undoing.release(name, request.POST.get("drawn", "")):
            self.log_change(request, state, "automatic runs may start again")
            self.message_user(request, f"Automatic runs of {name} may start again.")
        else:
            self.message_user(
                request, f"{name} is not held as the page that you used showed it. Nothing was done.", messages.ERROR
            )
        return redirect("admin:migration_control_componentstate_change", name)

    def import_view(self, request: HttpRequest) -> HttpResponseBase:
        """What an import would do; and, confirmed, its request."""
        demand(request, CONTROL)
        names = (request.POST if request.method == "POST" else request.GET).getlist("component")
        try:
            chosen = components.named(names)
        except UnknownComponent as error:
            self.message_user(request, str(error), messages.ERROR)
            return redirect("admin:migration_control_componentstate_changelist")
        form = ImportForm(request.POST or None, initial={"batch_size": settings.MIGRATION_BATCH_SIZE})
        if request.method == "POST" and form.is_valid():
            for component in chosen:
                self._import(request, component, form.cleaned_data)
            return redirect("admin:migration_control_run_changelist")
        outlook = [_Outlook(component) for component in chosen]
        refused = all(item.refused for item in outlook)
        context = self.page(request, "Import from the bot's file?", form=form, outlook=outlook, refused=refused)
        return TemplateResponse(request, "admin/migration_control/componentstate/import.html", context)

    def _import(self, request: HttpRequest, component: Component, options: dict[str, Any]) -> None:
        try:
            drawn = _drawn(request, component)
            with transaction.atomic():
                run = runs.request(component, requested_by=request.user.get_username(), **options)
                refuse_if_newer(run, drawn)
                self.log_change(request, run.component, f"import requested as run {run.pk}")
        except runs.ActiveRun as error:
            self.message_user(request, show.active(error), messages.ERROR)
        except runs.RunRefused as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.message_user(request, format_html("{} is queued.", show.run_link(run, f"Run {run.pk}, {run}")))


def _acts(buttons: SafeString) -> SafeString:
    return format_html('<span class="acts">{}</span>', buttons)


class _Outlook:
    """One component on the preview page."""

    def __init__(self, component: Component) -> None:
        self.name = component.name
        self.source = store.places_of(component)
        self.drawn = newest_run(component.name)
        self.active = Run.objects.filter(component_id=component.name, state__in=ACTIVE).first()
        state = ComponentState.objects.filter(pk=component.name).first()
        self.ledger = state.ledger if state else None
        self.held = state.held if state else ""
        self.refused = runs.refusal(component)


def _drawn(request: HttpRequest, component: Component) -> int:
    """The newest run that the form showed. Raises StalePage."""
    drawn = request.POST.get(f"drawn-{component.name}", "")
    if not drawn.isascii() or not drawn.isdigit():
        raise StalePage("The form does not say what it showed.")
    return int(drawn)


def _figure(state: ComponentState, name: str) -> str:
    figure = (state.ledger or {}).get(name)
    return show.NOTHING if figure is None else f"{figure:,}"
