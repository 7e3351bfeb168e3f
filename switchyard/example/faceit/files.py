"""Writes the FACEIT bot's files."""

from __future__ import annotations

from pathlib import Path
from random import Random

from switchyard.example.faceit import match_oddities, oddities
from switchyard.example.faceit.daily import analytics
from switchyard.example.faceit.people import People
from switchyard.example.faceit.records import record
from switchyard.example.planting import Written, counted, located, mixed
from switchyard.example.writing import Members, as_text, write

DATA, MATCHES = "data.json", "matches.json"
FRONT = 10  # users at the head of the file that are all in order
FEWEST = 50
USERS_A_MATCH = 20


def write_data(folder: Path, users: int, seed: int) -> Written:
    """data.json with that many entries, never fewer than 50."""
    chance = Random(seed)  # noqa: S311 - an example has to be the same each time
    people = People(chance)
    odd = list(oddities.planted(people))
    ordinary = max(users, FEWEST) - sum(len(entries) for _, entries in odd)
    listed = mixed([people.anybody() for _ in range(ordinary)], odd, chance, FRONT)
    write(folder / DATA, as_text({"users": listed, "analytics": analytics(Random(f"{seed} daily"), len(listed))}))  # noqa: S311
    subscriptions = sum(isinstance(entry, dict) and "subscription" in entry for entry in listed)
    entries = {"users": len(listed), "subscriptions": subscriptions, "analytics": 1}
    return Written(DATA, entries, counted(odd), located(DATA, listed, odd))


def write_matches(folder: Path, users: int, seed: int) -> Written:
    """matches.json, a match for every twenty users."""
    chance = Random(f"{seed} matches")  # noqa: S311 - as above
    odd = list(match_oddities.planted(lambda: record(chance)))
    ordinary = [record(chance) for _ in range(max(users, FEWEST) // USERS_A_MATCH)]
    listed = mixed(ordinary, odd, chance)
    write(folder / MATCHES, as_text(Members(listed)))
    return Written(MATCHES, {"matches": len(listed)}, counted(odd), located(MATCHES, listed, odd))
