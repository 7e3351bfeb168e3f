"""Staff: rows edited through the ORM as the admin does, which the database takes while it is the authority only.

Now and then a handler's write inside a transaction, which is taken back, or is not.
"""

from __future__ import annotations

import time

from django.db import connection, transaction

from tests.soak.actor import Actor, Write
from tests.soak.history import Key, Seen
from tests.soak.outcomes import NothingThere, TakenBack
from tests.soak.subjects import Subject

PAUSE = 0.01  # seconds: people are slow


def run(actor: Actor) -> None:
    acts = {_edit: 5, _joined: 3, _remove: 1}
    while actor.goes_on:
        subject = actor.subject()
        (act,) = actor.random.choices([*acts], [*acts.values()])
        if act is _remove and not subject.passing:
            continue
        kind = "delete" if act is _remove else "update"
        keys = actor.keys(subject, kind)
        write = actor.write(kind, subject, keys)
        try:
            with transaction.atomic():
                seen = act(actor, subject, keys[0], write)
                write.committing = True
        except Exception as error:  # noqa: BLE001 - whatever it is, it is in the history
            write.failed(error)
            if not connection.in_atomic_block:
                connection.close_if_unusable_or_obsolete()
        else:
            write.ended(seen)
        time.sleep(PAUSE)


def _edit(actor: Actor, subject: Subject, key: Key, write: Write) -> list[Seen]:
    del actor
    row = subject.model._base_manager.select_for_update().filter(pk=key).first()
    if row is None:
        raise NothingThere
    subject.change(row, write.token)
    row.save()
    row.refresh_from_db(fields=["version"])
    return [subject.seen(row)]


def _remove(actor: Actor, subject: Subject, key: Key, write: Write) -> list[Seen]:
    del actor, write
    row = subject.model._base_manager.select_for_update().filter(pk=key).first()
    if row is None:
        raise NothingThere
    seen = subject.seen(row)
    row.delete()
    return [seen]


def _joined(actor: Actor, subject: Subject, key: Key, write: Write) -> list[Seen]:
    record = subject.model.records.update(key, lambda record: subject.change(record, write.token))
    if actor.random.random() < 0.5:
        raise TakenBack
    return [subject.seen(record)]
