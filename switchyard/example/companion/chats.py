"""Invented chats, and what the bot noted of each."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from switchyard.example.companion.phrases import phrase
from switchyard.example.dates import moment
from switchyard.example.planting import Document, chosen

NAMES = ("Ada", "Brunhilde", "Çağla", "Dörte", "Ελένη", "Fátima", "Ирина", "נועה", "ليلى", "さくら", "Zoë 🌸", "👩🏽‍🚀")
RANGES = (  # of chat ids: people's, then groups', then supergroups'
    (0.25, (10**8, 2**31)),
    (0.5, (2**32, 8 * 10**9)),
    (0.1, (-5 * 10**9, -(10**8))),
    (0.15, (-1_002_999_999_999, -1_001_000_000_000)),
)
INTERESTS = ("chess", "gardening", "trains", "поэзия", "cooking", "astronomy", "музыка", "hiking")


class Chats:
    """Makes chats one after the other, all different, from one source of chance."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self._taken: set[int] = set()

    def new_id(self) -> int:
        """Negative for a group; most do not fit 32 bits."""
        while True:
            number = self.chance.randrange(*chosen(self.chance, RANGES))
            if number not in self._taken:
                self._taken.add(number)
                return number

    def profile(self, chat_id: int | None = None) -> Document:
        """As the bot writes it today."""
        last = moment(self.chance)
        return {
            "chat_id": self.new_id() if chat_id is None else chat_id,
            "name": self.chance.choice(NAMES),
            "last_activity": last.isoformat() if self.chance.random() < 0.9 else None,
            "message_count": int(self.chance.expovariate(1 / 60)),
            "summary": {_stamp(when): phrase(self.chance) for when in self._noted(last)},
            "profile": {_stamp(when): self._traits() for when in self._noted(last)},
            "previous_response_id": f"resp_{self.chance.getrandbits(96):024x}" if self.chance.random() < 0.6 else None,
        }

    def older(self, chat_id: int | None = None) -> Document:
        """As it was before there were responses to go on from, and before somebody counted."""
        kept = ("chat_id", "name", "last_activity", "summary")
        return {name: value for name, value in self.profile(chat_id).items() if name in kept}

    def _noted(self, last: datetime) -> list[datetime]:
        days = range(self.chance.choice((0, 0, 1, 2, 4)), 0, -1)
        return [last - timedelta(days=day, seconds=self.chance.randrange(80_000)) for day in days]

    def _traits(self) -> dict[str, Any]:
        return {
            "age": self.chance.choice((None, 19, 34, "around forty")),
            "interests": self.chance.sample(INTERESTS, self.chance.randrange(4)),
            "mood": {"score": round(self.chance.random(), 3), "stable": self.chance.random() < 0.5},
        }


def padded(chat_id: int) -> str:
    """Another way to write the same number."""
    return f"{'-' if chat_id < 0 else ''}00{abs(chat_id)}"


def _stamp(when: datetime) -> str:
    return f"{when:%Y%m%d%H%M%S}"
