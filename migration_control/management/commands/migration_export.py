from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from legacy_json.errors import LegacyError
from legacy_json.rendering.refusals import FileUnwritable
from migration_control import components
from migration_control.components import Component, UnknownComponent
from migration_control.exits import FAILED, REFUSED, STOPPED, USAGE
from migration_control.exporting.folder import MANIFEST
from migration_control.exporting.layouts import BadLayout
from migration_control.exporting.origins import Mixed, authority
from migration_control.exporting.run import LEGACY, Export, export, with_companions
from migration_control.stages import Store

SHOWN = 20  # records that were left out


class Command(BaseCommand):
    help = (
        "Write the records of either store out to a new folder, all as of one moment, with a manifest: a backup, or the"
        " way back by hand. The folder appears once it is whole. Exit status: 0 all is there, 1 something was left out"
        " or could not be written, 2 usage, 3 refused, 130 Ctrl-C."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("components", nargs="*", help="which to write; all when none is named")
        parser.add_argument("--to", required=True, type=Path, metavar="FOLDER", help="new or empty")
        parser.add_argument(
            "--from", dest="store", choices=["database", "index"], help="what to write; the authority when left out"
        )
        parser.add_argument(
            "--layout",
            default=LEGACY,
            help="legacy: the bot's own files; lines: its documents, a line each; native: the columns, a line each;"
            " or a layout, as ObjectOf:users.json",
        )
        parser.add_argument(
            "--overwrite", action="store_true", help="put it in the place of an earlier export, if nobody changed that"
        )
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(file=sys.stderr if options["json"] else sys.stdout, soft_wrap=True)
        try:
            chosen = components.named(options["components"])
            which = self._store(options["store"], with_companions(chosen, options["layout"]))
            made = self._export(chosen, which, options, console)
        except (UnknownComponent, BadLayout, Mixed) as error:
            raise CommandError(str(error), returncode=USAGE) from error
        except FileUnwritable as error:
            raise CommandError(str(error), returncode=FAILED) from error
        except LegacyError as error:
            raise CommandError(str(error), returncode=REFUSED) from error
        except OperationalError as error:
            raise CommandError(f"The database cannot be used: {error} The index can: --from index") from error
        except KeyboardInterrupt:
            self.stderr.write("\nStopped. Nothing of it is left.")
            sys.exit(STOPPED)
        self._report(made, console, options)
        if made.left_out:
            sys.exit(1)

    def _store(self, named: str | None, chosen: list[Component]) -> Store:
        if named is None:
            return authority(chosen)
        return Store.DATABASE if named == "database" else Store.JSON

    def _export(self, chosen: list[Component], which: Store, options: dict[str, Any], console: Console) -> Export:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
            bar = progress.add_task("records", total=None)
            return export(
                chosen,
                which,
                options["layout"],
                options["to"],
                settings.LEGACY_DIR,
                timezone.now(),
                overwrite=options["overwrite"],
                progress=lambda done, total: progress.update(bar, completed=done, total=total),
            )

    def _report(self, made: Export, console: Console, options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write((made.folder / MANIFEST).read_text())
            return
        asked = set(options["components"]) or {component.name for component in made.components}
        for component in made.components:
            lost = made.left_out[component.name]
            parts = [f"{made.records[component.name]:,} records"] + ([f"{lost:,} left out"] if lost else [])
            along = "" if component.name in asked else " (shares a file with what was named)"
            console.print(f"{component.name}: {', '.join(parts)}{along}", markup=False, highlight=False)
        for each in made.reasons[:SHOWN]:
            text = f"  left out: {each['component']} {each['key']!r}: {each['reason']}"
            console.print(text, markup=False, highlight=False)
        for note in made.notes:
            console.print(note, markup=False, highlight=False)
        source = "database" if made.store is Store.DATABASE else "index"
        console.print(
            f"{made.files:,} files, {made.size / 1e6:,.1f} MB, from the {source}: {made.folder}",
            markup=False,
            highlight=False,
        )
