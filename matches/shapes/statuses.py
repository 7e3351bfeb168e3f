"""How far a match is. A status only goes forward, however late an older copy of it arrives."""

from __future__ import annotations

from matches.models import Status
from matches.shapes.values import text

ORDER = {status.value: at for at, status in enumerate(Status) if status not in (Status.FINISHED, Status.CANCELLED)}
FINAL = (Status.FINISHED.value, Status.CANCELLED.value)
LONGEST = 64  # characters: it is looked up by


def status_of(value: object) -> str | None:
    """In lower case, as history has it; details have capitals. One that nobody knows stays as it is."""
    found = text(value, LONGEST)
    return found.lower() if found else None


def is_before(one: str | None, other: str | None) -> bool:
    """Whether a match of the first status is yet to come to the second.

    A final one is left for another final one alone. One that nobody knows is before those, and not before any other.
    """
    if one is None or other is None:
        return one is None and other is not None
    if other in FINAL:
        return one not in FINAL
    return one in ORDER and other in ORDER and ORDER[one] < ORDER[other]


def farthest(*statuses: str | None) -> str | None:
    """Of what several documents say, the first being believed first."""
    found = None
    for status in statuses:
        if status is not None and (found is None or is_before(found, status)):
            found = status
    return found
