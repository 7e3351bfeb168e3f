"""Small pieces of HTML for the admin's tables. Everything is escaped here or by the template."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from migration_control.models import MoveRequest, Run
from migration_control.run_states import RunState
from migration_control.runs import ActiveRun

NOTHING = "-"

# A sign beside the word: colour alone says nothing to some. What runs and requests have in common stands once.
SIGNS: dict[str, tuple[str, str]] = {
    RunState.QUEUED: ("waiting", "…"),
    RunState.RUNNING: ("going", "▸"),
    RunState.PAUSING: ("waiting", "▸"),
    RunState.PAUSED: ("waiting", "‖"),
    RunState.CANCELLING: ("waiting", "▸"),
    RunState.CANCELLED: ("ended", "✕"),
    RunState.COMPLETED: ("good", "✓"),
    RunState.INCOMPLETE: ("warning", "!"),
    RunState.FAILED: ("bad", "✕"),
    "quarantined": ("bad", "✕"),
    "repaired": ("good", "✓"),
    "reported": ("warning", "!"),
    "duplicate": ("warning", "!"),
    "held": ("warning", "!"),
    MoveRequest.State.REQUESTED: ("waiting", "…"),
    MoveRequest.State.DONE: ("good", "✓"),
    MoveRequest.State.REFUSED: ("warning", "!"),
    MoveRequest.State.WITHDRAWN: ("ended", "✕"),
    "parked": ("bad", "✕"),
    "overridden": ("warning", "!"),
    "holds": ("good", "✓"),
    "in the way": ("bad", "✕"),
    "overridable": ("warning", "!"),
    "automatic": ("waiting", "▸"),
    "closed": ("ended", "✓"),
}
COUNTS = ("inserted", "updated", "deleted", "unchanged", "quarantined", "repaired", "kept")


def badge(word: str) -> SafeString:
    kind, sign = SIGNS[word]
    return format_html('<span class="badge {}"><span aria-hidden="true">{}</span> {}</span>', kind, sign, word)


def run_link(run: Run, text: str = "") -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse("admin:migration_control_run_change", args=[run.pk]), text or run)


def moment(value: datetime | None) -> SafeString | str:
    """To the second, in the site's zone."""
    if value is None:
        return NOTHING
    local = timezone.localtime(value)
    return format_html(
        '<time datetime="{}"><span class="figures">{}</span> <span class="figures">{}</span></time>',
        local.isoformat(), f"{local:%Y-%m-%d}", f"{local:%H:%M:%S}",
    )  # fmt: skip


def yes(value: bool) -> str:
    """Words: a red cross would say that something is wrong."""
    return "yes" if value else "no"


def duration(run: Run, now: datetime) -> SafeString | str:
    """How long it took, or has taken so far."""
    if run.started_at is None:
        return NOTHING
    return format_html('<span class="figures">{}</span>', span((run.ended_at or now) - run.started_at))


def span(length: timedelta) -> str:
    seconds = max(length.total_seconds(), 0)
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def progress(run: Run) -> SafeString | str:
    """A bar and the figures; words where there is nothing to measure yet, or nothing was to do."""
    if not run.source_read:
        return NOTHING if run.ended or run.started_at is None else "reading the file"
    if not run.total:
        return "nothing to do"
    done = min(run.done, run.total)
    return format_html(
        '<progress max="{}" value="{}" aria-label="records done"></progress> <span class="figures">{} of {}</span>',
        run.total, done, f"{done:,}", f"{run.total:,}",
    )  # fmt: skip


def counts(run: Run) -> str:
    """What it did, without the zeros."""
    return ", ".join(f"{getattr(run, name):,} {name}" for name in COUNTS if getattr(run, name)) or NOTHING


def active(error: ActiveRun) -> SafeString:
    """The refusal, with a link to the run that is in the way."""
    run = error.run
    return format_html("{} is {} already. Wait for it, or cancel it there.", run_link(run), run.state)
