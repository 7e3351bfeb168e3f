from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from legacy_json.errors import LegacyError
from legacy_json.index import Outcome
from migration_control import components, move_reporting, pairing, reporting, store
from migration_control.components import UnknownComponent
from migration_control.exits import USAGE
from migration_control.models import ComponentState, Run
from migration_control.moving import requests
from migration_control.run_states import ACTIVE


class Command(BaseCommand):
    help = (
        "Show where every source entry is (imported + quarantined + deleted + pruned + pending = all), the stages, how"
        " many keys each store lacks, moves and runs. Exit status: 0 the ledger balances, 1 it does not, 2 usage."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("components", nargs="*", help="which to show; all when none is named")
        parser.add_argument(
            "--findings", action="store_true", help="list every quarantined, repaired and reported record"
        )
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            chosen = components.named(options["components"])
        except UnknownComponent as error:
            raise CommandError(str(error), returncode=USAGE) from error
        names = [component.name for component in chosen]
        try:
            ledgers = reporting.ledgers(chosen)
        except LegacyError as error:
            raise CommandError(f"{error} What waits in the index is unknown until then.") from error
        active = list(Run.objects.filter(component_id__in=names, state__in=ACTIVE))
        last = [
            run
            for name in names
            if (run := Run.objects.filter(component_id=name).exclude(state__in=ACTIVE).first()) is not None
        ]
        standing = move_reporting.standings(chosen)
        held = dict(ComponentState.objects.filter(name__in=names).exclude(held="").values_list("name", "held"))
        if options["json"]:
            document: dict[str, Any] = {
                "ledger": [reporting.ledger_dict(*row) for row in ledgers],
                "stages": [move_reporting.standing_dict(each) for each in standing],
                "held": held,
                "active": [reporting.run_dict(run) for run in active],
                "last": [reporting.run_dict(run) for run in last],
            }
            if options["findings"]:
                document["findings"] = [reporting.finding_dict(f) for n in names for f in store.index().findings(n)]
            self.stdout.write(json.dumps(document))
        else:
            console = Console(file=sys.stdout, soft_wrap=True)
            console.print(reporting.ledger_table(ledgers))
            console.print(reporting.balance(ledgers))
            console.print(move_reporting.stage_table(standing))
            move_reporting.print_waiting(console, standing)
            move_reporting.print_open(console, standing, requests.unattended())
            reporting.print_runs(console, [*active, *last])
            for name, why in held.items():
                console.print(f"[bold]{name}[/] is held: {why}")
            if options["findings"]:
                reporting.print_findings(console, chosen, list(Outcome))
        for name in names:
            try:
                pairing.check(name, store.index())
            except pairing.StoresDisagree as error:
                raise CommandError(str(error)) from error
        if not all(ledger.balanced for _, ledger, _ in ledgers):
            sys.exit(1)
