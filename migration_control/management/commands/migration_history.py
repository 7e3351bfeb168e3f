from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from migration_control import components, move_reporting
from migration_control.components import UnknownComponent
from migration_control.exits import USAGE
from migration_control.models import MoveRequest, Transition


class Command(BaseCommand):
    help = (
        "Show every move of a component, who made it and why, and every request for one, those that were refused too;"
        " the oldest first. Exit status: 0 shown, 2 usage."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("component", help="which to show, as migration_status names it")
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            name = components.get(options["component"]).name
        except UnknownComponent as error:
            raise CommandError(str(error), returncode=USAGE) from error
        moves = list(Transition.objects.filter(component=name).order_by("pk"))
        requests = list(MoveRequest.objects.filter(component=name).order_by("pk"))
        if options["json"]:
            document = {
                "transitions": [move_reporting.transition_dict(move) for move in moves],
                "requests": [move_reporting.request_dict(request) for request in requests],
            }
            self.stdout.write(json.dumps(document))
            return
        console = Console(file=sys.stdout, soft_wrap=True)
        lines = [(move.at, 1, move_reporting.transition_line(move)) for move in moves]
        lines += [(request.created_at, 0, move_reporting.request_line(request)) for request in requests]
        for _, _, line in sorted(lines):
            console.print(line, markup=False, highlight=False)
        if not lines:
            console.print(f"{name} has never been moved.")
