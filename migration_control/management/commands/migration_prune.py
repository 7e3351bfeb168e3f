from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError

from legacy_json.errors import LegacyError
from legacy_json.keys import BadKey
from migration_control import components, retention
from migration_control.components import UnknownComponent
from migration_control.exits import REFUSED, USAGE
from migration_control.retention import Pruned


class Command(BaseCommand):
    help = (
        "Remove every record of a component whose key is smaller than the one named, from the database and from the"
        " index, for good: no import brings it back. Safe to repeat and to interrupt. The bot's own files are not"
        " touched; files of ours are written without it. Exit status: 0 done, 1 failed, 2 usage, 3 refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("component")
        parser.add_argument(
            "--before", required=True, metavar="KEY", help="the first key that is kept, for instance 202411"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be removed; change nothing")
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            component = components.get(options["component"])
            floor = component.parse_key(options["before"])
        except (UnknownComponent, BadKey) as error:
            raise CommandError(str(error), returncode=USAGE) from error
        try:
            done = (retention.preview if options["dry_run"] else retention.prune)(component, floor)
        except LegacyError as error:
            raise CommandError(str(error), returncode=REFUSED) from error
        except OperationalError as error:
            raise CommandError(f"{error} What was not removed goes with the same command again.") from error
        self._tell(done, dry_run=options["dry_run"], as_json=options["json"])

    def _tell(self, done: Pruned, *, dry_run: bool, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(done._asdict() | {"dry_run": dry_run}))
            return
        what = "would be removed" if dry_run else "were removed"
        self.stdout.write(
            f"{done.component} before {done.floor}: {done.rows:,} rows of the database and {done.records:,} records of"
            f" the index {what}."
        )
