"""What migration_pause, migration_resume and migration_cancel share."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser

from migration_control import runs, undoing
from migration_control.exits import REFUSED, USAGE
from migration_control.models import ComponentState, Run
from migration_control.run_states import Act


class SteeringCommand(BaseCommand):
    """One act on one run; `resume` also takes the name of a component that is held."""

    act: ClassVar[Act]

    def add_arguments(self, parser: CommandParser) -> None:
        what = "the run's number, or the name of a held component" if self.act == Act.RESUME else "the run's number"
        parser.add_argument("run", help=what)

    def handle(self, *args: Any, **options: Any) -> None:
        name: str = options["run"]
        if self.act == Act.RESUME and ComponentState.objects.filter(name=name).exists():
            self.stdout.write(f"{name} is no longer held." if undoing.release(name) else f"{name} is not held.")
            return
        run = Run.objects.filter(pk=int(name)).first() if name.isascii() and name.isdigit() else None
        if run is None:
            raise CommandError(f"There is no run {name!r}; migration_status lists them.", returncode=USAGE)
        try:
            state = runs.steer(run, self.act)
        except runs.RunRefused as error:
            raise CommandError(str(error), returncode=REFUSED) from error
        self.stdout.write(f"Run {run.pk} of {run.component_id} is {state}.")
