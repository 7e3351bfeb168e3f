"""`python -m tests.soak --seed N --seconds S --operations N --json`: exit status 1 if anything is violated."""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
from pathlib import Path

PREFIX = "switchyard-soak-"
MEMORY, ROOM = Path("/dev/shm"), 3 << 30  # bytes


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.soak", description=__doc__)
    parser.add_argument("--seed", type=int, help="of everything that is random; printed, and drawn if it is not given")
    parser.add_argument("--seconds", type=float, default=60, help="at least so long")
    parser.add_argument("--operations", type=int, default=0, help="at least so many completed")
    parser.add_argument("--most", type=float, default=7200, help="seconds after which it ends in any case")
    parser.add_argument("--pause", type=float, default=0.6, help="seconds between faults, on average; 0: none")
    parser.add_argument("--mutation", default="", help="a rule to break on purpose (tests/soak/mutations.py)")
    parser.add_argument("--folder", type=Path, help="where its own folder is made; default: in memory, if it has room")
    parser.add_argument("--json", action="store_true", help="the figures as one JSON document on standard output")
    parser.add_argument(
        "--keep", action="store_true", help="keep its folder; it is kept also if something unexpected is violated"
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))  # so that its server is stopped
    for name in _variables():
        os.environ.pop(name, None)
    home = Path(tempfile.mkdtemp(prefix=PREFIX, dir=options.folder or _memory()))
    home.chmod(0o711)  # as root the server runs as another user, who has to pass through
    return _soaked(options, home)


def _soaked(options: argparse.Namespace, home: Path) -> int:
    from tests.soak import report
    from tests.soak.plan import Plan
    from tests.soak.soaking import soak, tell

    seed = random.randrange(1 << 31) if options.seed is None else options.seed
    plan = Plan(home, seed, options.seconds, options.operations, options.most, options.pause, mutation=options.mutation)
    judged, figures = soak(plan, tell)
    wrong = bool(judged.violations or figures["processes that ended badly"])
    sys.stdout.write(json.dumps(figures, indent=None if options.json else 2, ensure_ascii=False) + "\n")
    for line in report.shown(judged):
        tell(line)
    if (wrong and not plan.mutation) or options.keep:
        tell(f"Its histories and stores are kept: {home}")
    else:
        shutil.rmtree(home)
    return 1 if wrong else 0


def _memory() -> Path | None:
    """Processes are killed, not the machine: nothing here needs a disk, whose waits would be all that is measured."""
    try:
        return MEMORY if shutil.disk_usage(MEMORY).free > ROOM else None
    except OSError:
        return None


def _variables() -> list[str]:
    """Every one that the project reads."""
    import re

    from config.environment import BASE_DIR

    named = re.findall(r"^#?([A-Z_]+)=", (BASE_DIR / ".env.example").read_text(), re.MULTILINE)
    return [*named, "DJANGO_SETTINGS_MODULE", "ENV_FILE"]


if __name__ == "__main__":
    sys.exit(main())
