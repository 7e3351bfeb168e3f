"""Invented conversations: a message has no id, and people do repeat themselves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from switchyard.example.companion.phrases import speech
from switchyard.example.dates import moment
from switchyard.example.planting import Document

AVERAGE, LONGEST = 20, 400  # messages
REPEATED = 0.02  # of the messages stand there again at once, to the last digit


def conversation(chance: Random) -> list[Document]:
    """In order of time; some are long, and one in twenty is empty."""
    return list(_messages(chance, 0 if chance.random() < 0.05 else _length(chance)))


def message(chance: Random, when: datetime | None = None) -> Document:
    """ts in milliseconds and with Z, as a browser or a Python bot with a replaced +00:00 writes it."""
    written = (when or moment(chance)).isoformat(timespec="milliseconds") + "Z"
    return {"ts": written, "direction": chance.choice(("in", "out")), "text": speech(chance)}


def _length(chance: Random) -> int:
    return LONGEST if chance.random() < 0.01 else 1 + min(int(chance.expovariate(1 / AVERAGE)), LONGEST)


def _messages(chance: Random, number: int) -> Iterator[Document]:
    when = moment(chance)
    while number > 0:
        said = message(chance, when)
        times = chance.randint(2, 3) if chance.random() < REPEATED else 1
        yield from (dict(said) for _ in range(min(times, number)))
        number -= times
        when += timedelta(milliseconds=chance.randrange(500, 3_600_000))
