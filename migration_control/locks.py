"""PostgreSQL advisory locks of the protocol. The order everywhere: component, apply, key, row, store."""

from __future__ import annotations

import hashlib

# Two-part advisory locks: the first number tells ours from anybody else's and component from apply.
COMPONENT, APPLY = 0x53590001, 0x53590002


def number(component: str) -> int:
    """The component's number in a lock: the same in every process, release and trigger."""
    digest = hashlib.blake2b(component.encode(), digest_size=4).digest()
    return int.from_bytes(digest, signed=True)


def shared(component: str) -> tuple[str, list[int]]:
    """SQL and values that take the component's lock shared until the transaction ends."""
    return "SELECT pg_advisory_xact_lock_shared(%s, %s)", [COMPONENT, number(component)]


def exclusive(component: str) -> tuple[str, list[int]]:
    """The same exclusively: no copy and no database write of the component is under way behind it."""
    return "SELECT pg_advisory_xact_lock(%s, %s)", [COMPONENT, number(component)]


def try_exclusive(component: str) -> tuple[str, list[int]]:
    """The same if it is free just now; the row says whether it was."""
    return "SELECT pg_try_advisory_xact_lock(%s, %s)", [COMPONENT, number(component)]


def end_of(component: str, stem: str) -> tuple[str, list[int]]:
    """The end of a list whose elements have no key of their own: one at a time is put there."""
    digest = hashlib.blake2b(f"{component}:{stem}:end".encode(), digest_size=8).digest()
    return "SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(digest, signed=True)]


def apply_exclusive(component: str) -> tuple[str, list[int]]:
    """One bulk copy at a time, so that no tombstone is committed between a look and its insert."""
    return "SELECT pg_advisory_xact_lock(%s, %s)", [APPLY, number(component)]
