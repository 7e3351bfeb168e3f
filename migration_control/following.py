"""Watching runs from a terminal, or doing their work there."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from migration_control.advance import advance
from migration_control.models import Run
from migration_control.run_states import RunState
from migration_control.runs import due

EVERY = 0.2  # seconds
SLICE = 0.5  # seconds of work between two looks, when this process does the work
UNCLAIMED = 10.0  # seconds after which a run that nobody takes is remarked on


class NobodyWorks(Exception):
    """No worker takes the run."""

    def __init__(self, run: Run) -> None:
        super().__init__(
            f"No worker has had run {run.pk} for {UNCLAIMED:g} s. It waits, and nothing is lost. Start one (`make run`,"
            " or `celery -A config.celery worker -Q celery,legacy` on the host that has the files), or work here:"
            " --here"
        )


def follow(ids: Sequence[int], console: Console, *, here: bool) -> list[Run]:
    """Until each has ended or is paused. here: do the work in this process. Raises NobodyWorks."""
    seen = time.monotonic()  # when somebody last had one of them
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("{task.fields[message]}", markup=False), console=console, disable=not console.is_terminal,
    ) as progress:  # fmt: skip
        bars: dict[int, TaskID] = {}
        while True:
            runs = sorted(Run.objects.filter(pk__in=ids), key=lambda run: ids.index(run.pk))
            for run in runs:
                _show(progress, bars, run)
            going = [run for run in runs if not run.ended and run.state != RunState.PAUSED]
            if not going:
                return runs
            if here:
                for run in going:
                    advance(run.pk, SLICE)
            elif not set(due()) >= {run.pk for run in going}:
                seen = time.monotonic()
            elif time.monotonic() - seen > UNCLAIMED:
                raise NobodyWorks(going[0])
            time.sleep(0.01 if here else EVERY)


def _show(progress: Progress, bars: dict[int, TaskID], run: Run) -> None:
    if run.pk not in bars:
        bars[run.pk] = progress.add_task(f"{run.kind} {run.component_id}", total=None, message="")
    total = run.total if run.source_read else None
    done = max(run.done, run.total) if run.state == RunState.COMPLETED else run.done
    message = run.message if run.message else run.state
    progress.update(bars[run.pk], completed=done, total=total if total else (1 if run.ended else None), message=message)
