"""Where a step can be cut off: before or after each of its parts, which are wrapped by name."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from tests.soak.actor import Actor
from tests.soak.history import Fault, now

STEPS = (
    "hold",
    "close",
    "copy_remainder",
    "announce",
    "commit_row",
    "finish",
    "reopen",
    "drain_remainder",
    "set_fence",
)
RECOVERY = ("raise_epoch", "set_fence")
DIES, STALLS = 0.01, 0.01  # of the parts
LINGERS = 0.3  # of them, while a rule is broken: what it protects against gets time to happen


def arm(actor: Actor) -> None:
    """In this process, from now on."""
    from migration_control.moving import recovery, steps

    for module, names in ((steps, STEPS), (recovery, RECOVERY)):
        for name in names:
            if hasattr(module, name):
                setattr(module, name, _wrapped(actor, name, getattr(module, name)))


def _wrapped(actor: Actor, name: str, part: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(part)
    def call(*args: Any, **kwargs: Any) -> Any:
        _perhaps(actor, f"before {name}")
        found = part(*args, **kwargs)
        _perhaps(actor, f"after {name}")
        return found

    return call


def _perhaps(actor: Actor, where: str) -> None:
    if actor.plan.mutation:
        if actor.random.random() < LINGERS:
            time.sleep(actor.random.uniform(0, 0.5))
        return
    if actor.plan.pause <= 0:
        return
    dice = actor.random.random()
    if dice < DIES:
        actor.recorder.note(Fault(now(), "killed in a step", where))
        os.kill(os.getpid(), signal.SIGKILL)
    elif dice < DIES + STALLS:
        # Its sessions and locks go on being held. Rarely until the closing is overdue.
        seconds = actor.random.choice((0.1, 0.3, 1, 3))
        if actor.random.random() < 0.03:
            seconds = 17
        actor.recorder.note(Fault(now(), "stalled in a step", f"{where}, {seconds:g} s"))
        time.sleep(seconds)
