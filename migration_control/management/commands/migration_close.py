from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from rich.console import Console

from legacy_json.errors import LegacyError
from migration_control import components, move_reporting
from migration_control.components import Component, UnknownComponent
from migration_control.exits import FAILED, REFUSED, USAGE
from migration_control.moving import closing
from migration_control.moving.closing import Outlook
from migration_control.moving.errors import MoveAborted, MoveRefused
from migration_control.moving.rows import By
from migration_control.owning import whoever


class Command(BaseCommand):
    help = (
        "End the migration of components that are db-only: the database has them for good. What is noted for JSON is"
        " deleted, their files stay as they are, and no command makes JSON the authority again: there is no way back"
        " but migration_export. Says first what that would be, and what stands in its way; needs the host with the"
        " files. May be repeated after a crash. Exit status: 0 done, 1 failed, 2 usage, 3 refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("components", nargs="+", help="which to close, a parent with or before its children")
        parser.add_argument("--confirm", action="store_true", help="do it")
        parser.add_argument("--dry-run", action="store_true", help="only say it; so does the command without --confirm")
        parser.add_argument("--reason", default="", help="needed with --confirm; kept in the history")
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(file=sys.stderr if options["json"] else sys.stdout, soft_wrap=True)
        confirmed = options["confirm"] and not options["dry_run"]
        if confirmed and not options["reason"].strip():
            raise CommandError("Give a reason: --reason TEXT.", returncode=USAGE)
        try:
            chosen = components.named(options["components"])
            found = closing.outlook(chosen)
            refused = any(each.refusals for each in found)
            if not options["json"]:
                for each in found:
                    _tell(console, each)
            if confirmed and not refused:
                found = self._close(chosen, options["reason"].strip())
        except UnknownComponent as error:
            raise CommandError(str(error), returncode=USAGE) from error
        except Error as error:
            raise CommandError(f"The database cannot be reached: {error}", returncode=FAILED) from error
        if options["json"]:
            self.stdout.write(json.dumps([_plain(each) for each in found]))
        else:
            console.print(_end(found, confirmed=confirmed, refused=refused), markup=False, highlight=False)
        if refused:
            sys.exit(REFUSED)

    def _close(self, chosen: list[Component], reason: str) -> list[Outlook]:
        try:
            return closing.close(chosen, By(whoever(), reason))
        except MoveRefused as error:
            raise CommandError(str(error), returncode=REFUSED) from error
        except (MoveAborted, LegacyError, OSError) as error:
            again = "What is closed stays so; the same command goes on from there."
            raise CommandError(f"{error} {again}", returncode=FAILED) from error


def _tell(console: Console, each: Outlook) -> None:
    name = each.component.name
    if each.closed is not None:
        console.print(move_reporting.transition_line(each.closed), markup=False, highlight=False)
        return
    lines = [
        f"{name}: {each.records:,} records stay in the database, for good. There is no way back but migration_export.",
        f"  Deleted: {each.noted:,} notes of changes; JSON will never have {each.lacking:,} of them.",
        f"  Files that stay as they are, and are never written again: {', '.join(each.files)}",
    ]
    if each.freed:
        lines.append(
            f"  Keys of {each.freed:,} quarantined entries can be used again; their bytes stay under Findings."
        )
    if each.stuck:
        lines.append(f"  In the same files, and not to come back from db-only any more: {', '.join(each.stuck)}")
    for line in lines:
        console.print(line, markup=False, highlight=False)
    for gate in each.gates:
        style = None if gate.holds else "red"
        console.print(move_reporting.gate_line(gate), markup=False, highlight=False, style=style)


def _end(found: list[Outlook], *, confirmed: bool, refused: bool) -> str:
    if refused or not confirmed:
        how = "" if refused else " To close: --confirm --reason TEXT"
        return f"Nothing was changed.{how}"
    names = ", ".join(each.component.name for each in found)
    return (
        f"Closed: {names}. Once all components are, and migration_status shows nothing that waits in the index:"
        " unset LEGACY_DIR everywhere, and keep or delete index and files."
    )


def _plain(each: Outlook) -> dict[str, Any]:
    return {
        "component": each.component.name,
        "closed": each.closed and move_reporting.transition_dict(each.closed),
        "records": each.records,
        "noted": each.noted,
        "json_lacks": each.lacking,
        "freed": each.freed,
        "files": each.files,
        "stuck": each.stuck,
        "gates": [move_reporting.gate_dict(gate) for gate in each.gates],
    }
