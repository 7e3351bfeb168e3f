"""`make bench`: ratios, each the median of several runs in one go, with the machine they were taken on."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from config.environment import read, var_dir
from config.stack import isolate
from tests.bench import facade, handover, importing, limits, reading, recording, writing
from tests.bench.stores import STORES, of

COMPONENTS = sorted({store.component for store in STORES.values()})

Bench = Callable[[str, Path, int, int], dict[str, Any]]  # a store's name, a folder, records, repeats


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    var = var_dir(read())
    var.mkdir(parents=True, exist_ok=True)
    target = options.json or var / "bench.json"
    figures: dict[str, Any] = {"machine": _machine()}
    for title, bench in BENCHES.items():
        if options.only not in (None, title):
            continue
        for name in of(options.component):
            records = options.records or RECORDS.get(title, STORES[name].records)
            with _folder(var) as folder:
                found = bench(name, folder, records, options.repeats)
            if not found:
                continue
            figures.setdefault(title, {})[name] = found
            print(json.dumps({f"{title} of {name}": found}, indent=2), flush=True)
    target.write_text(json.dumps(figures, indent=2))
    print(f"\nWritten to {target}")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", choices=list(BENCHES), help="one of the benchmarks")
    parser.add_argument("--component", choices=COMPONENTS, action="append", default=[], help="may be repeated")
    parser.add_argument("--records", type=int, help="instead of each store's own number")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, help="where to write the figures (default: bench.json in var)")
    return parser.parse_args(arguments)


@contextmanager
def _folder(var: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=var))
    folder.chmod(0o711)  # the servers run as another user
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _writing(name: str, folder: Path, records: int, repeats: int) -> dict[str, Any]:
    """Of one component: what a commit costs is the same for all."""
    if name != "users":
        return {}
    isolate(folder / "home", folder / "bot", reading.ZONE)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    found: dict[str, Any] = reading.apart(writing.run, folder, records, repeats)
    return found


def _handover(name: str, folder: Path, records: int, repeats: int) -> dict[str, Any]:
    """Of one component, as above."""
    return handover.run(folder, records, repeats) if name == "users" else {}


def _recording(name: str, folder: Path, records: int, repeats: int) -> dict[str, Any]:
    """Of one store, as above."""
    return recording.run(folder, records, repeats) if name == "users" else {}


def _limits(name: str, folder: Path, records: int, repeats: int) -> dict[str, Any]:
    """Of one component, as above."""
    return limits.run(folder, records, repeats) if name == "users" else {}


def _facade(name: str, folder: Path, records: int, repeats: int) -> dict[str, Any]:
    """Of one component, as above."""
    return facade.run(folder, records, repeats) if name == "users" else {}


BENCHES: dict[str, Bench] = {
    "reading": reading.run,
    "import": importing.run,
    "writing": _writing,
    "handover": _handover,
    "limits": _limits,
    "facade": _facade,
    "recording": _recording,
}
RECORDS = {
    "handover": handover.RECORDS,
    "limits": limits.RECORDS,
    "facade": facade.RECORDS,
}  # where it is not each store's own number


def _machine() -> dict[str, Any]:
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processors": os.cpu_count(),
        "python": platform.python_version(),
    }


if __name__ == "__main__":
    sys.exit(main())
