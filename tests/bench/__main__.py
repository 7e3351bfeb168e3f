"""`make bench`: ratios, each the median of several runs in one go, with the machine they were taken on."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from config.environment import read, var_dir
from config.stack import isolate


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--megabytes", type=int, default=500, help="of the file that is read")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", choices=["import", "reading"], help="one of the benchmarks")
    parser.add_argument("--json", type=Path, help="where to write the figures (default: bench.json in var)")
    options = parser.parse_args()
    var = var_dir(read())
    var.mkdir(parents=True, exist_ok=True)
    target = options.json or var / "bench.json"
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=var))
    folder.chmod(0o711)
    figures: dict[str, Any] = {"machine": _machine()}
    try:
        if options.only != "import":
            from tests.bench import first_reading

            figures["first reading"] = first_reading.run(options.megabytes, options.repeats)
            _show(figures["first reading"])
        if options.only != "reading":
            figures["import"] = _import(folder, options.users, options.repeats)
            _show(figures["import"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    target.write_text(json.dumps(figures, indent=2))
    print(f"\nWritten to {target}")
    return 0


def _import(folder: Path, users: int, repeats: int) -> dict[str, Any]:
    bot = folder / "bot"
    bot.mkdir()
    isolate(folder / "home", bot, "Europe/Moscow")
    from config.embedded import Servers

    home = folder / "home"
    home.mkdir(mode=0o711)
    with Servers(home):
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        from tests.bench import importing

        found = importing.run(bot, users, repeats)
        sizes = [size for size in (10_000, 100_000) if size < users]
        found["importer's peak memory (MB) by users"] |= importing.memory(bot, sizes)
        return found


def _machine() -> dict[str, Any]:
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processors": os.cpu_count(),
        "python": platform.python_version(),
    }


def _show(figures: dict[str, Any]) -> None:
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    sys.exit(main())
