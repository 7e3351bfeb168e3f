from __future__ import annotations

import getpass
import json
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from legacy_json.errors import LegacyError
from legacy_json.index import Outcome
from legacy_json.keys import BadKey
from migration_control import components, dryrun, reporting, runs, store
from migration_control.components import Component, UnknownComponent
from migration_control.exits import FAILED, REFUSED, STOPPED, USAGE
from migration_control.following import NobodyWorks, follow
from migration_control.models import Run
from migration_control.run_states import RunState

LISTED = 100  # records of a dry run that a terminal is shown


class Command(BaseCommand):
    help = (
        "Copy what the bot's JSON files hold into PostgreSQL: queue a run for each component and follow it."
        " Safe to repeat and to interrupt; a second run copies only what changed."
        " Exit status: 0 all is in the database, 1 not all (see the summary), 2 usage, 3 refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("components", nargs="*", help="which to import; all when none is named")
        parser.add_argument(
            "--dry-run", action="store_true", help="say for each record what would change; change nothing"
        )
        parser.add_argument("--here", action="store_true", help="do the work in this process, without a worker")
        parser.add_argument(
            "--batch-size", type=int, help="records a batch (1-1000); adapted to the database when left out"
        )
        parser.add_argument("--key", help="only the record with this key (one component)")
        parser.add_argument(
            "--confirm-shrink",
            action="store_true",
            help="accept a source that is missing, empty or much smaller than before",
        )
        parser.add_argument(
            "--retry-quarantined", action="store_true", help="try again what the database could not hold"
        )
        parser.add_argument(
            "--json", action="store_true", help="one JSON document on standard output (a dry run: one a line)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(file=sys.stderr if options["json"] else sys.stdout, soft_wrap=True)
        try:
            chosen = components.named(options["components"])
            key = self._key(chosen, options["key"])
            store.root()
        except (UnknownComponent, BadKey, LegacyError) as error:
            raise CommandError(str(error), returncode=USAGE) from error
        size = settings.MIGRATION_BATCH_SIZE if options["batch_size"] is None else options["batch_size"]
        if size is not None and not 1 <= size <= 1000:
            raise CommandError(f"--batch-size {size} is out of range: 1-1000, or leave it out.", returncode=USAGE)
        if options["dry_run"] and (options["confirm_shrink"] or options["retry_quarantined"]):
            raise CommandError("--dry-run changes nothing: it goes with neither of these options.", returncode=USAGE)
        if options["dry_run"]:
            self._dry_run(console, chosen, key, options)
            return
        ids = [self._request(component, key, size, options) for component in chosen]
        ended = self._follow(ids, console, here=options["here"])
        self._report(console, chosen, ended, options)
        if any(run.state != RunState.COMPLETED for run in ended):
            sys.exit(1)

    def _key(self, chosen: list[Component], text: str | None) -> Any:
        if text is None:
            return None
        if len(chosen) != 1:
            raise BadKey("--key goes with one component: name it")
        return chosen[0].parse_key(text)

    def _request(self, component: Component, key: Any, size: int | None, options: dict[str, Any]) -> int:
        try:
            return runs.request(
                component,
                requested_by=getpass.getuser(),
                key=None if key is None else str(key),
                batch_size=size,
                confirm_shrink=options["confirm_shrink"],
                retry_quarantined=options["retry_quarantined"],
            ).pk
        except runs.ActiveRun as error:
            # Another's run may stand for this one only if it does all that was asked for here.
            special = key is not None or options["confirm_shrink"] or options["retry_quarantined"]
            if special or error.run.kind != Run.Kind.IMPORT or error.run.key is not None:
                raise CommandError(str(error), returncode=REFUSED) from error
            self.stderr.write(f"Run {error.run.pk} of {component.name} is {error.run.state} already; following it.")
            return error.run.pk
        except runs.RunRefused as error:
            raise CommandError(str(error), returncode=REFUSED) from error

    def _follow(self, ids: list[int], console: Console, *, here: bool) -> list[Run]:
        try:
            return follow(ids, console, here=here)
        except NobodyWorks as error:
            raise CommandError(str(error), returncode=FAILED) from error
        except KeyboardInterrupt:
            going = ", ".join(map(str, ids))
            self.stderr.write(
                f"\nNo longer following; nothing is lost. Run {going} goes on where there is a worker, else with the"
                " same command again. Stop it for good: migration_cancel"
            )
            sys.exit(STOPPED)

    def _report(self, console: Console, chosen: list[Component], ended: list[Run], options: dict[str, Any]) -> None:
        ledgers = reporting.ledgers(chosen)
        if options["json"]:
            document = {
                "runs": [reporting.run_dict(run) for run in ended],
                "ledger": [reporting.ledger_dict(*row) for row in ledgers],
                "findings": [
                    reporting.finding_dict(finding) for c in chosen for finding in store.index().findings(c.name)
                ],
            }
            self.stdout.write(json.dumps(document))
            return
        reporting.print_runs(console, ended)
        console.print(reporting.ledger_table(ledgers))
        console.print(reporting.balance(ledgers))
        reporting.print_findings(console, chosen, [Outcome.QUARANTINED])

    def _dry_run(self, console: Console, chosen: list[Component], key: Any, options: dict[str, Any]) -> None:
        for component in chosen:
            counts: dict[str, int] = {}
            try:
                for planned in dryrun.plan(component, key):
                    counts[planned.action] = counts.get(planned.action, 0) + 1
                    if options["json"]:
                        self.stdout.write(json.dumps(reporting.planned_dict(planned)))
                    elif not console.is_terminal or sum(counts.values()) <= LISTED:
                        console.print(reporting.planned_line(planned), markup=False, highlight=False)
            except LegacyError as error:
                raise CommandError(str(error)) from error
            total = ", ".join(f"{count:,} {action}" for action, count in sorted(counts.items())) or "nothing to do"
            console.print(f"[bold]{component.name}[/]: {total}. Nothing was changed.")
