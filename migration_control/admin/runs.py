"""The list of runs, and what staff may do with one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_POST

from migration_control import runs, undoing
from migration_control.admin import show
from migration_control.admin.controlling import CONTROL, ControlAdmin
from migration_control.admin.drawn import StalePage, newest_run, refuse_if_newer
from migration_control.admin.forms import UndoForm
from migration_control.admin.reading import demand
from migration_control.models import Run
from migration_control.run_states import DUE, Act, acts

FINDINGS_SHOWN = 50


def possible(run: Run) -> list[str]:
    """What staff may do with the run as it is."""
    return [*acts(run.state), *([] if undoing.refusal(run) else ["undo"])]


@admin.register(Run)
class RunAdmin(ControlAdmin[Run]):
    list_filter = ("component", "kind", "state")
    sortable_by = ()
    fields = (
        "component", "kind", "target_link", "state_badge", "progress", "counts", "message", "requested_by", "reason",
        "created", "started", "ended", "duration", "batch", "only_key", "shrink", "retry", "worker",
    )  # fmt: skip
    readonly_fields = fields

    def get_list_display(self, request: HttpRequest) -> list[str | Callable[[Run], Any]]:
        columns: list[str | Callable[[Run], Any]] = [
            "number", "component", "kind", "state_badge", "progress", "result", "requested_by", "started", "duration",
        ]  # fmt: skip
        return [*columns, "buttons"] if self.has_control_permission(request) else columns

    # Columns

    @admin.display(description="Run")
    def number(self, run: Run) -> int:
        return run.pk

    @admin.display(description="State")
    def state_badge(self, run: Run) -> SafeString:
        return show.badge(run.state)

    @admin.display(description="Progress")
    def progress(self, run: Run) -> SafeString | str:
        return show.progress(run)

    @admin.display(description="Records")
    def counts(self, run: Run) -> str:
        return show.counts(run)

    @admin.display(description="Result")
    def result(self, run: Run) -> SafeString | str:
        counts = show.counts(run)
        if not run.message:
            return counts
        figures = format_html("{}<br>", counts) if counts != show.NOTHING else ""
        return format_html('<div class="result">{}<span class="wrapped">{}</span></div>', figures, run.message)

    @admin.display(description="Requested")
    def created(self, run: Run) -> SafeString | str:
        return show.moment(run.created_at)

    @admin.display(description="Started")
    def started(self, run: Run) -> SafeString | str:
        return show.moment(run.started_at)

    @admin.display(description="Ended")
    def ended(self, run: Run) -> SafeString | str:
        return show.moment(run.ended_at)

    @admin.display(description="Duration")
    def duration(self, run: Run) -> SafeString | str:
        return show.duration(run, timezone.now())

    @admin.display(description="Undoes")
    def target_link(self, run: Run) -> SafeString | str:
        return show.run_link(run.target) if run.target else show.NOTHING

    @admin.display(description="Batch size")
    def batch(self, run: Run) -> str:
        if run.batch_size:
            return str(run.batch_size)
        return f"adapted, {run.rows_per_batch:,} at last" if run.rows_per_batch else "adapted"

    @admin.display(description="Only the key")
    def only_key(self, run: Run) -> str:
        return show.NOTHING if run.key is None else run.key

    @admin.display(description="A file that shrank accepted")
    def shrink(self, run: Run) -> str:
        return show.yes(run.confirm_shrink)

    @admin.display(description="Quarantined tried again")
    def retry(self, run: Run) -> str:
        return show.yes(run.retry_quarantined)

    @admin.display(description="Acts")
    def buttons(self, run: Run) -> SafeString:
        """They send the list's own form, which has the CSRF token, to the act's address."""
        return format_html('<span class="acts">{}</span>', format_html_join("", "{}", self._buttons(run)))

    def _buttons(self, run: Run) -> Iterable[tuple[SafeString]]:
        for act in possible(run):
            address = self._address(act, run)
            if act == "undo":
                yield (format_html('<a class="button" id="{}-{}" href="{}">Undo…</a>', act, run.pk, address),)
            else:
                yield (
                    format_html(
                        '<button type="submit" class="button" id="{}-{}" formaction="{}" name="drawn" value="{}"'
                        ' aria-label="{} run {}">{}</button>',
                        act, run.pk, address, run.state, act, run.pk, act.capitalize(),
                    ),
                )  # fmt: skip

    def _address(self, act: str, run: Run) -> str:
        return reverse(f"admin:migration_control_run_{act}", args=[run.pk])

    # Pages

    def get_urls(self) -> list[URLPattern]:
        steering = [
            path(
                f"<int:pk>/{act}/",
                self.admin_site.admin_view(require_POST(self.steer)),
                {"act": act},
                f"migration_control_run_{act}",
            )
            for act in Act
        ]
        undo = self.admin_site.admin_view(require_http_methods(["GET", "HEAD", "POST"])(self.undo))
        return [*steering, path("<int:pk>/undo/", undo, name="migration_control_run_undo"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        run = self.get_object(request, object_id)
        if run is None:
            return super().change_view(request, object_id, form_url, extra_context)
        found = run.findings.defer("raw").order_by("pk")
        context = {
            "going": run.state in DUE,
            "buttons": self.buttons(run) if self.has_control_permission(request) else "",
            "findings": found[:FINDINGS_SHOWN] if request.user.has_perm("migration_control.view_finding") else (),
            "findings_count": found.count(),
        }
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def steer(self, request: HttpRequest, pk: int, act: Act) -> HttpResponseBase:
        """Pause, resume or cancel, if the run is still as the page showed it."""
        demand(request, CONTROL)
        try:
            with transaction.atomic():
                run = get_object_or_404(Run.objects.select_for_update(no_key=True), pk=pk)
                if run.state != request.POST.get("drawn"):
                    raise StalePage(f"Run {pk} is {run.state} by now; the page that you used showed it otherwise.")
                state = runs.steer(run, act)
                self.log_change(request, run, f"{act}: {state}")
        except runs.RunRefused as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.message_user(request, format_html("{} is {}.", show.run_link(run, f"Run {pk}"), state.value))
        return self.back(request)

    def undo(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """What undoing the run would do; and, confirmed, its request."""
        demand(request, CONTROL)
        run = get_object_or_404(Run, pk=pk)
        form = UndoForm(request.POST or None, initial={"drawn": newest_run(run.component_id)})
        if request.method == "POST" and form.is_valid():
            return self._undo(request, run, form)
        return TemplateResponse(request, "admin/migration_control/run/undo.html", self._outlook(request, run, form))

    def _undo(self, request: HttpRequest, run: Run, form: UndoForm) -> HttpResponse:
        try:
            with transaction.atomic():
                undo = undoing.request(
                    run.pk, requested_by=request.user.get_username(), reason=form.cleaned_data["reason"]
                )
                refuse_if_newer(undo, form.cleaned_data["drawn"])
                self.log_change(request, run, f"undo requested as run {undo.pk}")
        except runs.ActiveRun as error:
            self.message_user(request, show.active(error), messages.ERROR)
        except runs.RunRefused as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.message_user(request, format_html("{} is queued.", show.run_link(undo, f"Run {undo.pk}, the undo")))
            return redirect("admin:migration_control_run_change", undo.pk)
        return redirect("admin:migration_control_run_change", run.pk)

    def _outlook(self, request: HttpRequest, run: Run, form: UndoForm) -> dict[str, Any]:
        found, refused = undoing.left(run), undoing.refusal(run)
        return self.page(request, f"Undo run {run.pk}?", run=run, form=form, left=found, refused=refused)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        return super().get_queryset(request).select_related("component", "target")
