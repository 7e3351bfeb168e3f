"""The first reading of a large data.json into the index, against ijson (yajl2_c) alone iterating the same file.

`python -m tests.bench.first_reading --megabytes 500`. Each measurement is a process of its own, the
three in turn, so that what else the machine does falls on all of them.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from legacy_json.index import Index
from legacy_json.layouts import Collection, ListOf, SubObject
from legacy_json.reading import read
from tests.bench.data import write_users

MEGABYTES = 500
REPEATS = 3
SAMPLE = 2_000  # users, to know how many make a megabyte

COLLECTIONS = (
    Collection("users", ListOf("data.json", "users", "user_id"), unique=("faceit_player_id",)),
    Collection("subscriptions", SubObject("users", "subscription"), unique=("referral_code",)),
)
spawn = multiprocessing.get_context("spawn")


def run(megabytes: int = MEGABYTES, repeats: int = REPEATS) -> dict[str, Any]:
    """Medians: seconds, ratios to ijson (its time / ours), peak memory in MB."""
    with tempfile.TemporaryDirectory(prefix="first-reading-") as name:
        folder = Path(name)
        users = _write(folder / "data.json", megabytes)
        rounds = [_round(folder) for _ in range(repeats)]
        size = (folder / "data.json").stat().st_size
    ijson, first, again = (statistics.median(each[part][0] for each in rounds) for part in ("ijson", "first", "again"))
    return {
        "file (MB)": round(size / 1e6),
        "users": users,
        "ijson alone (s)": round(ijson, 2),
        "first reading (s)": round(first, 2),
        "reading again after a touch (s)": round(again, 2),
        "first reading / ijson": _ratio(rounds, "first"),
        "reading again / ijson": _ratio(rounds, "again"),
        "each first reading / ijson": [round(each["ijson"][0] / each["first"][0], 3) for each in rounds],
        "peak memory of a first reading (MB)": round(max(each["first"][1] for each in rounds)),
        "goal": "first reading / ijson >= 0.3, better 0.4; memory < 300 MB",
    }


Measured = tuple[float, float]  # seconds, MB at the peak


def _ratio(rounds: Sequence[dict[str, Measured]], part: str) -> float:
    return round(statistics.median(each["ijson"][0] / each[part][0] for each in rounds), 3)


def _write(path: Path, megabytes: int) -> int:
    write_users(path, SAMPLE)
    users = int(megabytes * 1e6 / path.stat().st_size * SAMPLE)
    write_users(path, users)
    return users


def _round(folder: Path) -> dict[str, Measured]:
    for left in (folder / "index").glob("*"):
        left.unlink()
    found = {"ijson": _measured(_ijson, folder), "first": _measured(_read, folder)}
    os.utime(folder / "data.json")
    time.sleep(0.2)
    return found | {"again": _measured(_read, folder)}


def _measured(what: Callable[[Path], None], folder: Path) -> Measured:
    """In a process of its own."""
    results: multiprocessing.Queue[Measured] = spawn.Queue()
    child = spawn.Process(target=_measure, args=(what, folder, results))
    child.start()
    found = results.get()
    child.join()
    return found


def _measure(what: Callable[[Path], None], folder: Path, results: multiprocessing.Queue[Measured]) -> None:
    start = time.perf_counter()
    what(folder)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    results.put((seconds, peak / (1e6 if sys.platform == "darwin" else 1e3)))


def _ijson(folder: Path) -> None:
    import ijson.backends.yajl2_c as ijson

    with (folder / "data.json").open("rb") as file:
        for _ in ijson.items(file, "users.item"):
            pass


def _read(folder: Path) -> None:
    index = Index(folder / "index" / "index.sqlite3")
    assert read(index, folder, "data.json", COLLECTIONS).changed
    index.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=MEGABYTES)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    print(json.dumps(run(**vars(parser.parse_args())), indent=2))
