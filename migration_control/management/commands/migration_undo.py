from __future__ import annotations

import getpass
import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from migration_control import reporting, runs, undoing
from migration_control.exits import REFUSED, USAGE
from migration_control.following import NobodyWorks, follow
from migration_control.models import Run
from migration_control.run_states import RunState


class Command(BaseCommand):
    help = (
        "Remove the rows that one import inserted and nothing changed since; the others are kept and counted."
        " The legacy files are not touched, and automatic runs of the component are held until migration_resume."
        " Exit status: 0 done, 1 failed, 2 usage, 3 refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", type=int, help="the import's number, as migration_status shows it")
        parser.add_argument("--reason", default="", help="kept with the run")
        parser.add_argument("--here", action="store_true", help="do the work in this process, without a worker")
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            undo = undoing.request(options["run"], requested_by=getpass.getuser(), reason=options["reason"])
            (ended,) = follow([undo.pk], Console(stderr=True, soft_wrap=True), here=options["here"])
        except Run.DoesNotExist as error:
            raise CommandError(f"There is no run {options['run']}.", returncode=USAGE) from error
        except runs.RunRefused as error:
            raise CommandError(str(error), returncode=REFUSED) from error
        except NobodyWorks as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(reporting.run_dict(ended)))
        else:
            reporting.print_runs(Console(file=sys.stdout, soft_wrap=True), [ended])
        if ended.state != RunState.COMPLETED:
            sys.exit(1)
