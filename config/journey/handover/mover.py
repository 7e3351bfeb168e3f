"""A process that makes a move, and stands still in the middle of a step, to be killed there.

`python -m config.journey.handover.mover COMPONENT STAGE READS FILE`: the file appears once it has come so far.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import django
from django.db import transaction

SECONDS = 600  # that it would stand there


def main(name: str, stage: str, reads: str, reached: Path) -> None:
    django.setup()
    # Django's models can be imported from here on.
    from config.journey.handover.moves import ask
    from migration_control import components
    from migration_control.moving import steps
    from migration_control.moving.executing import Execution
    from migration_control.moving.leases import claim
    from migration_control.stages import row

    steps.announce = _stalling(steps.announce, reached)
    with transaction.atomic():  # before a worker hears of it
        asked = ask(components.get(name), row(stage, reads))
        lease = claim(asked.pk)
    assert lease is not None
    asked.refresh_from_db()
    with lease.beating():
        Execution(asked, lease, lambda what, done, total: None).go()


def _stalling(part: Callable[..., Any], reached: Path) -> Callable[..., Any]:
    """JSON takes no writes any more, and whether the database does nobody can know yet."""

    @wraps(part)
    def call(*args: Any) -> None:
        part(*args)
        reached.touch()
        time.sleep(SECONDS)

    return call


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))
