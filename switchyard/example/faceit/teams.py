"""Invented teams of five."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from switchyard.example.planting import Document, uuid

NAMES = ("late risers", "Five Left Feet", "Туман", "snow owls", "Null Pointers", "les Étoiles", "team 🦔")
NICKNAMES = ("umbra", "pixelto", "Лиса", "quietone", "sprayna", "mossy", "Zwölf", "ねこ", "halftime", "b4dger")


class Team(NamedTuple):
    name: str
    roster: list[Document]
    faction_id: str

    def as_details(self) -> Document:
        return {
            "faction_id": self.faction_id,
            "leader": self.roster[0]["player_id"],
            "avatar": "",
            "roster": self.roster,
            "substituted": False,
            "name": self.name,
            "type": "",
        }


def team(chance: Random) -> Team:
    return Team(chance.choice(NAMES), [_player(chance) for _ in range(5)], uuid(chance))


def _player(chance: Random) -> Document:
    nickname = f"{chance.choice(NICKNAMES)}{chance.randrange(100)}"
    return {
        "player_id": uuid(chance),
        "nickname": nickname,
        "avatar": "",
        "membership": chance.choice(("free", "premium")),
        "game_player_id": str(76_561_190_000_000_000 + chance.randrange(10**9)),
        "game_player_name": nickname,
        "game_skill_level": chance.randint(1, 10),
        "anticheat_required": True,
    }
