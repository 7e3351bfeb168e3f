"""A script: one thread that reads and writes, and now and then saves what it read long before."""

from __future__ import annotations

import time

from tests.soak.actor import Actor, rest
from tests.soak.calls import READS, WRITES, AtOnce, finished
from tests.soak.history import Key, Seen
from tests.soak.outcomes import NothingThere
from tests.soak.subjects import Subject

READING = 0.55  # of the operations
LATE = 0.01  # of the writes are saves of something read some time ago


def run(actor: Actor) -> None:
    while actor.goes_on:
        if not (_read(actor) if actor.random.random() < READING else _write(actor)):
            rest()


def _read(actor: Actor) -> bool:
    subject = actor.subject()
    (call,) = actor.random.choices([*READS], [*READS.values()])
    with actor.read(subject) as found:
        found += finished(call(AtOnce(subject.model.records), subject, actor.random.choice(subject.keys)))
    return bool(found)


def _write(actor: Actor) -> bool:
    if actor.random.random() < LATE:
        return _save_late(actor)
    subject = actor.subject()
    (call,) = actor.random.choices([*WRITES], [*WRITES.values()])
    if call.__name__ in ("create", "delete") and not subject.passing:
        return True
    keys = actor.keys(subject, call.__name__)
    write = actor.write(call.__name__, subject, keys)
    try:
        seen = finished(call(AtOnce(subject.model.records), subject, keys, write.token, actor.random))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is in the history
        return write.failed(error)
    return write.ended(seen)


def _save_late(actor: Actor) -> bool:
    subject = actor.subject()
    keys = actor.keys(subject, "save")
    write = actor.write("late save", subject, keys)
    try:
        seen = [_saved_late(subject, keys[0], write.token, actor.random.uniform(0.05, 0.3))]
    except Exception as error:  # noqa: BLE001 - as above
        return write.failed(error)
    return write.ended(seen)


def _saved_late(subject: Subject, key: Key, token: str, seconds: float) -> Seen:
    record = subject.model.records.get(key)
    if record is None:
        raise NothingThere
    time.sleep(seconds)
    subject.change(record, token)
    return subject.seen(subject.model.records.save(record))
