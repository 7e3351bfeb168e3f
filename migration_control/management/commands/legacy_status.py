from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console

from legacy_json import overview
from migration_control import store
from migration_control.file_reporting import document, print_conflicts, print_index, print_source
from migration_control.owning import refusals

WIDTH = 140  # in a pipe


class Command(BaseCommand):
    help = (
        "Show of each of the bot's files whose it is, what waits to be rendered, and what needs a decision."
        " Exit status: 0 fine, 1 something needs staff, 2 usage, 3 it cannot be told."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", help="one source only: any file, folder or pattern of it")
        parser.add_argument("--conflicts", action="store_true", help="list what edits by somebody else differ in")
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        with refusals():
            sources = store.places().sources
            if options["file"]:
                source = store.source_named(options["file"])
                sources = {source.name: source}
            index = overview.index_state(store.index())
            states = list(overview.source_states(store.index(), store.root(), sources))
        if options["json"]:
            self.stdout.write(json.dumps(document(index, states, conflicts=options["conflicts"])))
        else:
            console = Console(file=sys.stdout, soft_wrap=True, width=None if sys.stdout.isatty() else WIDTH)
            print_index(console, index)
            for state in states:
                print_source(console, state)
            if options["conflicts"]:
                print_conflicts(console, states)
        if any(state.needs_staff for state in states):
            sys.exit(1)
