"""Reading a component's files into the index, against what only reads them.

Each measurement is a process of its own, all of them in turn, so that what else the machine does falls on all.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

from config.stack import isolate
from tests.bench import peers
from tests.bench.importer import peak_megabytes
from tests.bench.stores import STORES, Store

QUIET = 0.2  # seconds: what was only just written is waited for
ZONE = "Europe/Moscow"

Measured = tuple[float, float]  # seconds, MB at the peak
Work = Callable[[], object]
spawn = multiprocessing.get_context("spawn")


def run(name: str, folder: Path, records: int, repeats: int) -> dict[str, Any]:
    """Medians of the peers' time / ours (higher is faster); memory in MB. folder: an empty one, on the index's disk."""
    store, bot = STORES[name], folder / "bot"
    bot.mkdir()
    store.write(bot, records)
    files = list(bot.glob(store.pattern))
    isolate(folder / "home", bot, ZONE)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    rounds = [_round(name, folder, files) for _ in range(repeats)]
    return {
        "records": records,
        "files": len(files),
        "size (MB)": round(sum(path.stat().st_size for path in files) / 1e6),
        "ijson alone (s), for scale only": round(median(each["ijson"][0] for each in rounds), 2),
        "speed, to ijson alone": _ratios(rounds, "ijson", ("json.loads", "first", "again")),
        "each first reading": [round(each["ijson"][0] / each["first"][0], 3) for each in rounds],
        **(_of_many(rounds) if store.many else {}),
        "peak memory of a first reading (MB)": round(max(each["first"][1] for each in rounds)),
    }


def _of_many(rounds: Sequence[dict[str, Measured]]) -> dict[str, Any]:
    return {
        "speed of a look, to a look at all times": _ratios(rounds, "bare look", ("unchanged",)),
        "speed with one file changed, to the same and json.loads of it": _ratios(rounds, "bare one", ("one",)),
        "one file changed (s), for scale only": round(median(each["one"][0] for each in rounds), 3),
    }


def _ratios(rounds: Sequence[dict[str, Measured]], base: str, parts: Sequence[str]) -> dict[str, float]:
    return {part: round(median(each[base][0] / each[part][0] for each in rounds), 3) for part in parts}


def _round(name: str, folder: Path, files: Sequence[Path]) -> dict[str, Measured]:
    for left in (folder / "home").glob("index.sqlite3*"):
        left.unlink()
    store = STORES[name]
    _measured(_others, name, folder)
    found = {
        "ijson": _measured(_ijson, name, folder),
        "first": _measured(_read, name, folder),
        "json.loads": _measured(_loads, name, folder),
    }
    for path in files:
        os.utime(path)
    time.sleep(QUIET)
    found["again"] = _measured(_read, name, folder)
    if store.many:
        found |= {"bare look": _measured(_look, name, folder), "unchanged": _measured(_read_nothing, name, folder)}
        _touch(files[len(files) // 2])
        found |= {"bare one": _measured(_look_and_load_one, name, folder), "one": _measured(_read, name, folder)}
    return found


def _touch(path: Path) -> None:
    """Change one record of it."""
    content = json.loads(path.read_text())
    record = content[-1] if isinstance(content, list) else content
    record["changed"] = time.time()
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2))
    time.sleep(QUIET)


def _measured(what: Callable[[Store, Path], Work], name: str, folder: Path) -> Measured:
    """In a process of its own. what: makes ready, and returns what is to be measured."""
    found: Measured = apart(_measure, what, name, folder / "bot")
    return found


def _measure(what: Callable[[Store, Path], Work], name: str, folder: Path) -> Measured:
    work = what(STORES[name], folder)
    start = time.perf_counter()
    work()
    return time.perf_counter() - start, peak_megabytes()


def apart(what: Callable[..., Any], *arguments: object) -> Any:
    """What it returns in a new process, which has no more than the environment of this one. EOFError if it fails."""
    receiver, sender = spawn.Pipe(duplex=False)
    child = spawn.Process(target=_answer, args=(sender, what, arguments))
    child.start()
    sender.close()
    try:
        return receiver.recv()
    finally:
        child.join()


def _answer(sender: Connection, what: Callable[..., Any], arguments: Sequence[object]) -> None:
    sender.send(what(*arguments))


# Ours


def _read(store: Store, folder: Path, *, changed: bool = True) -> Work:
    source, _ = _sources(store)
    from legacy_json.reading import read
    from migration_control.store import index, root

    def work() -> None:
        assert read(index(), root(), source).changed is changed
        index().close()

    return work


def _read_nothing(store: Store, folder: Path) -> Work:
    return _read(store, folder, changed=False)


def _others(store: Store, folder: Path) -> Work:
    """The component's other files, which are small, and may have been read before."""
    _, others = _sources(store)
    from legacy_json.reading import read
    from migration_control.store import index, root

    return lambda: [read(index(), root(), other) for other in others]


def _sources(store: Store) -> tuple[Any, list[Any]]:
    """The one that is measured, and the others of its component."""
    import django

    django.setup()
    from migration_control import components
    from migration_control.store import sources_of

    found = sources_of(components.get(store.component))
    source = next(source for source in found if store.pattern in source.patterns)
    return source, [other for other in found if other != source]


# Others


def _ijson(store: Store, folder: Path) -> Work:
    return lambda: peers.ijson(store, folder)


def _loads(store: Store, folder: Path) -> Work:
    return lambda: peers.loads(store, folder)


def _look(store: Store, folder: Path) -> Work:
    return lambda: peers.look(store, folder)


def _look_and_load_one(store: Store, folder: Path) -> Work:
    return lambda: peers.look_and_load_one(store, folder)
