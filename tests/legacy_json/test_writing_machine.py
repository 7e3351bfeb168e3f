"""Long random histories of our files beside plain dicts: writes, take-overs, the database, crashes."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from legacy_json import taking
from legacy_json.errors import AlreadyThere, KeyReserved, NotOurs, NotThere, RecordRefused, Stale, ValueTaken
from legacy_json.index import Index
from legacy_json.keys import Key
from legacy_json.layouts import Collection
from legacy_json.records import Batch, Record, State
from legacy_json.unique import lookups_of
from legacy_json.writing import Writer, commit
from tests.legacy_json.ours import MATCHES, MESSAGES, PROFILES, SUBSCRIPTIONS, USERS, Ours, refusal

fork = multiprocessing.get_context("fork")
COLLECTIONS = {c.name: c for c in (USERS, SUBSCRIPTIONS, MATCHES, PROFILES, MESSAGES)}
KEYED = ("users", "subscriptions", "profiles", "matches")
SOURCES = ("data.json", "girls_data.json + girls_data/*.json", "conversations/*.json")
NUMBERS = st.integers(0, 5)
CODES = st.sampled_from([None, "", "a", "b", "c", 7, "7"])
PLAIN = st.sampled_from([0, 1.5, None, "x", "\ud800", 10**30, [1, {"n": None}]])
VERBS = ("put", "put", "put", "delete", "create", "replace")  # put: whichever of the last two it takes
ACTS = st.tuples(st.sampled_from(VERBS), st.sampled_from(KEYED), NUMBERS, CODES, PLAIN)
LEGACY_USERS = st.lists(st.tuples(NUMBERS, CODES, st.one_of(st.none(), CODES.map(lambda code: [code]))), max_size=7)
LEGACY_PROFILES = st.lists(st.tuples(NUMBERS, st.booleans(), PLAIN), max_size=4)

Identity = tuple[str, Key]
Act = tuple[str, str, int, Any, Any]


@dataclass(frozen=True)
class Row:
    version: int
    document: dict[str, Any]


class Refused(Exception):
    """By the model; kind: what the store has to raise."""

    def __init__(self, kind: type[RecordRefused]) -> None:
        self.kind = kind


class Machine(RuleBasedStateMachine):
    """The model knows what is there, in which version, and which version the database has confirmed."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.ours = Ours(self.root, {"data.json": {"users": []}, "girls_data.json": {"girls": {}}}, self._all)
        (self.root / "girls_data").mkdir()
        (self.root / "conversations").mkdir()
        self.ours.read()
        self.rows: dict[Identity, Row] = {}
        self.highest: dict[Identity, int] = {}
        self.confirmed: dict[Identity, int] = {}
        self.reserved: set[Identity] = set()
        self.marked: set[Identity] = set()
        self.owned = False
        self.batch: Batch | None = None

    @property
    def _all(self) -> tuple[Collection, ...]:
        return tuple(COLLECTIONS.values())

    def teardown(self) -> None:
        self.ours.index.close()
        shutil.rmtree(self.root)

    # The bot, before we take its files and after it has them back

    @initialize(users=LEGACY_USERS, profiles=LEGACY_PROFILES, owned=st.booleans())
    def begin(self, users: list[Any], profiles: list[Any], owned: bool) -> None:
        self.the_bot_writes(users, profiles)
        if owned:
            self.take()

    @precondition(lambda self: not self.owned)
    @rule(users=LEGACY_USERS, profiles=LEGACY_PROFILES)
    def the_bot_writes(self, users: list[Any], profiles: list[Any]) -> None:
        listed, girls = [_legacy_user(*user) for user in users], {}
        for path in (self.root / "girls_data").glob("*.json"):
            path.unlink()
        for number, newest, value in profiles:
            if newest:
                self.ours.put(f"girls_data/{number}.json", {"value": value})
            else:
                girls[str(number)] = {"value": value, "old": True}
        self.ours.put("data.json", {"users": listed, "more": [1]})
        self.ours.put("girls_data.json", {"girls": girls})
        self.ours.read()
        self._learn()

    @precondition(lambda self: not self.owned)
    @rule()
    def take(self) -> None:
        _age(self.root)
        self.ours.take()
        self._learn(unchanged=True)
        self.owned = True

    @precondition(lambda self: self.owned)
    @rule()
    def give_back(self) -> None:
        if any(taking.orphans(self.ours.index, self.ours.sources[name]) for name in SOURCES):
            return
        for name in SOURCES:
            taking.give_back(self.ours.index, self.root, self.ours.sources, self.ours.sources[name])
        _age(self.root)
        self.owned = False
        self.ours.read()
        self._learn(unchanged=True)

    @precondition(lambda self: self.owned)
    @rule()
    def render(self) -> None:
        self.ours.render()
        assert self.ours.render() == 0
        self._check_files()

    # Writing

    @rule(act=ACTS)
    def write_one(self, act: Act) -> None:
        self._write([act])

    @rule(acts=st.lists(ACTS, max_size=6))
    def write_several(self, acts: list[Act]) -> None:
        self._write(acts)

    @precondition(lambda self: self.rows)
    @rule(data=st.data(), code=CODES, late=st.booleans())
    def write_at_a_version(self, data: st.DataObject, code: Any, late: bool) -> None:
        name, key = data.draw(st.sampled_from(sorted(self.rows, key=repr)))
        version = self.rows[name, key].version - late
        document = _document(name, key, code, 0)
        try:
            with commit(self.ours.index, self.ours.places) as writer:
                writer.replace(COLLECTIONS[name], key, document, version)
        except Stale:
            assert late
            assert (name, key) not in self.reserved
        except (KeyReserved, NotOurs, ValueTaken):
            pass  # write_one looks at which
        else:
            assert not late
            self._wrote({(name, key): document})

    @rule(chat=st.sampled_from(["1", "-5"]), count=st.integers(1, 3), value=PLAIN)
    def append(self, chat: str, count: int, value: Any) -> None:
        had = [key for name, key in self.highest if name == "conversations" and str(key).startswith(f"{chat}:")]
        try:
            with commit(self.ours.index, self.ours.places) as writer:
                keys = [writer.append(MESSAGES, chat, {"text": value, "n": n}) for n in range(count)]
        except NotOurs:
            assert not self.owned
            return
        assert keys == [f"{chat}:{len(had) + n:010d}" for n in range(count)]
        self._wrote({("conversations", key): {"text": value, "n": n} for n, key in enumerate(keys)})

    @precondition(lambda self: self.owned and self.rows)
    @rule(data=st.data(), again=st.booleans())
    def delete_what_is_there(self, data: st.DataObject, again: bool) -> None:
        name, key = data.draw(st.sampled_from(sorted(self.rows, key=repr)))
        if (name, key) in self.reserved:
            return
        self.ours.delete(COLLECTIONS[name], key)
        self._wrote({at: None for at in _deleted_with((name, key)) if at in self.rows})
        if again:
            self.ours.create(COLLECTIONS[name], key, user_id=key)
            self._wrote({(name, key): {"user_id": key}})

    def _resolved(self, acts: Sequence[Act]) -> list[Act]:
        there = dict.fromkeys(self.rows, True)
        found = []
        for verb, name, number, *rest in acts:
            at = name, _key(name, number)
            act = ("replace" if there.get(at) else "create") if verb == "put" else verb
            found.append((act, name, number, *rest))
            there |= dict.fromkeys(_deleted_with(at), False) if act == "delete" else {at: True}
        return found

    def _write(self, acts: Sequence[Act]) -> None:
        acts = self._resolved(acts)
        try:
            written = self._expected(acts)
        except Refused as refused:
            expected: type[RecordRefused] | type[NotOurs] = refused.kind
        else:
            if self.owned or all(name == "matches" for name, _ in written):
                with commit(self.ours.index, self.ours.places) as writer:
                    _act(writer, acts)
                self._wrote(written)
                return
            expected = NotOurs
        refusals = (expected,) if self.owned else (expected, NotOurs)
        with pytest.raises(refusals), commit(self.ours.index, self.ours.places) as writer:
            _act(writer, acts)

    def _expected(self, acts: Sequence[Act]) -> dict[Identity, dict[str, Any] | None]:
        """What is there after them of what they touch; of what was not and is not, nothing. Raises Refused."""
        now: dict[Identity, dict[str, Any] | None] = {}
        for verb, name, number, code, value in acts:
            at = name, _key(name, number)
            if at in self.reserved and at not in now:
                raise Refused(KeyReserved)
            before = self.rows.get(at)
            there = now[at] is not None if at in now else before is not None
            if there == (verb == "create"):
                raise Refused(AlreadyThere if there else NotThere)
            if verb == "delete":
                now |= {each: None for each in _deleted_with(at) if each in now or each in self.rows}
            else:
                now[at] = _document(name, number, code, value)
        written = {at: document for at, document in now.items() if document is not None or at in self.rows}
        self._check_unique(written)
        return written

    def _check_unique(self, written: dict[Identity, dict[str, Any] | None]) -> None:
        had = {at: _unique(at[0], row.document) for at, row in self.rows.items()}
        kept = {at: values & _unique(at[0], written.get(at, self.rows[at].document)) for at, values in had.items()}
        held: set[tuple[str, Any]] = {(at[0], value) for at, values in kept.items() for value in values}
        for at, document in written.items():
            new = _unique(at[0], document) - had.get(at, set())
            if any((at[0], value) in held for value in new):
                raise Refused(ValueTaken)
            held |= {(at[0], value) for value in new}

    def _wrote(self, written: Mapping[Identity, dict[str, Any] | None]) -> None:
        for at, document in written.items():
            version = self.highest[at] = self.highest.get(at, -1) + 1
            self.reserved.discard(at)  # that it was deleted along with a user
            if document is None:
                del self.rows[at]
            else:
                self.rows[at] = Row(version, document)
        self._relieve(set(written))

    def _relieve(self, written: set[Identity]) -> None:
        """A mark that goes with the value of another record raises the version of its own by one."""
        for at in self.marked - self._marked() - written:
            assert self._record(at).version == self.highest[at] + 1
            self.highest[at] += 1
            self.rows[at] = Row(self.highest[at], self.rows[at].document)
            self.reserved.discard(at)
        self.marked = self._marked()  # a rule may write twice

    # The database

    @rule(name=st.sampled_from(sorted(COLLECTIONS)), limit=st.integers(1, 4))
    def hand_out(self, name: str, limit: int) -> None:
        self.batch = self.ours.index.pending(name, None, limit)

    @precondition(lambda self: self.batch is not None)
    @rule(refused=st.sets(st.integers(0, 3)))
    def acknowledge(self, refused: set[int]) -> None:
        batch, self.batch = self.batch, None
        assert batch is not None
        name = batch.component
        findings = [
            refusal(COLLECTIONS[name], record.key, "x")
            for number, record in enumerate(batch.records)
            if number in refused and record.state == State.LIVE
        ]
        if not self.ours.index.acknowledge(batch, findings):
            return
        for record in batch.records:
            at = name, record.key
            if record.version == self.highest[at]:
                self.confirmed[at] = record.version
                if record.key in {finding.key for finding in findings}:
                    self.reserved.add(at)

    @rule(name=st.sampled_from(sorted(COLLECTIONS)), numbers=st.sets(NUMBERS))
    def forget(self, name: str, numbers: set[int]) -> None:
        if name == "conversations":
            return
        keys = [_key(name, number) for number in numbers]
        self.ours.index.forget(name, keys)
        self.batch = None  # void, as another test shows
        for key in keys:
            if (name, key) not in self.reserved:
                self.confirmed.pop((name, key), None)

    @rule(name=st.sampled_from(sorted(COLLECTIONS)))
    def try_again(self, name: str) -> None:
        self.ours.index.retry_quarantined(name)
        for at in [at for at in self.reserved if at[0] == name]:
            self.reserved.discard(at)
            self.confirmed.pop(at, None)

    # Crashes

    @rule(acts=st.lists(ACTS, max_size=4))
    def fail_within_a_commit(self, acts: list[Act]) -> None:
        refusals = (RecordRefused, NotOurs, ZeroDivisionError)
        with pytest.raises(refusals), commit(self.ours.index, self.ours.places) as writer:
            _act(writer, self._resolved(acts))
            writer.finish()
            _ = 1 / 0

    @rule(acts=st.lists(ACTS, min_size=1, max_size=4), statement=st.integers(1, 60))
    def die_within_a_commit(self, acts: list[Act], statement: int) -> None:
        self.ours.index.close()
        acts = self._resolved(acts)
        child = fork.Process(target=_die, args=(self.ours, acts, statement))
        child.start()
        child.join()
        if child.exitcode == 0:
            try:
                self._wrote(self._expected(acts))
            except Refused as refused:
                raise AssertionError("it was written") from refused

    @rule()
    def reopen(self) -> None:
        self.ours.index.close()
        self.ours.index = Index(self.ours.index.path)

    # What holds after each step

    @invariant()
    def the_index_is_consistent(self) -> None:
        self.ours.check()

    @invariant()
    def it_has_what_the_model_has(self) -> None:
        found: dict[Identity, Row] = {}
        for name in COLLECTIONS:
            for record in self._records(name):
                at = name, record.key
                assert record.version == self.highest[at], (record, self.highest[at])
                assert (record.state == State.QUARANTINED) == (at in self.reserved)
                if record.state in (State.LIVE, State.QUARANTINED):
                    found[at] = Row(record.version, json.loads(record.document))
        assert found == self.rows

    @invariant()
    def the_database_is_told_of_what_it_lacks_and_of_nothing_else(self) -> None:
        waiting = {
            (name, record.key): record.version
            for name in COLLECTIONS
            for record in self.ours.index.pending(name, None, 1000).records
        }
        lacks = {at: version for at, version in self.highest.items() if self.confirmed.get(at) != version}
        assert waiting == {at: version for at, version in lacks.items() if at not in self.reserved}

    @invariant()
    def remember_the_marks(self) -> None:
        self.marked = self._marked()

    # Help

    def _learn(self, *, unchanged: bool = False) -> None:
        """What a reading found. unchanged: it should have found what is there already."""
        before, had = self.rows, dict(self.highest)
        self.rows = {}
        for name in COLLECTIONS:
            for record in self._records(name):
                at = name, record.key
                assert record.version >= had.get(at, 0)
                self.highest[at] = record.version
                if record.state in (State.LIVE, State.QUARANTINED):
                    self.rows[at] = Row(record.version, json.loads(record.document))
                (self.reserved.add if record.state == State.QUARANTINED else self.reserved.discard)(at)
        if unchanged:
            assert (self.rows, self.highest) == (before, had)

    def _records(self, name: str) -> list[Record]:
        query = f"SELECT {', '.join(Record._fields)} FROM record WHERE component = ?"
        return [Record._make(row) for row in self.ours.index.connection().execute(query, (name,))]

    def _record(self, at: Identity) -> Record:
        return self.ours.record(COLLECTIONS[at[0]], at[1])

    def _marked(self) -> set[Identity]:
        return {(name, key) for name in COLLECTIONS for key in self.ours.marked(COLLECTIONS[name])}

    def _check_files(self) -> None:
        users = self.ours.content("data.json")["users"]
        first = {user["user_id"]: user for user in reversed(users)}
        expected = {key: row.document for (name, key), row in self.rows.items() if name == "users"}
        inside = {key: row.document for (name, key), row in self.rows.items() if name == "subscriptions"}
        assert {k: _without(user) for k, user in first.items()} == {k: _without(v) for k, v in expected.items()}
        found = {key: user["subscription"] for key, user in first.items() if user.get("subscription") is not None}
        assert found == {key: document for key, document in inside.items() if key in expected}
        for chat in ("1", "-5"):
            path = self.root / f"conversations/{chat}.json"
            said = [r.document for (n, k), r in sorted(self.rows.items(), key=repr) if str(k).startswith(f"{chat}:")]
            assert (json.loads(path.read_text()) if path.exists() else []) == said


def _without(user: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in user.items() if name != "subscription"}


def _legacy_user(number: int, code: Any, subscription: list[Any] | None) -> dict[str, Any]:
    user = _document("users", number, code, 0)
    return user | ({"subscription": {"referral_code": subscription[0]}} if subscription else {})


def _key(name: str, number: int) -> Key:
    return f"m{number}" if name == "matches" else number


def _deleted_with(at: Identity) -> list[Identity]:
    """The record, and what lies inside it."""
    return [at, ("subscriptions", at[1])] if at[0] == "users" else [at]


def _document(name: str, number: Key, code: Any, value: Any) -> dict[str, Any]:
    unique = {"users": "faceit_player_id", "subscriptions": "referral_code"}.get(name, "code")
    own = {"user_id": number} if name == "users" else {}
    return {**own, unique: code, "value": value, "faceit_nickname": code}


def _unique(name: str, document: dict[str, Any] | None) -> set[tuple[str, str]]:
    collection = COLLECTIONS[name]
    return {found for found in lookups_of(collection, document or {}) if found[0] in collection.unique}


def _act(writer: Writer, acts: Iterable[Act]) -> None:
    for verb, name, number, code, value in acts:
        collection, key = COLLECTIONS[name], _key(name, number)
        document = _document(name, number, code, value)
        if verb == "delete":
            writer.delete(collection, key)
        else:
            getattr(writer, verb)(collection, key, document)


def _die(ours: Ours, acts: list[Act], statement: int) -> None:
    done = 0

    def count(_: str) -> None:
        nonlocal done
        done += 1
        if done == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    ours.index.connection().set_trace_callback(count)
    try:
        with commit(ours.index, ours.places) as writer:
            _act(writer, acts)
    except (RecordRefused, NotOurs):
        os._exit(1)
    os._exit(0)


def _age(root: Path) -> None:
    past = time.time() - 3600
    for path in root.rglob("*.json"):
        os.utime(path, (past, past))


TestHistories = Machine.TestCase
TestHistories.settings = settings(
    max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
