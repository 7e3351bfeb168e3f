"""Keys that a store would not take. Django's admin has no lists of rows with two keys, so this page is our own."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from migration_control import components
from migration_control.admin.controlling import MOVE, ControlAdmin
from migration_control.admin.paging import CappedPaginator
from migration_control.admin.reading import demand
from migration_control.components import UnknownComponent
from migration_control.models import ComponentState, Parked

VIEW = "migration_control.view_parked"
PAGE = 50
ALL = "all"  # in place of keys: every one of the component that the page shows, or of all


class ParkedPages(ControlAdmin[ComponentState]):
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_http_methods(["GET", "HEAD", "POST"])(self.parked_view))
        return [path("parked/", view, name="migration_control_parked"), *super().get_urls()]

    def parked_view(self, request: HttpRequest) -> HttpResponseBase:
        """The list; a POST tries the chosen keys again."""
        demand(request, VIEW)
        component = request.GET.get("component", "")
        rows = Parked.objects.order_by("due", "component", "key")
        if component:
            rows = rows.filter(component=component)
        if request.method == "POST":
            return self._try_again(request, rows, component)
        shown = CappedPaginator(rows, PAGE).get_page(request.GET.get("p"))
        context = self.page(
            request, "Parked keys", shown=[_Line(parked) for parked in shown], page=shown, component=component,
            known=[c.name for c in components.everything()], may_try=self.has_move_permission(request), all=ALL,
        )  # fmt: skip
        return TemplateResponse(request, "admin/migration_control/parked.html", context)

    def _try_again(self, request: HttpRequest, rows: QuerySet[Parked], component: str) -> HttpResponse:
        demand(request, MOVE)
        chosen = request.POST.getlist("chosen")
        count = try_again(rows if ALL in chosen else rows.filter(_any(chosen)))
        if count:
            self.message_user(
                request,
                f"{count:,} will be tried again within seconds, by the worker with the files, while the component is"
                " dual-write; else by its next move.",
            )
        else:
            self.message_user(request, "None of the keys is parked any more, or none was chosen.", messages.WARNING)
        address = reverse("admin:migration_control_parked")
        return redirect(f"{address}?{urlencode({'component': component})}" if component else address)


def try_again(rows: QuerySet[Parked]) -> int:
    """Make them due on every clock: since is in the past of all. Returns how many there were."""
    return rows.update(due=F("since"))


def _any(chosen: list[str]) -> Q:
    """chosen: component, a space, key."""
    found = Q(component=None)
    for text in chosen:
        component, _, key = text.partition(" ")
        found |= Q(component=component, key=key)
    return found


class _Line:
    """A parked key on the page."""

    def __init__(self, parked: Parked) -> None:
        self.parked = parked
        self.chosen = f"{parked.component} {parked.key}"
        self.due = "now" if parked.due <= timezone.now() else parked.due
        self.address = _address(parked)


def _address(parked: Parked) -> str:
    """Of its record's page; empty for a component without one."""
    try:
        options = components.get(parked.component).model._meta
        return reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[parked.key])
    except (UnknownComponent, NoReverseMatch):
        return ""
