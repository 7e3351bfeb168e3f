from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from legacy_json.errors import LegacyError
from migration_control import components, pairing, store
from migration_control.components import UnknownComponent
from migration_control.exits import REFUSED, USAGE
from migration_control.models import ComponentState, Run
from migration_control.run_states import ACTIVE
from migration_control.stages import Store


class Command(BaseCommand):
    help = (
        "Bring index and database together again after one of them was lost or restored from a backup: the next"
        " import copies every record of the bot's file anew, and removes rows that the file does not have."
        " Without --confirm it only says what that would be. Exit status: 0 done, 1 failed, 2 usage, 3 refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("component")
        parser.add_argument("--confirm", action="store_true", help="do it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            component = components.get(options["component"])
            store.refresh(component, pairing_checked=False)
        except UnknownComponent as error:
            raise CommandError(str(error), returncode=USAGE) from error
        except LegacyError as error:
            raise CommandError(str(error)) from error
        self._refuse(component.name)
        index = store.index()
        if options["confirm"]:
            pending = pairing.pair(component, index)
            self.stdout.write(
                f"{component.name}: {pending:,} records are pending. Now: migration_import {component.name}"
            )
            return
        extra = len(pairing.strangers(component, index))
        ledger = index.ledger(component.name)
        self.stdout.write(
            f"{component.name}: the file has {ledger.entries:,} entries, all of which would be copied again; the"
            f" database has {extra:,} rows that it does not, which would be removed. To do so: --confirm"
        )

    def _refuse(self, name: str) -> None:
        if not ComponentState.objects.filter(name=name, authority=Store.JSON).exists():
            raise CommandError(
                f"JSON is not the authority for {name}: its file does not say what is right.", returncode=REFUSED
            )
        active = Run.objects.filter(component_id=name, state__in=ACTIVE).first()
        if active is not None:
            raise CommandError(
                f"Run {active.pk} of {name} is {active.state}: migration_cancel {active.pk} first.", returncode=REFUSED
            )
