from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from legacy_json.inspect import inspect
from legacy_json.inspection.reporting import as_document, show

WIDTH = 140  # in a pipe


class Command(BaseCommand):
    help = (
        "Say what a JSON file of a bot, or a folder of them, holds: layout, generations of records, kinds of values,"
        " defects with their places, and how to declare it. Nothing is changed."
        " Exit status: 0 it can be read whole, 1 it cannot, 2 usage."
    )
    requires_system_checks = []  # it looks at a file, and at nothing of the installation

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the file, or the folder of files")
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            found = inspect(path)
        except FileNotFoundError as error:
            raise CommandError(f"{path} does not exist.", returncode=2) from error
        except PermissionError as error:
            raise CommandError(f"{path} may not be read by this user.", returncode=2) from error
        if options["json"]:
            self.stdout.write(json.dumps(as_document(found), ensure_ascii=False))
        else:
            show(found, Console(file=sys.stdout, soft_wrap=True, width=None if sys.stdout.isatty() else WIDTH))
        if found.problem is not None:
            sys.exit(1)
