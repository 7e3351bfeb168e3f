from __future__ import annotations

import json
import sqlite3
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from legacy_json.errors import IndexUnwritable, LegacyError, StoreBusy
from legacy_json.rendering.refusals import FileUnwritable
from migration_control.copying import AuthorityMoved
from migration_control.exits import FAILED, REFUSED, USAGE
from migration_control.owning import whoever
from migration_control.persons.commanding import person_of
from migration_control.persons.deleting import NotGone, Preview, Unfinished, delete, preview
from migration_control.persons.gathering import BEYOND, STAYS, strange
from migration_control.routing.errors import RouterError

AGAIN = "What is deleted stays so; the same command goes on."


class Command(BaseCommand):
    help = (
        "Delete everything that there is of one person: records of every component in both stores, what is in"
        " quarantine or noted of them, and their entries in kept copies of files. Payments stay, without the person."
        " Safe to repeat and to interrupt. Without --confirm it only says what that would be, and is refused. Exit"
        " status: 0 done, 1 failed, 2 usage, 3 refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("person", metavar="ID", help="the Telegram id, or a group chat's, which is negative")
        parser.add_argument("--reason", required=True, help="for the log; leave out what the person said of themselves")
        parser.add_argument("--dry-run", action="store_true", help="say what would be deleted; change nothing")
        parser.add_argument("--confirm", action="store_true", help="do it")
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        person, dry = person_of(options["person"]), options["dry_run"]
        if not options["reason"].strip():
            raise CommandError("--reason is empty. Say why, as 'asked by mail on 3 May'.", returncode=USAGE)
        try:
            if dry or not options["confirm"]:
                found = preview(person)
            else:
                found = delete(person, reason=options["reason"], by=whoever())
        except (NotGone, Unfinished, StoreBusy, IndexUnwritable, FileUnwritable) as error:
            raise CommandError(f"{error} {AGAIN}", returncode=FAILED) from error
        except LegacyError as error:
            raise CommandError(str(error), returncode=REFUSED) from error
        except (Error, sqlite3.Error, OSError, RouterError, AuthorityMoved) as error:
            raise CommandError(f"{type(error).__name__}: {error} {AGAIN}", returncode=FAILED) from error
        gone = options["confirm"] and not dry
        self._tell(found, gone=gone, as_json=options["json"])
        if not gone and not dry:
            raise CommandError("Nothing was deleted. To do so: --confirm", returncode=REFUSED)

    def _tell(self, found: Preview, *, gone: bool, as_json: bool) -> None:
        perhaps = strange(found.person)
        if as_json:
            traces = [{"place": place, "name": name, "count": n} for (place, name), n in sorted(found.found.items())]
            told = {"person": found.person, "deleted": gone, "found": traces, "perhaps": perhaps}
            told["common"] = found.common
            self.stdout.write(json.dumps(told | {"beyond": list(BEYOND), "stays": STAYS}))
            return
        for (place, name), count in sorted(found.found.items()):
            self.stdout.write(f"{place} {name}: {count:,}")
        done = "was deleted" if gone else "would be deleted"
        self.stdout.write(f"{found.person}: {'this ' + done if found.found else 'there is nothing'}.")
        for name in found.common:
            self.stdout.write(
                f"Look at {name} yourself: it is not theirs alone, and {'had' if gone else 'has'} their number."
            )
        for name in perhaps:
            self.stdout.write(f"Look at {name} yourself: their number is in it, and nobody here knows the file.")
        self.stdout.write(f"Not within reach: {'; '.join(BEYOND)}.")
        self.stdout.write(f"What stays: {STAYS}.")
