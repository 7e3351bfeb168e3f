from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from legacy_json import last_resort, naming, taking
from legacy_json.last_resort import Choice
from legacy_json.layouts import Source
from legacy_json.rendering.copies import Manifest, manifest
from legacy_json.walking import files_of
from migration_control import store
from migration_control.owning import OwningCommand, lies_in
from migration_control.wording import counted


class Command(OwningCommand):
    help = (
        "Put a source's files back as they were when they were taken over, or, with --last-good, as the last kept copy"
        " of each that can be read has them; the bot owns them again. Without --confirm it only says what would be"
        " lost. Exit status: 0 restored, or a dry run; 2 usage, 3 refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--last-good",
            action="store_true",
            help="from the copies of the last renderings: of FILE alone, if it is one file of several, else of each",
        )
        parser.add_argument("--confirm", action="store_true", help="do it")
        parser.add_argument("--dry-run", action="store_true", help="say what would be done and lost; do nothing")

    def act(self, source: Source, options: dict[str, Any]) -> None:
        self.stdout.write(lies_in(source))
        if options["last_good"]:
            self._last_good(source, options)
            return
        index, root = store.index(), store.root()
        kept = manifest(taking.originals(index, source))
        if kept is None:
            self.refuse(f"{source.name} was never taken over: there are no copies of it.")
        if not self._may(self._lost(source, kept), options):
            return
        taking.restore(index, root, source, timezone.now())
        self._restored(f"{counted(len(kept.files), 'file')} as of {kept.taken:%Y-%m-%d %H:%M} UTC")

    def _last_good(self, source: Source, options: dict[str, Any]) -> None:
        index, root = store.index(), store.root()
        name = naming.within(root, options["file"])
        only = name if source.pattern_of(name) is not None else None
        chosen = last_resort.choices(index, source, only)
        for each in chosen:
            self._say(each)
        others = len(files_of(root, source).keys() - {each.name for each in chosen})
        stay = f" {counted(others, 'other file')} of it stay as they are." if others else ""
        lost = (
            f"What was written since is in {'it' if len(chosen) == 1 else 'them'} no more, and stays in the index as"
            f" older versions.{stay} The bot owns {source.name} then. If only a file of ours is broken: legacy_render"
            " writes it anew from the index, and loses nothing."
        )
        if not self._may(lost, options):
            return
        taking.restore_last_good(index, root, source, chosen, timezone.now())
        self._restored(f"{counted(len(chosen), 'file')}, each as its last good copy")

    def _say(self, each: Choice) -> None:
        for why in each.passed:
            self.stdout.write(f"  passed over: {why}")
        size = f"{each.copy.checked.size:,} bytes"
        self.stdout.write(f"{each.name}: as rendered at {each.rendered:%Y-%m-%d %H:%M:%S} UTC, {size}")

    def _may(self, lost: str, options: dict[str, Any]) -> bool:
        """False in a dry run. Refuses where nobody has confirmed."""
        if options["dry_run"]:
            self.stdout.write(f"{lost} Nothing was changed.")
            return False
        if not options["confirm"]:
            self.refuse(f"{lost} To do it: --confirm")
        return True

    def _restored(self, what: str) -> None:
        self.stdout.write(
            f"Restored: {what}. What stood there is in {store.index().path.parent / taking.DISPLACED}. The next import"
            " takes the files for what is right, and may ask for --confirm-shrink."
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
