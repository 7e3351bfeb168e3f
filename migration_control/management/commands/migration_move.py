from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import Error

from migration_control import components, move_reporting
from migration_control.components import UnknownComponent
from migration_control.exits import FAILED, REFUSED, USAGE
from migration_control.models import ComponentState
from migration_control.moving.commanding import MovingCommand
from migration_control.moving.errors import MoveRefused
from migration_control.moving.withdrawing import withdraw, withdrawable
from migration_control.owning import whoever
from migration_control.stages import Stage, StageRow, Store, row


class Command(MovingCommand):
    help = (
        "Move a component to another stage, forward or back, step by step: disabled, dual-write reading JSON,"
        " dual-write reading the database, db-only. Handlers serve on meanwhile, and no write is lost. Where the files"
        " are, this process makes the move; elsewhere it waits for the worker that has them. What has to hold is"
        " looked at before each step; --dry-run shows it. --withdraw takes back what was asked for and is not under way"
        " yet. Exit status: 0 done, 1 failed, 2 usage, 3 refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--to", choices=[*Stage], help="the stage")
        what.add_argument("--withdraw", action="store_true", help="take back the open request of this component")
        parser.add_argument("--reads", choices=[*Store], help="which store is read, and is right, in dual-write")
        parser.add_argument("--reason", default="", help="kept in the history; needed unless it is a dry run")
        parser.add_argument(
            "--override",
            metavar="REASON",
            help="go on although entries are in quarantine that nobody has acknowledged; kept in the history for ever",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["withdraw"]:
            self._withdraw(options)
        else:
            super().handle(*args, **options)

    def _withdraw(self, options: dict[str, Any]) -> None:
        try:
            found = withdrawable(components.get(options["component"]).name)
            if not options["dry_run"]:
                found = withdraw(found, by=whoever(), reason=options["reason"])
        except UnknownComponent as error:
            raise CommandError(str(error), returncode=USAGE) from error
        except MoveRefused as error:
            raise CommandError(str(error), returncode=REFUSED) from error
        except Error as error:
            raise CommandError(f"The database cannot be reached: {error}", returncode=FAILED) from error
        if options["json"]:
            self.stdout.write(json.dumps(move_reporting.request_dict(found)))
            return
        self.stdout.write(move_reporting.request_line(found))
        if options["dry_run"]:
            self.stdout.write("Nothing was changed.")

    def wanted(self, state: ComponentState, options: dict[str, Any]) -> StageRow:
        return row(options["to"], options["reads"])
