"""What the commands about whose file it is share."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from legacy_json.errors import LegacyError
from legacy_json.layouts import Source
from legacy_json.naming import NoSuchSource, SeveralSources
from legacy_json.walking import Progress as Told
from migration_control import store
from migration_control.exits import REFUSED, STOPPED, USAGE
from migration_control.store import LegacyDirUnset


class OwningCommand(BaseCommand):
    """One act on one source, which FILE names by any of its files."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", help="a file, folder or pattern of the bot's, as data.json, girls_data or 'analytics_*.json'"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with refusals():
            self.act(store.source_named(options["file"]), options)

    def act(self, source: Source, options: dict[str, Any]) -> None:
        raise NotImplementedError

    def refuse(self, message: str) -> NoReturn:
        """With status REFUSED."""
        raise CommandError(message, returncode=REFUSED)


@contextmanager
def refusals() -> Iterator[None]:
    """Errors of the JSON store with an exit status."""
    try:
        yield
    except (NoSuchSource, SeveralSources, LegacyDirUnset) as error:
        raise CommandError(str(error), returncode=USAGE) from error
    except LegacyError as error:
        raise CommandError(str(error), returncode=REFUSED) from error
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. The same command goes on from here.\n")
        sys.exit(STOPPED)


@contextmanager
def progress_bar(console: Console, what: str) -> Iterator[Told]:
    """Of bytes read, on a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        bar = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(bar, completed=done, total=total)


def lies_in(source: Source) -> str:
    """What belongs together, in a sentence."""
    names = _listed([collection.name for collection in source.collections])
    if len(source.patterns) == 1 and len(source.collections) == 1:
        return f"{source.name} holds {names}."
    together = "is" if len(source.patterns) == 1 else "are"
    return f"{_listed(list(source.patterns))} {together} one source, with one owner: {names}."


def whoever() -> str:
    return getpass.getuser()


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
