"""One soak from its beginning to what is wrong with it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.soak import counters, report
from tests.soak.judging import Judged, judge
from tests.soak.plan import Plan
from tests.soak.server import Server

TICK = 0.05  # seconds

Say = Callable[[str], None]


def soak(plan: Plan, say: Say) -> tuple[Judged, dict[str, Any]]:
    """plan.home: an empty folder. Sets this process's environment."""
    from tests.soak import world
    from tests.soak.crewing import alone

    server = Server(plan.home)
    os.environ.update(plan.environment(server.url))
    try:
        server.start()
        world.lay(plan)
        counters.make(plan.counters)
        alone("tests.soak.world:take_over")
        say(f"seed {plan.seed}, in {plan.home}")
        seconds, ended_badly = _run(plan, server, say)
        say("settling")
        alone("tests.soak.settling:settle", plan)
    finally:
        server.close()
    say("checking")
    judged = judge(plan.history)
    return judged, report.figures(judged, seed=plan.seed, seconds=seconds, ended_badly=ended_badly)


def _run(plan: Plan, server: Server, say: Say) -> tuple[float, list[str]]:
    from tests.soak.crewing import Crew
    from tests.soak.faults import Faults

    crew = Crew(plan)
    faults = Faults(plan, crew, server)
    began = told = time.monotonic()
    while not _is_over(plan, time.monotonic() - began):
        time.sleep(TICK)
        faults.tick()
        crew.tick()
        if time.monotonic() - told > 30:
            told = time.monotonic()
            say(f"{counters.total(plan.counters)} operations in {told - began:.0f} s")
    seconds = time.monotonic() - began
    faults.end()
    return seconds, crew.end()


def _is_over(plan: Plan, seconds: float) -> bool:
    if seconds >= plan.most:
        return True
    return seconds >= plan.seconds and counters.total(plan.counters) >= plan.operations


def tell(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
