"""The same moment in every form that bots' files have, and some texts that stand where a date belongs."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

FIRST_DAY = datetime(2023, 3, 1)  # noqa: DTZ001 - a clock on the wall
DAYS = 900

NAIVE = "2024-05-17T10:15:30.250000"
WITH_Z = "2024-05-17T08:15:30Z"
WITH_OFFSET = "2024-05-17T08:15:30.250000+00:00"
OTHER_FORMS: dict[str, object] = {
    "date_is_a_sentence": "never, the user has only just arrived",
    "date_in_epoch_seconds": 1715933730,
    "date_in_epoch_milliseconds": 1715933730250,
    "date_of_14_digits": "20240517081530",
    "date_only": "2024-05-17",
    "time_only": "08:15",
}


def moment(chance: Random) -> datetime:
    """A naive time with microseconds, as datetime.now() gave it to a bot."""
    seconds, microseconds = chance.randrange(DAYS * 86_400), chance.randrange(1, 1_000_000)
    return FIRST_DAY + timedelta(seconds=seconds, microseconds=microseconds)
