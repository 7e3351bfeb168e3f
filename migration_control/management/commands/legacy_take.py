from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from rich.console import Console

from legacy_json import overview, taking
from legacy_json.layouts import Source
from migration_control import store
from migration_control.exits import USAGE
from migration_control.owning import OwningCommand, lies_in, progress_bar
from migration_control.wording import counted


class Command(OwningCommand):
    help = (
        "Take a file over from the bot, which has to be stopped, with all that lies in it or is read together with it:"
        " from then on Switchyard writes it. It is read a last time, copies are kept, and it is proven that we would"
        " write the same values; else nothing happens. Exit status: 0 taken, 2 usage, 3 refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--confirm-shrink",
            action="store_true",
            help="accept a source that is missing, empty or much smaller than before",
        )
        parser.add_argument(
            "--anew",
            action="store_true",
            help="though folder and index contradict each other: the files as they are now are what counts",
        )
        parser.add_argument("--confirm", action="store_true", help="with --anew, which only says what it would do")
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def act(self, source: Source, options: dict[str, Any]) -> None:
        if options["confirm"] and not options["anew"]:
            raise CommandError("--confirm goes with --anew: nothing else here needs it.", returncode=USAGE)
        console = Console(file=sys.stderr if options["json"] else sys.stdout, soft_wrap=True)
        console.print(lies_in(source), markup=False, highlight=False)
        if options["anew"] and not options["confirm"]:
            self.refuse(self._preview(source))
        with progress_bar(console, "reading") as progress:
            manifest = taking.take(
                store.index(),
                store.root(),
                source,
                timezone.now(),
                progress=progress,
                confirm_shrink=options["confirm_shrink"],
                anew=options["anew"],
            )
        copies = taking.originals(store.index(), source)
        records = {c.name: store.index().ledger(c.name).entries for c in source.collections}
        if options["json"]:
            document = {
                "source": source.name,
                "owner": "switchyard",
                "taken": manifest.taken.isoformat(),
                "files": len(manifest.files),
                "entries": records,
                "originals": str(copies),
            }
            self.stdout.write(json.dumps(document))
            return
        held = ", ".join(f"{count:,} {name}" for name, count in records.items())
        console.print(
            f"Taken: {counted(len(manifest.files), 'file')}, {held}. Copies of them as they were: {copies}\n"
            "From now on the bot has to write through Switchyard. Never start its unmodified version on these files.",
            markup=False,
            highlight=False,
        )

    def _preview(self, source: Source) -> str:
        index, root = store.index(), store.root()
        (state,) = overview.source_states(index, root, {source.name: source})
        fact = state.marker or "folder and index do not contradict each other."
        live = sum(held.ledger.entries for held in state.components.values())
        return (
            f"{source.name}: {fact}\nThe index has {live:,} entries of these components, and"
            f" {counted(state.waiting.files, 'file')} of it not yet rendered. What the files do not say of that is"
            " gone, with a tombstone in both stores. To go on with the files as they are now: --anew --confirm"
        )
