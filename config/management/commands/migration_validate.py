"""`manage.py migration_validate`: every record of both stores looked at, and what can be mended mended."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from legacy_json.texts import printable
from migration_control import components
from migration_control.components import UnknownComponent
from migration_control.exits import STOPPED, USAGE
from switchyard.validating import everything, fixing
from switchyard.validating.looking import Told
from switchyard.validating.report import FixSummary, ValidationIssue, ValidationReport, ValidationSeverity

SHOWN = 50  # issues printed before the rest is only counted
COLOURS = {"critical": "bold red", "error": "red", "warning": "yellow", "info": "dim"}


class Command(BaseCommand):
    help = (
        "Look at every record of each component: by itself, with those it belongs to, and in both stores. Changes"
        " nothing, unless --fix is given; the bot may go on writing. Exit status: 0 nothing as severe as --severity was"
        " found, or all of it was mended; 1 something was; 2 usage; 130 Ctrl-C."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("components", nargs="*", help="which to look at; all when none is named")
        parser.add_argument(
            "--severity",
            choices=[str(severity) for severity in ValidationSeverity],
            default="warning",
            help="the least severe that is printed, mended, and makes the exit status 1",
        )
        parser.add_argument("--fix", action="store_true", help="mend what can be mended safely")
        parser.add_argument("--dry-run", action="store_true", help="with --fix: say what would be; change nothing")
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"] and not options["fix"]:
            raise CommandError("--dry-run goes with --fix: without it nothing is changed anyway.", returncode=USAGE)
        try:
            chosen = components.named(options["components"])
        except UnknownComponent as error:
            raise CommandError(str(error), returncode=USAGE) from error
        console = Console(file=sys.stderr if options["json"] else sys.stdout, soft_wrap=True)
        threshold = ValidationSeverity(options["severity"])
        mended: FixSummary | None = None
        try:
            with _progress(console) as told:
                report = everything.validate(chosen, now=datetime.now(UTC), told=told)
                if options["fix"]:
                    auto = not options["dry_run"]
                    mended = fixing.fix(report, auto_fix=auto, threshold=threshold, now=datetime.now(UTC))
        except KeyboardInterrupt:
            self.stderr.write("\nStopped. The same command begins anew.")
            sys.exit(STOPPED)
        if options["json"]:
            self.stdout.write(json.dumps(report.dict() | ({} if mended is None else {"fixed": mended})))
        else:
            _print(console, report, mended, threshold)
        if report.at_least(threshold) > (mended["successful"] if mended else 0):
            sys.exit(1)


@contextmanager
def _progress(console: Console) -> Iterator[Told]:
    """On a terminal. What has no count is a bar that moves."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        bar = progress.add_task("", total=None)
        yield lambda what, done, total: progress.update(bar, description=what, completed=done, total=total)


def _print(
    console: Console, report: ValidationReport, mended: FixSummary | None, threshold: ValidationSeverity
) -> None:
    listed = [issue for issue in report.issues if issue.severity.rank >= threshold.rank]
    for issue in listed[:SHOWN]:
        console.print(f"[{COLOURS[issue.severity]}]{issue.severity}[/] ", end="")
        console.print(_line(issue), markup=False, highlight=False)
    if report.at_least(threshold) > SHOWN:
        console.print(f"... and {report.at_least(threshold) - min(SHOWN, len(listed)):,} more")
    looked = ", ".join(f"{count:,} {name}" for name, count in report.checked.items())
    console.print(f"Looked at {looked or 'nothing'}.")
    console.print(", ".join(f"{report.counts[each]:,} {each}" for each in reversed(ValidationSeverity)))
    overlap = "unknown" if report.overlap is None else f"{report.overlap:.1f} %"
    console.print(f"Integrity score {report.integrity_score:.1f} (overlap of both stores: {overlap})")
    if mended is None:
        if fixable := sum(issue.fixable for issue in listed):
            console.print(f"{fixable:,} of these can be mended: --fix")
    elif mended["dry_run"]:
        console.print(f"{mended['would_fix']:,} would be mended. Nothing was changed.")
    else:
        console.print(f"{mended['successful']:,} of {mended['attempted']:,} mended, {mended['skipped']:,} left alone")
        for error in mended["errors"][:SHOWN]:
            console.print(printable(error), markup=False, highlight=False)


def _line(issue: ValidationIssue) -> str:
    subject = issue.component if issue.key is None else f"{issue.component} {issue.key}"
    mends = " (--fix)" if issue.fixable else ""
    return printable(f"{subject}: {issue.description}{mends}" if subject else f"{issue.description}{mends}")
