"""What is measured: one large store of each component, two of the one that has two generations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

from switchyard.example.faceit.records import record
from switchyard.example.writing import as_text
from tests.bench import companion
from tests.bench.users import write_users

SEED = 7
POOL = 300  # different matches


class Store(NamedTuple):
    """pattern: the files that are measured, of this many records. prefix: where ijson finds them; '' for the root.

    members: whether they are members of an object.
    """

    component: str
    records: int
    write: Callable[[Path, int], None]  # into a folder that is there, that many
    pattern: str
    prefix: str
    members: bool = False

    @property
    def many(self) -> bool:
        """Whether it has many files."""
        return "*" in self.pattern


def _data(folder: Path, records: int) -> None:
    write_users(folder / "data.json", records)


def write_matches(folder: Path, records: int) -> None:
    """matches.json: a few hundred matches, each again and again under new ids."""
    chance = Random(SEED)
    made = [record(chance) for _ in range(POOL)]
    texts = [(key, as_text(document).replace("\n", "\n  ")) for key, document in made]
    with (folder / "matches.json").open("w", encoding="utf-8") as file:
        file.write("{\n")
        for number in range(records):
            key, text = texts[number % POOL]
            new = f"{key[:-8]}{number:08x}"
            comma = ",\n" if number else ""
            file.write(f'{comma}  "{new}": {text.replace(key, new)}')
        file.write("\n}")


STORES = {
    "users": Store("users", 900_000, _data, "data.json", "users.item"),
    "subscriptions": Store("subscriptions", 900_000, _data, "data.json", "users.item"),
    "matches": Store("matches", 20_000, write_matches, "matches.json", "", members=True),
    "analytics": Store("analytics", 1_000_000, companion.write_analytics, "analytics_*.json", "item"),
    "profiles": Store("profiles", 100_000, companion.write_profiles, "girls_data/*.json", ""),
    "older profiles": Store(
        "profiles", 100_000, companion.write_older_profiles, "girls_data.json", "girls", members=True
    ),
    "conversations": Store("conversations", 1_000_000, companion.write_conversations, "conversations/*.json", "item"),
    "configuration": Store("configuration", 10_000, companion.write_configuration, "config.json", "", members=True),
}


def of(components: list[str]) -> list[str]:
    """The names of the stores of these components; of all when none is named."""
    return [name for name, store in STORES.items() if not components or store.component in components]
