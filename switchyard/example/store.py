"""Writes the example bot's data.json: `python -m switchyard.example.store FOLDER --users N`.

Invented users in the shapes that the original bot left, with every defect that real files have and
that leaves the file readable, one of each. The same seed gives the same bytes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from switchyard.example.oddities import Verbatim, planted
from switchyard.example.people import People

FILE = "data.json"
USERS = 2000
SEED = 7
FRONT = 10  # users at the head of the file that are all in order
FEWEST = 50

_MARK = "\ue000"  # a private character that no invented text has


def write_store(folder: Path, users: int = USERS, seed: int = SEED) -> dict[str, int]:
    """Write `folder`/data.json with that many entries (never fewer than 50); the folder is made.

    Returns how many users and subscriptions the file has in all, and how many entries were
    planted of each defect, by its name.
    """
    chance = Random(seed)  # noqa: S311 - an example has to be the same each time
    people = People(chance)
    odd = list(planted(people))
    ordinary = max(users, FEWEST) - sum(len(entries) for _, entries in odd)
    listed = _mixed([people.anybody() for _ in range(ordinary)], [entries for _, entries in odd], chance)
    folder.mkdir(parents=True, exist_ok=True)
    # A bot writes its whole file at once, and so in place; nobody reads this one yet.
    (folder / FILE).write_text(_text(listed), encoding="utf-8")
    counts = {name: max(len(entries) - 1, 1) for name, entries in odd}
    subscriptions = sum(isinstance(entry, dict) and "subscription" in entry for entry in listed)
    return {"users": len(listed), "subscriptions": subscriptions} | counts


def _mixed(ordinary: list[Any], odd: Sequence[Sequence[Any]], chance: Random) -> list[Any]:
    """Both in one list: the odd ones anywhere behind the first few, in their order where two belong together."""
    listed = list(ordinary)
    for entries in odd:
        places = sorted(chance.randint(FRONT, len(listed)) for _ in entries)
        for shift, (place, entry) in enumerate(zip(places, entries, strict=True)):
            listed.insert(place + shift, entry)
    return listed


def _text(listed: list[Any]) -> str:
    """As the bot writes it: json.dump(..., ensure_ascii=False, indent=2)."""
    verbatim: list[str] = []

    def plain(value: Any) -> Any:
        if isinstance(value, Verbatim):
            verbatim.append(value)
            return f"{_MARK}{len(verbatim) - 1}{_MARK}"
        if isinstance(value, dict):
            return {name: plain(inner) for name, inner in value.items()}
        return value

    whole = {"users": [plain(entry) for entry in listed], "analytics": {"total_users": len(listed), "daily_stats": {}}}
    text = json.dumps(whole, ensure_ascii=False, indent=2)
    for number, value in enumerate(verbatim):
        text = text.replace(f'"{_MARK}{number}{_MARK}"', value)
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a store and say what is in it."""
    parser = argparse.ArgumentParser(prog="switchyard.example.store", description=__doc__)
    parser.add_argument("folder", type=Path, help="where data.json is written")
    parser.add_argument("--users", type=int, default=USERS, help=f"entries of the file, {USERS} unless given")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args(arguments)
    counts = write_store(options.folder, options.users, options.seed)
    width = max(map(len, counts))
    lines = [f"{name.replace('_', ' '):{width}} {count:>7,}" for name, count in counts.items()]
    sys.stdout.write(f"{options.folder / FILE}\n" + "\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
