"""What the two commands share."""

from __future__ import annotations

from django.core.management.base import CommandError

from migration_control import given
from migration_control.exits import USAGE
from migration_control.given import BadInput
from migration_control.persons.cutting import LONG


def person_of(text: str) -> int:
    """As somebody typed it. Raises CommandError with status USAGE."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 19):
        raise CommandError(f"{text!r:.60} is no Telegram id: it is a whole number.", returncode=USAGE)
    try:
        person = given.chat_id(int(text))
    except BadInput as error:
        raise CommandError(str(error), returncode=USAGE) from error
    if abs(person) < LONG:
        raise CommandError(
            f"{person} is too short to be told from years, counts and dates in other people's data: nothing is looked"
            f" for below {LONG:,}. Delete the records of that id one by one, in the admin.",
            returncode=USAGE,
        )
    return person
