"""`make demo`: the whole journey in one go, on an installation of its own, and a summary.

DATA=/path/data.json makes it run on a copy of that file, DATA=/folder on a copy of the bots' files that the folder
holds; HANDOVER=0 ends it after the import, before the authority moves under live traffic; JSON=1 prints one JSON
document on standard output and all else on standard error; KEEP=1 leaves the installation in place.
"""

import importlib.util
import json
import os
import shlex
import sys
import time
from contextlib import ExitStack, nullcontext, redirect_stdout
from pathlib import Path
from typing import Any

from config.environment import EXAMPLE_ZONE, Reader, boolean, read, var_dir
from config.journey.home import home
from config.journey.source import Source, copied, example
from config.journey.watch import Watch
from config.secret_files import closed
from config.stack import isolate, stack
from config.supervisor import Refusal, raise_on_signals

WIDTH = 120


def main() -> int:
    """Return 0 when every record is accounted for, 1 when not or when something is refused, 130 after Ctrl-C."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    raise_on_signals()
    for_scripts = False
    try:
        reader = read()
        for_scripts, keep = _flag(reader, "JSON"), _flag(reader, "KEEP")
        handover = _flag(reader, "HANDOVER", default=True)
        with redirect_stdout(sys.stderr) if for_scripts else nullcontext():
            found = _demo(reader, keep, handover)
    except KeyboardInterrupt:
        print("\nStopped; nothing of it is left.", file=sys.stderr)
        return 130
    except (Refusal, PermissionError) as error:
        line = closed(error) if isinstance(error, PermissionError) else str(error)
        found = {"ok": False, "problems": [line]}
        print(line, file=sys.stderr)
    if for_scripts:
        print(json.dumps(found, indent=2))
    return 0 if found["ok"] else 1


def _flag(reader: Reader, name: str, *, default: bool = False) -> bool:
    value = reader.get(name, boolean, default, id="", expects="1 or 0")
    for problem in reader.problems:
        raise Refusal(str(problem))
    return value


def _demo(reader: Reader, keep: bool, handover: bool) -> dict[str, Any]:
    started = time.monotonic()
    if handover and importlib.util.find_spec("aiogram") is None:
        raise Refusal("aiogram is not installed, of which the demo's bot is made. Use make demo, or set HANDOVER=0.")
    folder = var_dir(reader)
    with ExitStack() as undo:
        mine = undo.enter_context(home(folder / "demo", keep))
        source = _source(reader, mine / "bot")
        isolate(mine, source.folder, source.zone)
        _serve(source)
        print(f"1. An installation of its own, in {mine}")
        supervisor = undo.enter_context(stack())
        undo.enter_context(Watch(supervisor))
        found = _travel(source, folder, mine if handover else None, time.monotonic() - started)
    if keep:
        print(f"\nKept in {mine}. Its admin: {_kept(mine, source)} make run")
    print("Every record is accounted for." if found["ok"] else "Not as it should be, see above.")
    return found


def _source(reader: Reader, folder: Path) -> Source:
    if data := os.environ.get("DATA", "").strip():
        return copied(data, folder, reader.text("LEGACY_TIME_ZONE"))
    return example(folder, EXAMPLE_ZONE)


def _serve(source: Source) -> None:
    """The bots whose files these are, whatever the environment says."""
    for name in ("FACEIT_BOT_ID", "COMPANION_BOT_ID"):
        os.environ.pop(name, None)
    os.environ["BOTS"] = ",".join(source.bots)


def _travel(source: Source, folder: Path, handed_over: Path | None, started: float) -> dict[str, Any]:
    """handed_over: the installation where the authority is to move, too; None for an import alone."""
    # Django's models can be imported from here on.
    from rich.console import Console

    from config.journey import summary
    from config.journey.handover.stages import Handover
    from config.journey.handover.traffic import Traffic
    from config.journey.report import Report
    from config.journey.steps import Journey

    console = Console(soft_wrap=True)
    if not console.is_terminal:
        console.width = WIDTH  # not the 80 columns of a terminal of old
    journey = Journey(source, Report(folder), console)
    journey.seconds["start"] = round(started, 2)
    judged = None
    if handed_over is None:
        journey.go()
    else:
        with Traffic(handed_over / "log", handed_over / "traffic") as traffic:
            journey.go()
            judged = Handover(journey, traffic).go()
    found = summary.document(journey, judged)
    summary.show(console, journey, found)
    return found


def _kept(mine: Path, source: Source) -> str:
    variables = {
        "SWITCHYARD_VAR": mine,
        "LEGACY_DIR": source.folder,
        "LEGACY_TIME_ZONE": source.zone,
        "BOTS": ",".join(source.bots),
    }
    return " ".join(f"{name}={shlex.quote(str(value))}" for name, value in variables.items())


if __name__ == "__main__":
    sys.exit(main())
