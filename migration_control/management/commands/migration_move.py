from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from migration_control.models import ComponentState
from migration_control.moving.commanding import MovingCommand
from migration_control.stages import Stage, StageRow, Store, row


class Command(MovingCommand):
    help = (
        "Move a component to another stage, forward or back, step by step: disabled, dual-write reading JSON,"
        " dual-write reading the database, db-only. Handlers serve on meanwhile, and no write is lost. Where the files"
        " are, this process makes the move; elsewhere it waits for the worker that has them. What has to hold is"
        " looked at before each step; --dry-run shows it. Exit status: 0 done, 1 failed, 2 usage, 3 refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--to", required=True, choices=[*Stage], help="the stage")
        parser.add_argument("--reads", choices=[*Store], help="which store is read, and is right, in dual-write")
        parser.add_argument("--reason", default="", help="kept in the history; needed unless it is a dry run")
        parser.add_argument(
            "--override",
            metavar="REASON",
            help="go on although entries are in quarantine that nobody has acknowledged; kept in the history for ever",
        )

    def wanted(self, state: ComponentState, options: dict[str, Any]) -> StageRow:
        return row(options["to"], options["reads"])
