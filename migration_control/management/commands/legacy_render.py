from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from legacy_json import promoting
from legacy_json.rendering.refusals import FileUnwritable
from migration_control import components, rendering, store
from migration_control.exits import FAILED, USAGE
from migration_control.owning import refusals
from migration_control.stages import Store, answers
from migration_control.wording import counted


class Command(BaseCommand):
    help = (
        "Write the files of ours that wait to be rendered, now. A file that somebody else has changed is written too,"
        " and what the two differ in is kept as conflicts. --follow goes on doing so until Ctrl-C or SIGTERM, as a"
        " worker does. Exit status: 0 done, 1 a file cannot be written, 2 usage, 3 refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", help="of one source only: any file, folder or pattern of it")
        parser.add_argument(
            "--follow", action="store_true", help="keep all files up to date, where no worker does: without a database"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["follow"]:
            if options["file"]:
                raise CommandError("--follow is for all files: leave FILE out.", returncode=USAGE)
            self._follow()
            return
        with refusals():
            source = store.source_named(options["file"]).name if options["file"] else None
            count = _flush(source, edits=True)
        self.stdout.write(f"{counted(count, 'file')} rendered." if count else "No file waits to be rendered.")
        for line in _behind(source):
            self.stdout.write(line)

    def _follow(self) -> None:
        """Until a signal; then once more what waits, so that nothing is left to a bot that is started unmodified."""
        with refusals():
            store.root()
            self.stdout.write("Rendering files of ours as they come to wait. Ctrl-C stops.")
            self.stdout.flush()
            rendering.follow()
            count = _flush(None, edits=False)
        self.stdout.write(f"{counted(count, 'file')} rendered at the end.")


def _behind(source: str | None) -> Iterator[str]:
    """Of each component that the files may lag behind in, as of when they are."""
    for component in components.everything():
        standing = promoting.standing(store.index(), component.name)
        named = source is None or source in [found.name for found in store.sources_of(component)]
        if not named or answers(standing.fence.state) is Store.JSON:
            continue
        when = f"of {standing.heard}" if standing.heard else "before it became that"
        lag = "may be ahead by moments" if standing.fence.mirrored else "is ahead (db-only: nothing is copied to JSON)"
        yield f"{component.name}: the database is the authority and {lag}; the files are as of the last copy {when}."


def _flush(source: str | None, *, edits: bool) -> int:
    try:
        return store.renderer().flush(source, edits=edits)
    except FileUnwritable as error:
        raise CommandError(str(error), returncode=FAILED) from error
