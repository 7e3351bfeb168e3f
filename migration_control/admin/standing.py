"""Where a component stands and what is asked of it, in the cells of a table."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from migration_control.admin import show
from migration_control.admin.lags import Lag, database_lacks, json_lacks
from migration_control.models import ComponentState, MoveRequest, Parked, Transition
from migration_control.models.moves import open_request
from migration_control.moving import rows
from migration_control.stages import Kind


def lacks(state: ComponentState) -> SafeString:
    now = timezone.now()
    return format_html(
        '<span class="lines figures"><span>database: {}</span><span>JSON: {}</span></span>',
        figure(database_lacks(state), now), figure(json_lacks(state), now),
    )  # fmt: skip


def figure(lag: Lag, now: datetime) -> SafeString | str:
    if lag.keys is None:
        return "not counted yet"
    count = f"{'more than ' if lag.capped else ''}{lag.keys:,}" if lag.keys else "nothing"
    if lag.counted is None:
        return count
    return format_html('{} <span class="quiet">counted {} ago</span>', count, show.span(now - lag.counted))


def parked(component: str) -> SafeString | str:
    count = Parked.objects.filter(component=component).count()
    if not count:
        return "none"
    address = reverse("admin:migration_control_parked")
    return format_html(
        '<a href="{}?{}">{}</a> {}', address, urlencode({"component": component}), f"{count:,}", show.badge("parked")
    )


def last_move(component: str) -> SafeString | str:
    last = rows.last(component)
    return show.NOTHING if last is None else moved(last)


def moved(line: Transition) -> SafeString:
    """A line of the history: where to, by whom, when, why."""
    return format_html(
        '<div class="result"><a href="{}">{}</a>{} by {}, {}<br><span class="wrapped quiet">{}</span></div>',
        reverse("admin:migration_control_transition_change", args=[line.pk]), what(line),
        format_html(" {}", show.badge("overridden")) if line.overridden else "",
        line.actor or "somebody", show.moment(line.at), line.reason or "no reason was given",
    )  # fmt: skip


def what(line: Transition) -> str:
    """A recovery and its like change no stage."""
    if line.kind in list(Kind):
        return f"to {line.stage} reading {line.reads}"
    return f"{line.kind} at {line.stage} reading {line.reads}"


def request_cell(component: str) -> SafeString | str:
    request = open_request(component) or MoveRequest.objects.filter(component=component).first()
    if request is None:
        return "none"
    return format_html(
        '<div class="result">{} {}<br><span class="quiet">to {}, by {}</span></div>',
        show.badge(request.state), request_link(request, f"request {request.pk}"), request.row,
        request.requested_by,
    )  # fmt: skip


def request_link(request: MoveRequest, text: str) -> SafeString:
    return format_html(
        '<a href="{}">{}</a>', reverse("admin:migration_control_moverequest_change", args=[request.pk]), text
    )
