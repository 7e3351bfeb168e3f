from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from django.utils import timezone

from legacy_json.errors import LegacyError
from migration_control.exits import FAILED, REFUSED, USAGE
from migration_control.persons.commanding import person_of
from migration_control.persons.exporting import export


class Command(BaseCommand):
    help = (
        "Write everything that there is of one person as one JSON document: records of every component in both stores,"
        " payments, what is in quarantine or noted of them, and what kept copies of files say of them. Nothing is"
        " changed. Exit status: 0 written, 1 failed, 2 usage, 3 refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("person", metavar="ID", help="the Telegram id, or a group chat's, which is negative")
        parser.add_argument("--to", type=Path, metavar="FILE", help="a new file, readable for you alone")
        parser.add_argument("--json", action="store_true", help="with --to: what was written as one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        person, path = person_of(options["person"]), options["to"]
        if path is not None and path.exists():
            raise CommandError(f"{path} exists. Name a new file.", returncode=USAGE)
        try:
            made = export(person, now=timezone.now())
        except LegacyError as error:
            raise CommandError(str(error), returncode=REFUSED) from error
        except Error as error:
            raise CommandError(f"The database cannot be asked: {error}", returncode=FAILED) from error
        text = json.dumps(made, indent=2, default=str)
        if path is None:
            self.stdout.write(text)
            return
        try:
            _write(path, text)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.", returncode=FAILED) from error
        counts = {name: len(made[name]) for name in ("components", "tables", "notes", "perhaps")}
        if options["json"]:
            self.stdout.write(json.dumps({"person": person, "file": str(path)} | counts))
        else:
            self.stdout.write(f"{path}: what there is of {person}, of {counts['components']} components.")


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text + "\n")
