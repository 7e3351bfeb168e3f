"""What migration_move and migration_rollback share."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from rich.console import Console

from migration_control import components, move_reporting
from migration_control.components import Component, UnknownComponent
from migration_control.exits import FAILED, REFUSED, STOPPED, USAGE
from migration_control.models import ComponentState, MoveRequest
from migration_control.moving import requests, watching
from migration_control.moving.errors import MoveRefused
from migration_control.moving.requests import AlreadyThere, OpenRequest, Plan
from migration_control.owning import whoever
from migration_control.stages import NoSuchStage, StageRow
from migration_control.wording import first_line

STATUS = {MoveRequest.State.DONE: 0, MoveRequest.State.REFUSED: REFUSED, MoveRequest.State.WITHDRAWN: REFUSED}


class MovingCommand(BaseCommand):
    """A request for one component, followed to its end."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("component", help="which to move, as migration_status names it")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what the move would do, and what stands in its way; do nothing"
        )
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def wanted(self, state: ComponentState, options: dict[str, Any]) -> StageRow:
        """Where to. Raises NoSuchStage."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(file=sys.stderr if options["json"] else sys.stdout, soft_wrap=True)
        try:
            component = components.get(options["component"])
            row = self.wanted(ComponentState.objects.get(name=component.name), options)
            plan = requests.plan(component, row)
        except (UnknownComponent, NoSuchStage) as error:
            raise CommandError(str(error), returncode=USAGE) from error
        except Error as error:
            raise CommandError(f"The database cannot be reached: {error}", returncode=FAILED) from error
        if options["dry_run"]:
            self._show(console, plan, options)
            return
        asked = self._ask(component, row, plan, options)
        if asked is not None:
            self._end(console, self._follow(asked, console), options)

    def _show(self, console: Console, plan: Plan, options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(move_reporting.plan_dict(plan)))
        else:
            move_reporting.print_plan(console, plan)
            console.print("Nothing was changed.")
        if plan.refusals or (plan.overridable and not options.get("override")):
            sys.exit(REFUSED)

    def _ask(self, component: Component, row: StageRow, plan: Plan, options: dict[str, Any]) -> MoveRequest | None:
        """None where there is nothing to do."""
        override = options.get("override") or ""
        try:
            return requests.request(
                component, row, plan.epoch, by=whoever(), reason=options["reason"], override=override
            )
        except AlreadyThere as error:
            self.stdout.write(json.dumps(move_reporting.plan_dict(plan)) if options["json"] else str(error))
            return None
        except OpenRequest as error:
            # Another's may stand for this one only if it does all that was asked for here.
            if error.request.row != row or override != error.request.override:
                raise CommandError(str(error), returncode=REFUSED) from error
            self.stderr.write(f"Request {error.request.pk} for this is {error.request.state} already; following it.")
            return error.request
        except MoveRefused as error:
            raise CommandError(str(error), returncode=REFUSED) from error

    def _follow(self, request: MoveRequest, console: Console) -> MoveRequest:
        try:
            return watching.follow(request, console)
        except watching.NobodyMoves as error:
            raise CommandError(str(error), returncode=FAILED) from error
        except Error as error:
            reason = first_line(error)
            raise CommandError(
                f"The database went away ({reason}). Request {request.pk} stays, and goes on once it is back.",
                returncode=FAILED,
            ) from error
        except KeyboardInterrupt:
            self.stderr.write(
                f"\nNo longer following; nothing is lost. Request {request.pk} stays, and goes on where there is a"
                " worker with the files, else with the same command again."
            )
            sys.exit(STOPPED)

    def _end(self, console: Console, request: MoveRequest, options: dict[str, Any]) -> None:
        if options["json"]:
            moves = [move_reporting.transition_dict(move) for move in request.transitions.order_by("pk")]
            self.stdout.write(json.dumps({**move_reporting.request_dict(request), "transitions": moves}))
        else:
            colour = move_reporting.COLOURS.get(request.state, "yellow")
            console.print(f"Request {request.pk}: [{colour}]{request.state}[/].", end=" ")
            console.print(request.message, markup=False, highlight=False)
        status = STATUS.get(MoveRequest.State(request.state), FAILED)
        if status:
            sys.exit(status)
