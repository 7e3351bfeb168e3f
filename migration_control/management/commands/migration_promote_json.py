from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from legacy_json.errors import LegacyError
from legacy_json.fences import FenceState
from legacy_json.promoting import Standing
from migration_control.exits import REFUSED, USAGE
from migration_control.moving import promotion
from migration_control.moving.errors import MoveRefused
from migration_control.moving.rows import By
from migration_control.owning import whoever


class Command(BaseCommand):
    help = (
        "The database is lost for good: make JSON the authority for every component, with what the index has. Says"
        " first what is lost; needs no database, and refuses while the right one answers, or any other that is the"
        " authority for a component. Hosts without the files must"
        " not reach the old database any more: stop them, or its server, first. If it comes back after all, it is"
        " refused until migration_pair. Exit status: 0 done, 1 failed, 2 usage, 3 refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--confirm", action="store_true", help="do it")
        parser.add_argument(
            "--although-it-answers",
            action="store_true",
            help="with --confirm: give a database up that can be reached and is the authority for something. Only what"
            " the index has counts then; what that database alone has becomes conflicts at its migration_pair",
        )
        parser.add_argument("--reason", default="", help="needed with --confirm; kept")
        parser.add_argument("--json", action="store_true", help="for scripts")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["confirm"] and not options["reason"]:
            raise CommandError("Give a reason: --reason TEXT.", returncode=USAGE)
        try:
            standings = promotion.loss()
            waiting = self._promoted(options) if options["confirm"] else None
        except MoveRefused as error:
            raise CommandError(str(error), returncode=REFUSED) from error
        except LegacyError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps({"components": [_plain(s) for s in standings], "waiting": waiting}, indent=2))
            return
        for standing in standings:
            self.stdout.write(_said(standing))
        if waiting is None:
            self.stdout.write("Nothing was changed. To promote JSON: --confirm --reason TEXT")
        else:
            stay = [standing.component for standing in standings if standing.stays]
            but = f" but {', '.join(stay)}" if stay else ""
            self.stdout.write(
                f"JSON is the authority for everything{but}. {waiting:,} records wait for a new database."
            )

    def _promoted(self, options: dict[str, Any]) -> int:
        by = By(whoever(), options["reason"])
        return promotion.promote(by, although_it_answers=options["although_it_answers"])


def _said(standing: Standing) -> str:
    if standing.stays:
        ends = "is closed" if standing.fence.state is FenceState.SEALED else "was just being closed"
        return f"{standing.component}: its migration {ends}: it stays the database's; restore that from its backup"
    if standing.unknown:
        return (
            f"{standing.component}: unknown: {standing.unknown}, and cannot say whether a database has what JSON lacks"
        )
    if not standing.loses:
        return f"{standing.component}: JSON is the authority; nothing is lost"
    last = standing.heard or "never"
    if standing.fence.mirrored:
        return f"{standing.component}: what the database took and did not copy to JSON is lost; last copy {last}"
    return f"{standing.component}: everything written since {standing.since} is lost (db-only); last copy {last}"


def _plain(standing: Standing) -> dict[str, object]:
    return {
        "component": standing.component,
        "loses": standing.loses,
        "unknown": standing.unknown,
        "closed": standing.stays,
        "mirrored": standing.fence.mirrored,
        "since": standing.since,
        "last_copy": standing.heard,
    }
