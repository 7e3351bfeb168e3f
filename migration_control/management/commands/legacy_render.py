from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from legacy_json.rendering.refusals import FileUnwritable
from migration_control import store
from migration_control.exits import FAILED
from migration_control.owning import counted, refusals


class Command(BaseCommand):
    help = (
        "Write the files of ours that wait to be rendered, now. A file that somebody else has changed is written too,"
        " and what the two differ in is kept as conflicts. Exit status: 0 done, 1 a file cannot be written, 2 usage,"
        " 3 refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", help="of one source only: any file, folder or pattern of it")

    def handle(self, *args: Any, **options: Any) -> None:
        with refusals():
            source = store.source_named(options["file"]).name if options["file"] else None
            try:
                count = store.renderer().flush(source, edits=True)
            except FileUnwritable as error:
                raise CommandError(str(error), returncode=FAILED) from error
        self.stdout.write(f"{counted(count, 'file')} rendered." if count else "No file waits to be rendered.")
