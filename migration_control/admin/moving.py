"""Moving a component: where it can go from here, what that would do and cost, and the request."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods

from migration_control import components
from migration_control.admin import show, standing, unattended
from migration_control.admin.controlling import CLOSE, MOVE, OVERRIDE, ControlAdmin
from migration_control.admin.forms import MoveForm
from migration_control.admin.lags import database_lacks
from migration_control.admin.reading import demand
from migration_control.models import ComponentState, MoveRequest, Transition
from migration_control.models.moves import open_request
from migration_control.moving import requests, rows
from migration_control.moving.errors import MoveRefused
from migration_control.moving.gates import Gate
from migration_control.moving.relations import Closed
from migration_control.moving.requests import AlreadyThere, OpenRequest, Plan
from migration_control.moving.rows import Moved
from migration_control.stages import STAGES, Kind, NoSuchStage, Stage, StageRow, Step, row

SHOWN = 5  # requests, and lines of the history, on a component's page
OTHER_STORE = (
    "the database is not written; the index knows what it lacks",
    "the database is written at once",
    "JSON is written at once",
    "JSON is not written; the database knows what it lacks",
)
EFFECTS = {
    (Kind.MIRROR_ON, True): "Each write goes to the database too, at once. JSON stays the authority.",
    (Kind.TO_DATABASE, True): "What the database lacks is copied; then it is the authority. JSON is written at once.",
    (Kind.MIRROR_OFF, True): "JSON is no longer written; what it lacks is noted. The database stays the authority.",
    (Kind.MIRROR_ON, False): "JSON is written at once again and given what it lacks. The database stays the authority.",
    (Kind.TO_JSON, False): "What JSON lacks is copied; then it is the authority. The database is written at once.",
    (Kind.MIRROR_OFF, False): "The database is no longer written; what it lacks is noted. JSON stays the authority.",
}  # fmt: skip


class MovingAdmin(ControlAdmin[ComponentState]):
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_http_methods(["GET", "HEAD", "POST"])(self.move_view))
        return [path("<str:name>/move/", view, name="migration_control_componentstate_move"), *super().get_urls()]

    def moving_context(self, request: HttpRequest, name: str) -> dict[str, Any]:
        """What a component's page shows of its moves."""
        state = ComponentState.objects.filter(pk=name).first()
        if state is None:
            return {}
        wishes = MoveRequest.objects.filter(component=name)[:SHOWN]
        history = Transition.objects.filter(component=name)
        return {
            "may_move": self.has_move_permission(request) and not state.closed,
            "closed": str(Closed(name)) if state.closed else "",
            "may_close": request.user.has_perm(CLOSE) and state.stage == Stage.DB_ONLY and not state.closed,
            "open_request": open_request(name),
            "stages": [_Choice(state, at, other) for at, other in zip(STAGES, OTHER_STORE, strict=True)],
            "requests": [(wish, show.badge(wish.state)) for wish in wishes] if may_see(request, "moverequest") else (),
            "history": [standing.moved(line) for line in history[:SHOWN]] if may_see(request, "transition") else (),
        }

    def move_view(self, request: HttpRequest, name: str) -> HttpResponseBase:
        """What the move would do; and, confirmed, its request."""
        demand(request, MOVE)
        state = get_object_or_404(ComponentState, pk=name)
        given = request.POST if request.method == "POST" else request.GET
        try:
            wanted = row(given.get("stage", ""), given.get("reads"))
        except NoSuchStage as error:
            self.message_user(request, str(error), messages.ERROR)
            return _to_page(name)
        if state.closed:
            self.message_user(request, str(Closed(name)), messages.ERROR)
            return _to_page(name)
        if request.method != "POST" and wanted == state.row:
            self.message_user(request, str(AlreadyThere(name, wanted)), messages.WARNING)
            return _to_page(name)
        plan = requests.plan(components.get(name), wanted)
        going = open_request(name)
        form = self._form(request, plan, judge=going is None and bool(plan.steps))
        if request.method == "POST" and form.is_valid():
            return self._request(request, state, wanted, form)
        self._tell_if_moved(request, plan)
        context = self.page(request, f"Move {name} to {wanted}?", form=form, **_shown(plan, state, going))
        context |= {"may_override": request.user.has_perm(OVERRIDE), "unattended": unattended.note()}
        return TemplateResponse(request, "admin/migration_control/componentstate/move.html", context)

    def _form(self, request: HttpRequest, plan: Plan, judge: bool) -> MoveForm:
        initial = {"stage": plan.wanted.stage, "reads": plan.wanted.reads, "epoch": plan.epoch}
        may = request.user.has_perm(OVERRIDE)
        return MoveForm(request.POST or None, initial=initial, plan=plan, may_override=may, judge=judge)

    def _request(self, request: HttpRequest, state: ComponentState, wanted: StageRow, form: MoveForm) -> HttpResponse:
        """Outside any transaction: of one that is refused a row is kept."""
        given, by = form.cleaned_data, request.user.get_username()
        override = given.get("override", "")
        try:
            wish = requests.request(
                components.get(state.name), wanted, given["epoch"], by=by, reason=given["reason"], override=override
            )
        except OpenRequest as error:
            link = standing.request_link(error.request, f"Look at request {error.request.pk}")
            self.message_user(request, format_html("Nothing was asked for. {} {}.", error, link), messages.ERROR)
        except (MoveRefused, Moved) as error:
            self.message_user(request, f"Nothing was asked for. {error}", messages.ERROR)
        else:
            self.log_change(request, state, f"move to {wanted} asked for as request {wish.pk}")
            link = standing.request_link(wish, f"Request {wish.pk}, to move {wish},")
            self.message_user(request, format_html("{} waits for a worker with the files.", link))
        return _to_page(state.name)

    def _tell_if_moved(self, request: HttpRequest, plan: Plan) -> None:
        """The component's page may have been drawn long ago."""
        drawn = request.GET.get("epoch", "")
        if drawn and drawn != str(plan.epoch):
            moved = Moved(plan.component.name, rows.last(plan.component.name))
            self.message_user(
                request, f"That page was old: {moved} What follows is as things stand now.", messages.WARNING
            )


def may_see(request: HttpRequest, model: str) -> bool:
    return request.user.has_perm(f"migration_control.view_{model}")


class _Choice:
    """A row of the table of stages, on one component's page."""

    def __init__(self, state: ComponentState, at: StageRow, other: str) -> None:
        self.row, self.other, self.here = at, other, at == state.row
        address = reverse("admin:migration_control_componentstate_move", args=[state.name])
        query = urlencode({"stage": at.stage, "reads": at.reads, "epoch": state.epoch})
        self.address = f"{address}?{query}"


def _shown(plan: Plan, state: ComponentState, going: MoveRequest | None) -> dict[str, Any]:
    return {
        "plan": plan,
        "steps": [(step, _effect(step)) for step in plan.steps],
        "gates": [(gate, show.badge(verdict(gate))) for gate in plan.gates],
        "hands_over": any(step.kind in (Kind.TO_DATABASE, Kind.TO_JSON) for step in plan.steps),
        "counted": standing.figure(database_lacks(state), timezone.now()),
        "going": going,
        "component": state,
    }


def _effect(step: Step) -> str:
    return EFFECTS[step.kind, step.forward]


def verdict(gate: Gate) -> str:
    if gate.holds:
        return "holds"
    return "overridable" if gate.overridable else "in the way"


def _to_page(name: str) -> HttpResponse:
    return redirect("admin:migration_control_componentstate_change", name)
