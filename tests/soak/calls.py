"""The operations of handlers, each written once: a coroutine that a bot runs on its loop, and a script at one go."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from random import Random
from typing import Any

from tests.soak.history import Key, Seen
from tests.soak.outcomes import NothingThere
from tests.soak.states import created
from tests.soak.subjects import Subject


class AtOnce:
    """The same names as coroutines, which never wait: for whoever has no loop."""

    def __init__(self, records: Any) -> None:
        self._records = records

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        call = getattr(self._records, name.removeprefix("a"))

        async def run(*args: Any, **kwargs: Any) -> Any:
            return call(*args, **kwargs)

        return run

    async def aiterate(self, **bounds: Any) -> AsyncIterator[Any]:
        for record in self._records.iterate(**bounds):
            yield record


def finished(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of one that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits")


async def update(records: Any, subject: Subject, keys: list[Key], token: str, random: Random) -> list[Seen]:
    del random
    return [subject.seen(await records.aupdate(keys[0], lambda record: subject.change(record, token)))]


async def pair(records: Any, subject: Subject, keys: list[Key], token: str, random: Random) -> list[Seen]:
    """Two records in one commit; now and then two users exchange their accounts."""
    swap = subject.component == "users" and random.random() < 0.3

    def change(changes: Any) -> list[Any]:
        found = [changes[key] for key in keys]
        for record in found:
            subject.change(record, token)
        if swap:
            one, other = found
            one.faceit_player_id, other.faceit_player_id = other.faceit_player_id, one.faceit_player_id
        return found

    return [subject.seen(record) for record in await records.aupdate_many(keys, change)]


async def save(records: Any, subject: Subject, keys: list[Key], token: str, random: Random) -> list[Seen]:
    """Of something read before, at the version that it was read at."""
    del random
    record = await records.aget(keys[0])
    if record is None:
        raise NothingThere
    subject.change(record, token)
    return [subject.seen(await records.asave(record))]


async def create(records: Any, subject: Subject, keys: list[Key], token: str, random: Random) -> list[Seen]:
    record = subject.make(keys[0], created(token), account=random.random() < 0.5)
    return [subject.seen(await records.acreate(record))]


async def delete(records: Any, subject: Subject, keys: list[Key], token: str, random: Random) -> list[Seen]:
    """Under its lock, or at a version, or whatever is there."""
    del token
    how = random.random()
    if how < 0.4:
        gone: list[Seen] = []

        def change(changes: Any) -> None:
            gone[:] = [subject.seen(changes[keys[0]])]
            changes.delete(keys[0])

        await records.aupdate_many(keys, change)
        return gone
    if how < 0.7:
        record = await records.aget(keys[0])
        if record is None:
            raise NothingThere
        await records.adelete(keys[0], record.version)
        return [subject.seen(record)]
    await records.adelete(keys[0])
    return []


WRITES = {update: 18, pair: 6, save: 5, create: 5, delete: 3}


async def get(records: Any, subject: Subject, key: Key) -> list[Any]:
    return _answers([key], {key: await records.aget(key)})


async def get_many(records: Any, subject: Subject, key: Key) -> list[Any]:
    at = subject.keys.index(key)
    keys = list(subject.keys[at : at + 4])
    return _answers(keys, await records.aget_many(keys))


async def find(records: Any, subject: Subject, key: Key) -> list[Any]:
    if not subject.lookup:
        return await get(records, subject, key)
    found = await records.afind(subject.lookup, subject.value(key))
    return _answers(subject.group(key), {record.key: record for record in found})


async def page(records: Any, subject: Subject, key: Key) -> list[Any]:
    at = subject.keys.index(key)
    keys = list(subject.keys[at : at + 10])
    found = {record.key: record async for record in records.aiterate(low=keys[0], high=keys[-1], page=5)}
    return _answers(keys[:-1], found)


READS = {get: 45, get_many: 10, find: 5, page: 1}


def _answers(keys: list[Key], found: dict[Key, Any]) -> list[Any]:
    return [(key, found.get(key)) for key in keys]
