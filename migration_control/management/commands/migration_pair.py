from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from legacy_json.errors import LegacyError, NotOurs
from migration_control import components, pairing, store
from migration_control.components import Component, UnknownComponent
from migration_control.exits import REFUSED, USAGE
from migration_control.models import ComponentState, Run
from migration_control.moving import promotion, repairing
from migration_control.moving.errors import MoveError
from migration_control.moving.relations import Closed
from migration_control.moving.rows import By
from migration_control.owning import whoever
from migration_control.run_states import ACTIVE
from migration_control.stages import Store


class Command(BaseCommand):
    help = (
        "Bring index and database together again after one of them was lost or restored from a backup. Where JSON is"
        " the authority, the next import copies every record of the bot's file anew, and removes rows that the file"
        " does not have. Where the database is, JSON takes every row of it anew; records that only JSON has are removed"
        " there, and kept as conflicts. Where JSON was promoted over the database, what that alone has becomes"
        " conflicts. Without --confirm it only says what that would be. Exit status: 0 done, 1 failed, 2 usage, 3"
        " refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("component")
        parser.add_argument("--confirm", action="store_true", help="do it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            component = components.get(options["component"])
            self._refuse_closed(component)
            store.refresh(component, pairing_checked=False)
        except UnknownComponent as error:
            raise CommandError(str(error), returncode=USAGE) from error
        except LegacyError as error:
            raise CommandError(str(error)) from error
        if promotion.is_over(component):
            self._settle(component, confirmed=options["confirm"])
            return
        self._refuse_beside_a_run(component.name)
        if ComponentState.objects.filter(name=component.name, authority=Store.DATABASE).exists():
            self._from_the_database(component, confirmed=options["confirm"])
        else:
            self._from_the_file(component, confirmed=options["confirm"])

    def _settle(self, component: Component, *, confirmed: bool) -> None:
        if not confirmed:
            self.stdout.write(
                f"{component.name}: JSON was promoted over this database, which would take no more writes of it and"
                " follow JSON. What it has and JSON lacks would become conflicts. To do so: --confirm"
            )
            return
        kept, pending = promotion.settle(component, By(whoever(), "paired after JSON was promoted"))
        self.stdout.write(
            f"{component.name}: this database takes no more writes of it. {kept:,} changes that JSON does not"
            " have are conflicts now: legacy_status --conflicts, legacy_settle"
        )
        self._told_pending(component, pending)

    def _from_the_database(self, component: Component, *, confirmed: bool) -> None:
        try:
            if not confirmed:
                rows, alone = repairing.outlook(component)
                self.stdout.write(
                    f"{component.name}: the database is the authority and has {rows:,} rows, all of which would be"
                    f" copied to JSON again; JSON has {alone:,} records that the database never had, which would be"
                    " removed there and kept as conflicts. To do so: --confirm"
                )
                return
            pending, kept = repairing.pair(component, By(whoever(), "the database is right"))
        except (MoveError, NotOurs) as error:
            raise CommandError(str(error), returncode=REFUSED) from error
        except LegacyError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{component.name}: {pending:,} records are pending for JSON, which a worker copies, and the next move."
            f" {kept:,} that only JSON had are conflicts: legacy_status --conflicts, legacy_settle"
        )

    def _from_the_file(self, component: Component, *, confirmed: bool) -> None:
        index = store.index()
        if confirmed:
            self._told_pending(component, pairing.pair(component, index))
            return
        extra = len(pairing.strangers(component, index))
        ledger = index.ledger(component.name)
        self.stdout.write(
            f"{component.name}: the file has {ledger.entries:,} entries, all of which would be copied again; the"
            f" database has {extra:,} rows that it does not, which would be removed. To do so: --confirm"
        )

    def _told_pending(self, component: Component, pending: int) -> None:
        self.stdout.write(f"{component.name}: {pending:,} records are pending. Now: migration_import {component.name}")

    def _refuse_closed(self, component: Component) -> None:
        if ComponentState.objects.filter(name=component.name, closed_above__isnull=False).exists():
            raise CommandError(str(Closed(component.name)), returncode=REFUSED)

    def _refuse_beside_a_run(self, name: str) -> None:
        active = Run.objects.filter(component_id=name, state__in=ACTIVE).first()
        if active is not None:
            raise CommandError(
                f"Run {active.pk} of {name} is {active.state}: migration_cancel {active.pk} first.", returncode=REFUSED
            )
