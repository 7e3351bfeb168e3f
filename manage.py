#!/usr/bin/env python
"""Django's commands for this installation."""

import os
import sys


def main(arguments: list[str]) -> int:
    """Run one command; return its exit status."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        print(f"{error}: `make run` once sets up .venv; then use `.venv/bin/python manage.py`.", file=sys.stderr)
        return 1
    try:
        execute_from_command_line(arguments)
    except Exception as error:
        from config.unreachable import line

        message = line(error)
        if message is None or "--traceback" in arguments:
            raise
        print(message, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
