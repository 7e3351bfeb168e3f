from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from legacy_json.errors import LegacyError
from matches import services
from matches.models import Match
from matches.services import Relisted
from migration_control.exits import FAILED, REFUSED, STOPPED
from migration_control.routing.errors import RouterError


class Command(BaseCommand):
    help = (
        "Put every match that there is into the lists of its players: after an import that brought matches without"
        " them, or when a list was lost. Safe beside a running bot, to repeat and to interrupt. Exit status: 0 done,"
        " 1 failed, the same again goes on, 3 refused, 130 Ctrl-C."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count the lists that lack something; write nothing")
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(file=sys.stderr if options["json"] else sys.stdout, soft_wrap=True)
        try:
            done = self._relist(console, dry_run=options["dry_run"])
        except LegacyError as error:
            raise CommandError(str(error), returncode=REFUSED) from error
        except (RouterError, Error) as error:
            raise CommandError(f"{error} The same command again does the rest.", returncode=FAILED) from error
        except KeyboardInterrupt:
            self.stderr.write("\nStopped. The same command again does the rest.")
            sys.exit(STOPPED)
        if options["json"]:
            self.stdout.write(json.dumps(done._asdict() | {"dry_run": options["dry_run"]}))
            return
        lacked = "lack something" if options["dry_run"] else "lacked something, and have it now"
        self.stdout.write(f"{done.matches:,} matches were looked at; {done.lists:,} lists of players {lacked}.")

    def _relist(self, console: Console, *, dry_run: bool) -> Relisted:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
            bar = progress.add_task("matches", total=Match.records.count())
            return services.list_players_anew(
                now=timezone.now(), dry_run=dry_run, progress=lambda seen: progress.update(bar, completed=seen)
            )
