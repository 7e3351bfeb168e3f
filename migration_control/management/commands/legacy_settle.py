from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from legacy_json import conflicts
from legacy_json.errors import LegacyError
from migration_control import components, store
from migration_control.owning import REFUSED, whoever


class Command(BaseCommand):
    help = (
        "End conflicts that legacy_status --conflicts lists: take what the edit says, as any other write, or dismiss"
        " it. Each is settled by itself. Exit status: 0 all are settled, 2 usage, 3 some were refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ids", nargs="+", type=int, metavar="ID")
        how = parser.add_mutually_exclusive_group(required=True)
        how.add_argument("--take", action="store_true", help="write what the edited file has")
        how.add_argument("--dismiss", action="store_true", help="what we have stays")
        parser.add_argument("--reason", default="", help="kept with the conflict")

    def handle(self, *args: Any, **options: Any) -> None:
        by = f"{whoever()}: {options['reason']}" if options["reason"] else whoever()
        collections = [component.collection for component in components.everything()]
        refused = 0
        for number in options["ids"]:
            try:
                conflicts.settle(store.index(), store.places(), collections, number, take=options["take"], by=by)
            except LegacyError as error:
                refused += 1
                self.stderr.write(f"{number}: {error}")
            else:
                self.stdout.write(f"{number}: {'taken' if options['take'] else 'dismissed'}.")
        if refused:
            raise CommandError(f"{refused} of {len(options['ids'])} are not settled.", returncode=REFUSED)
