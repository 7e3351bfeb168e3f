"""The calls of a handler, drawn by lot, each noted before it begins and again when it has its answer."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Coroutine
from itertools import count
from random import Random
from typing import Any, NamedTuple

from django.db import Error
from django.utils import timezone

from config.journey.handover.notes import Begun, Ended, Notebook, Outcome, Read
from config.journey.handover.subjects import EVENTS, MARK, MESSAGES, USERS, Subject
from legacy_json.errors import LegacyError
from legacy_json.keys import Key
from migration_control.routing.errors import RouterError
from migration_control.stores.changes import Changes
from migration_control.stores.commits import OutcomeUnknown

READING = 0.5  # of the calls
WRITES = {"update": 6, "update_many": 3, "create": 3, "delete": 1}
SEVERAL = 4  # records that are read at once
WHEN = {MESSAGES.component: "ts", EVENTS.component: "timestamp"}


class Write(NamedTuple):
    """call: returns the keys that it changed; of a record that the host keeps for the database, none."""

    kind: str
    keys: list[Key]
    call: Callable[[], Coroutine[Any, Any, list[Key]]]


class Calls:
    """Of one process. number: no other process of this demo has it, nor had it before."""

    def __init__(self, notebook: Notebook, number: int, subjects: list[Subject]) -> None:
        self._notebook, self._number, self._subjects = notebook, number, subjects
        self._random = Random(number)  # noqa: S311 - what is drawn by lot is traffic
        self._tokens, self._numbers = count(1), count(1)
        self._known: dict[str, list[Key]] = {}  # imported records, and its own
        self._passing: dict[str, list[Key]] = {subject.component: [] for subject in subjects}  # those it may delete
        self._free: list[Key] = []  # users that have no subscription yet
        self._held: Counter[tuple[str, Key]] = Counter()  # by calls that are under way
        self._told: dict[tuple[str, Key], str] = {}  # the last token that was acknowledged

    async def one(self) -> bool:
        """One call. Whether it was served."""
        subject = self._random.choice(self._subjects)
        if subject.component not in self._known or self._random.random() < READING:
            return await self._read(subject)
        write = self._drawn(subject, token := f"{MARK}{self._number}.{next(self._tokens)}")
        return write is None or await self._write(subject, write, token)

    # Reads

    async def _read(self, subject: Subject) -> bool:
        began, told = time.monotonic(), dict(self._told)
        try:
            found = await self._found(subject)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is noted
            self._notebook.note(Read(subject.component, _since(began), error=_named(error), undeclared=_odd(error)))
            return False
        old = [
            told[at]
            for record in found
            if not record.stale and (at := (subject.component, record.key)) in told
            and told[at] not in subject.tokens(record)
        ]  # fmt: skip
        stale = any(record.stale for record in found)
        self._notebook.note(Read(subject.component, _since(began), stale, " ".join(old)))
        return True

    async def _found(self, subject: Subject) -> list[Any]:
        records, known = subject.known.model.records, self._known.get(subject.component)
        if known is None:
            return await self._imported(subject)
        keys = self._random.sample(known, min(len(known), self._random.choice((1, 1, SEVERAL))))
        if len(keys) == 1:
            one = await records.aget(keys[0])
            return [] if one is None else [one]
        return list((await records.aget_many(keys)).values())

    async def _imported(self, subject: Subject) -> list[Any]:
        """The first read of all: of records that lasted until now, and of no handler's."""
        found: list[Any] = []
        if subject.imported:
            async for record in subject.known.model.records.aiterate(page=subject.imported):
                found.append(record)
                if len(found) == subject.imported:
                    break
        keys = [record.key for record in found if not subject.is_ours(record.key)]
        self._known.setdefault(subject.component, keys)
        return found

    # Writes

    def _drawn(self, subject: Subject, token: str) -> Write | None:
        """None if there is nothing to write just now."""
        (kind,) = self._random.choices([*WRITES], [*WRITES.values()])
        known = self._known[subject.component]
        if kind == "delete" and (write := self._deletion(subject)):
            return write
        if kind == "create" or len(known) < 2:
            return self._append(subject, token) if subject.stem else self._creation(subject, token)
        keys = self._random.sample(known, 2 if kind == "update_many" else 1)
        records = subject.known.model.records

        def change(found: Changes[Any]) -> None:
            for key in keys:
                subject.mark(found[key], token)

        async def update() -> list[Key]:
            if len(keys) == 1:
                await records.aupdate(keys[0], lambda record: subject.mark(record, token))
            else:
                await records.aupdate_many(keys, change)
            return keys

        return Write("update" if len(keys) == 1 else "update_many", keys, update)

    def _creation(self, subject: Subject, token: str) -> Write | None:
        if subject.of and not self._free:
            return None
        assert subject.key is not None
        key = self._free.pop() if subject.of else subject.key(self._number, next(self._numbers))

        async def create() -> list[Key]:
            await subject.known.model.records.acreate(subject.make(key, token))
            self._created(subject, key)
            return [key]

        return Write("create", [key], create)

    def _created(self, subject: Subject, key: Key) -> None:
        self._known[subject.component].append(key)
        if self._random.random() < 0.5:
            self._passing[subject.component].append(key)
        elif subject is USERS:
            self._free.append(key)  # it stays: in JSON a subscription lies in its user, and would go with it

    def _append(self, subject: Subject, token: str) -> Write:
        async def append() -> list[Key]:
            record = subject.make(None, token)
            setattr(record, WHEN[subject.component], timezone.now())
            made = await subject.known.model.records.aappend(record, stem=subject.stem, once=token)
            if made.kept:
                return []
            self._known[subject.component].append(made.key)
            return [made.key]

        return Write("append", [], append)

    def _deletion(self, subject: Subject) -> Write | None:
        passing = self._passing[subject.component]
        key = next((key for key in passing if not self._held[subject.component, key]), None)
        if key is None:
            return None
        passing.remove(key)
        self._known[subject.component].remove(key)

        async def delete() -> list[Key]:
            await subject.known.model.records.adelete(key)
            return [key]

        return Write("delete", [key], delete)

    async def _write(self, subject: Subject, write: Write, token: str) -> bool:
        self._notebook.note(Begun(token, write.kind, subject.component, write.keys))
        held = [(subject.component, key) for key in write.keys]
        self._held.update(held)
        began = time.monotonic()
        try:
            changed = await write.call()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is noted
            outcome, said = _outcome(error), _odd(error)
            self._notebook.note(Ended(token, outcome, _since(began), error=_named(error), undeclared=said))
            return False
        finally:
            self._held.subtract(held)
        self._notebook.note(Ended(token, "acknowledged" if changed else "kept", _since(began), changed))
        if write.kind != "delete":
            self._told.update({(subject.component, key): token for key in changed})
        return True


def _since(began: float) -> float:
    return round(time.monotonic() - began, 4)


def _named(error: Exception) -> str:
    return type(error).__name__


def _outcome(error: Exception) -> Outcome:
    """An error that nobody has declared leaves the matter open."""
    return "refused" if isinstance(error, RouterError | LegacyError | Error) else "unknown"


def _odd(error: Exception) -> str:
    """What it says, if it is of no class that the store's documentation names."""
    return "" if isinstance(error, RouterError | LegacyError | Error | OutcomeUnknown) else str(error) or repr(error)
