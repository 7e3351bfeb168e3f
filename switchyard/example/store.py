"""Writes the example bots' files: `python -m switchyard.example.store FOLDER --users N --bots faceit,companion`.

Invented data in the shapes that the original bots left, with every defect that real files have and that leaves a
file readable, one of each. The same seed gives the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from switchyard.example.companion.files import write_files as write_companion
from switchyard.example.faceit.files import DATA, write_data, write_matches
from switchyard.example.planting import Written

FILE = DATA
USERS = 2000
SEED = 7
FACEIT, COMPANION = "faceit", "companion"
LAST_FILES = {FACEIT: DATA, COMPANION: "config.json"}  # of each bot, which says that its store is there

Writer = Callable[[Path, int, int], list[Written]]
BOTS: dict[str, Writer] = {
    FACEIT: lambda folder, users, seed: [write_data(folder, users, seed), write_matches(folder, users, seed)],
    COMPANION: write_companion,
}


def write_store(folder: Path, users: int = USERS, seed: int = SEED) -> dict[str, int]:
    """Write `folder`/data.json alone, with that many entries (never fewer than 50); the folder is made.

    Returns how many users and subscriptions the file has in all, and how many entries were
    planted of each defect, by its name.
    """
    written = write_data(folder, users, seed)
    return {name: written.entries[name] for name in ("users", "subscriptions")} | written.planted


def write_stores(
    folder: Path, users: int = USERS, seed: int = SEED, bots: Sequence[str] = tuple(BOTS)
) -> list[Written]:
    """Write all files of these bots into one folder, which is made; the companion's grow with the number of users."""
    return [written for bot in bots for written in BOTS[bot](folder, users, seed)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the stores and say what is in them."""
    parser = argparse.ArgumentParser(prog="switchyard.example.store", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the files are written")
    parser.add_argument("--users", type=int, default=USERS, help=f"entries of data.json, {USERS} unless given")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--bots", type=_bots, default=list(BOTS), help=f"some of {','.join(BOTS)}; all unless given")
    options = parser.parse_args(arguments)
    for written in write_stores(options.folder, options.users, options.seed, options.bots):
        sys.stdout.write(_shown(options.folder, written))
    return 0


def _bots(text: str) -> list[str]:
    named = [name.strip() for name in text.split(",")]
    if unknown := [name for name in named if name not in BOTS]:
        raise argparse.ArgumentTypeError(f"there is no bot {unknown[0]!r}: name some of {','.join(BOTS)}")
    return named


def _shown(folder: Path, written: Written) -> str:
    counts = written.entries | written.planted
    width = max(map(len, counts))
    lines = [f"  {name.replace('_', ' '):{width}} {count:>7,}" for name, count in counts.items()]
    return f"{folder / written.file}\n" + "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
