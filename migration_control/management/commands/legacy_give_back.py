from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from legacy_json import taking
from legacy_json.layouts import Source
from migration_control import store
from migration_control.owning import OwningCommand, lies_in
from migration_control.wording import counted


class Command(OwningCommand):
    help = (
        "Give a file of ours back to the bot: everything is rendered, and it is looked whether the files say what there"
        " is. The bot has to be stopped meanwhile. Exit status: 0 given back, 2 usage, 3 refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--drop-orphans",
            action="store_true",
            help="though there are records whose place in the file is gone, as a subscription without its user",
        )

    def act(self, source: Source, options: dict[str, Any]) -> None:
        self.stdout.write(lies_in(source))
        places = store.places()
        lost = taking.orphans(store.index(), source)
        taking.give_back(store.index(), store.root(), places.sources, source, drop_orphans=options["drop_orphans"])
        without = (
            f" {counted(lost, 'record')} {'has' if lost == 1 else 'have'} no place in it, and no longer there."
            if lost
            else ""
        )
        self.stdout.write(
            f"Given back.{without} The files are whole, and the bot's unmodified version may be started on them;"
            " Switchyard only reads them."
        )
