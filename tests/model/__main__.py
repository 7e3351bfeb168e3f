"""`python -m tests.model`: explore by hand, with figures. Needs no server."""

from __future__ import annotations

import argparse
import sys
import time

from tests.model.configurations import CONFIGURATIONS, THOROUGH, Configuration
from tests.model.rules import KEPT, MEANS, Mistake, Rules


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("--all", action="store_true", help="the configurations that take minutes, too")
    parser.add_argument("--only", choices=[*CONFIGURATIONS, *THOROUGH], metavar="CONFIGURATION")
    parser.add_argument("--break", dest="mistake", type=Mistake, metavar="MISTAKE", help="make it; see --mistakes")
    parser.add_argument("--mistakes", action="store_true", help="name them")
    asked = parser.parse_args()
    if asked.mistakes:
        for mistake, meaning in MEANS.items():
            _say(f"{mistake:32}{meaning}")
        return 0
    rules = KEPT.but(asked.mistake) if asked.mistake else KEPT
    known = CONFIGURATIONS | THOROUGH if asked.all or asked.only else CONFIGURATIONS
    problems = [_shown(name, each, rules) for name, each in known.items() if asked.only in (None, name)]
    return 1 if any(problems) else 0


def _shown(name: str, configuration: Configuration, rules: Rules) -> bool:
    began = time.perf_counter()
    found = configuration.explore(rules)
    seconds = time.perf_counter() - began
    _say(f"{name}: {found.states} states, {seconds:.1f} s: {found.problem or 'nothing lost, stale or stuck'}")
    for line in found.trace:
        _say(f"    {line}")
    return bool(found.problem)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
