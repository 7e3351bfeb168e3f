from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from legacy_json import conflicts
from legacy_json.errors import FenceClosed, LegacyError
from migration_control import components, store
from migration_control.exits import REFUSED, USAGE
from migration_control.owning import refusals, whoever


class Command(BaseCommand):
    help = (
        "End conflicts that legacy_status --conflicts lists: take what the edit says, as any other write, or dismiss"
        " it. Each is settled by itself. Exit status: 0 all are settled, 2 usage, 3 some were refused, 130 Ctrl-C."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ids", nargs="*", type=int, metavar="ID")
        parser.add_argument("--file", metavar="NAME", help="all open ones of this file, named as they are listed")
        how = parser.add_mutually_exclusive_group(required=True)
        how.add_argument("--take", action="store_true", help="write what the edited file has")
        how.add_argument("--dismiss", action="store_true", help="what we have stays")
        parser.add_argument(
            "--over-ours", action="store_true", help="with --take: also over what we wrote since the file was rendered"
        )
        parser.add_argument("--reason", default="", help="kept with the conflict")

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["ids"]) == bool(options["file"]):
            raise CommandError("Name the conflicts by ID, or a file with --file, and not both.", returncode=USAGE)
        if options["over_ours"] and not options["take"]:
            raise CommandError("--over-ours goes with --take.", returncode=USAGE)
        with refusals():
            numbers = options["ids"] or self._of_file(options["file"])
            refused = sum(not self._settle(number, options) for number in numbers)
        if refused:
            raise CommandError(f"{refused} of {len(numbers)} are not settled.", returncode=REFUSED)

    def _of_file(self, name: str) -> list[int]:
        found = [conflict.id for conflict in conflicts.open_conflicts(store.index()) if conflict.file == name]
        if not found:
            raise CommandError(
                f"There is no open conflict of {name}. See manage.py legacy_status --conflicts.", returncode=REFUSED
            )
        return found

    def _settle(self, number: int, options: dict[str, Any]) -> bool:
        """Whether it is settled now; if not, why is told."""
        by = f"{whoever()}: {options['reason']}" if options["reason"] else whoever()
        collections = [component.collection for component in components.everything()]
        try:
            conflicts.settle(
                store.index(), store.places(), collections, number, take=options["take"], by=by,
                over_ours=options["over_ours"],
            )  # fmt: skip
        except FenceClosed as error:
            self.stderr.write(
                f"{number}: {error} Make the change in the admin and dismiss the conflict, or bring the component back"
                " to JSON first (migration_rollback) and take it then."
            )
            return False
        except LegacyError as error:
            self.stderr.write(f"{number}: {error}")
            return False
        self.stdout.write(f"{number}: {'taken' if options['take'] else 'dismissed'}.")
        return True
