from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from migration_control.models import ComponentState
from migration_control.moving.commanding import MovingCommand
from migration_control.stages import STAGES, StageRow


class Command(MovingCommand):
    help = (
        "Move a component one step back, or all the way to disabled. What was written to the database meanwhile is"
        " copied to JSON first: no write is lost. MIGRATION_MODE=auto does not advance it again until somebody moves"
        " it forward. Exit status: 0 done, 1 failed, 2 usage, 3 refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--all-the-way", action="store_true", help="to disabled")
        parser.add_argument("--reason", default="rolled back by hand", help="kept in the history")

    def wanted(self, state: ComponentState, options: dict[str, Any]) -> StageRow:
        return STAGES[0 if options["all_the_way"] else max(STAGES.index(state.row) - 1, 0)]
