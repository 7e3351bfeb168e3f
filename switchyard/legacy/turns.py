"""An object that two tasks save at once is saved once by each, one after the other: the second has only what is new."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

Save = TypeVar("Save", bound=Callable[..., None])

LOCKS = 1024  # more than threads: objects that share one wait for each other in vain


def _begin_anew() -> None:
    global _locks
    _locks = [threading.RLock() for _ in range(LOCKS)]


_locks: list[threading.RLock]
_begin_anew()
os.register_at_fork(after_in_child=_begin_anew)


def one_at_a_time(save: Save) -> Save:
    """Of calls with the same object, which is the last argument. No lock lies in the object: it can be copied."""

    @wraps(save)
    def saved(*arguments: Any, **named: Any) -> None:
        *_, subject = (*arguments, *named.values())
        with _locks[id(subject) // 16 % LOCKS]:
            save(*arguments, **named)

    return saved  # type: ignore[return-value]
