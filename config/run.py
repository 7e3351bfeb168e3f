"""`make run`: everything up, the files imported, the admin's address printed; Ctrl-C stops all in order.

Where no database is used: the renderer of files alone.
"""

import socket
import sys
import time

from django.conf import settings
from django.db import connections

from config.environment import read
from config.secret_files import closed
from config.stack import admin_address, stack, use_example
from config.staff import NAME, first_superuser
from config.supervisor import Refusal, Supervisor, raise_on_signals

WEB_SECONDS = 60


def main() -> int:
    """Run until Ctrl-C; return 0 after that, 1 when something is refused or dies, 130 for a Ctrl-C before all is up."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    raise_on_signals()
    up = False
    try:
        example = use_example(read())
        with stack(("worker", "web", "beat")) as supervisor:
            if example:
                print(f"LEGACY_DIR is not set: the example store in {settings.LEGACY_DIR} takes its place.")
            if settings.DATABASE_USED:
                _bring_up(supervisor)
            up = True
            print(f"{_up()}   Logs: {supervisor.logs}   Ctrl-C stops.")
            _wait(supervisor)
    except KeyboardInterrupt:
        print("\nStopped.")
        return 0 if up else 130
    except (Refusal, PermissionError) as error:
        print(closed(error) if isinstance(error, PermissionError) else error, file=sys.stderr)
        return 1
    return 0


def _up() -> str:
    if settings.DATABASE_USED:
        return f"Admin: {admin_address()}"
    return f"Files of ours in {settings.LEGACY_DIR} are rendered as the bot writes. Whose they are: legacy_status"


def _bring_up(supervisor: Supervisor) -> None:
    open_to_it = not_refused()
    if open_to_it and supervisor.run("manage.py", "migration_import", *open_to_it):
        print("Not everything is in the database: the lines above say what and why, and the admin keeps it.")
    password = first_superuser()
    connections.close_all()
    _wait_for_web(supervisor)
    if password:
        print(
            f"Staff user {NAME}, password {password} (shown this once; change it with manage.py changepassword {NAME})."
        )


def not_refused() -> list[str]:
    """The components that an import may be asked for; says of the others why not."""
    from migration_control import components, runs  # once Django is set up

    refusals = {component.name: runs.refusal(component) for component in components.everything()}
    for why in dict.fromkeys(filter(None, refusals.values())):
        print(why)
    return [name for name, why in refusals.items() if not why]


def _wait_for_web(supervisor: Supervisor) -> None:
    deadline = time.monotonic() + WEB_SECONDS
    while True:
        supervisor.look()
        try:
            socket.create_connection((settings.WEB_HOST, settings.WEB_PORT), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise Refusal(
                    f"The admin did not answer in {WEB_SECONDS} s: see {supervisor.logs / 'web.log'}."
                ) from None
            time.sleep(0.1)
        else:
            return


def _wait(supervisor: Supervisor) -> None:
    while True:
        supervisor.look()
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
