"""A bot: some coroutines at once, each of which reads and writes as handlers do."""

from __future__ import annotations

import asyncio

from tests.soak.actor import REST, Actor
from tests.soak.calls import READS, WRITES

COROUTINES = 6
READING = 0.65  # of the operations


def run(actor: Actor) -> None:
    asyncio.run(_run(actor))


async def _run(actor: Actor) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(COROUTINES):
            group.create_task(_handle(actor))


async def _handle(actor: Actor) -> None:
    while actor.goes_on:
        served = await (_read(actor) if actor.random.random() < READING else _write(actor))
        if not served:
            await asyncio.sleep(REST)


async def _read(actor: Actor) -> bool:
    subject = actor.subject()
    (call,) = actor.random.choices([*READS], [*READS.values()])
    with actor.read(subject) as found:
        found += await call(subject.model.records, subject, actor.random.choice(subject.keys))
    return bool(found)


async def _write(actor: Actor) -> bool:
    subject = actor.subject()
    (call,) = actor.random.choices([*WRITES], [*WRITES.values()])
    if call.__name__ in ("create", "delete") and not subject.passing:
        return True
    keys = actor.keys(subject, call.__name__)
    write = actor.write(call.__name__, subject, keys)
    try:
        seen = await call(subject.model.records, subject, keys, write.token, actor.random)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is in the history
        return write.failed(error)
    return write.ended(seen)
