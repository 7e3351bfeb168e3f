from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from legacy_json import taking
from legacy_json.layouts import Source
from legacy_json.rendering.copies import Manifest, manifest
from legacy_json.walking import files_of
from migration_control import store
from migration_control.owning import OwningCommand, lies_in
from migration_control.wording import counted


class Command(OwningCommand):
    help = (
        "Put a source's files back as they were when they were taken over; the bot owns them again. Without --confirm"
        " it only says what would be lost. Exit status: 0 restored, 2 usage, 3 refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--confirm", action="store_true", help="do it")

    def act(self, source: Source, options: dict[str, Any]) -> None:
        self.stdout.write(lies_in(source))
        index, root = store.index(), store.root()
        kept = manifest(taking.originals(index, source))
        if kept is None:
            self.refuse(f"{source.name} was never taken over: there are no copies of it.")
        if not options["confirm"]:
            self.refuse(f"{self._lost(source, kept)} To do it: --confirm")
        taking.restore(index, root, source, timezone.now())
        self.stdout.write(
            f"Restored: {counted(len(kept.files), 'file')} as of {kept.taken:%Y-%m-%d %H:%M} UTC. What stood there is"
            f" in {index.path.parent / taking.DISPLACED}. The next import takes the files for what is right, and may"
            " ask for --confirm-shrink."
        )

    def _lost(self, source: Source, kept: Manifest) -> str:
        index, root = store.index(), store.root()
        changed = taking.changed_since(index, source)
        names = {each.name for each in kept.files}
        since = [name for name in files_of(root, source) if name not in names]
        stay = f" {counted(len(since), 'file')} made since would stay." if since else ""
        return (
            f"{source.name} was taken over at {kept.taken:%Y-%m-%d %H:%M} UTC: {counted(len(kept.files), 'file')}."
            f" Of its records {changed or 0:,} were written or deleted since; the files would not have that.{stay}"
            " legacy_give_back loses none of it."
        )
