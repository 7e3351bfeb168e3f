"""Whether what the example bot has told people is in both stores: who they are, what they said, chose and paid for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from config.journey.handover.found import Found
from config.journey.handover.notes import Answered, Kind
from legacy_json.keys import Key
from legacy_json.positions import span_of
from migration_control import components, store
from migration_control.wording import counted
from subscriptions.models import Payment

MONTH = timedelta(days=30)
NAMES: dict[Kind, str] = {
    "person": "bot: people", "message": "bot: messages", "language": "bot: languages", "payment": "bot: payments",
}  # fmt: skip


class Answers:
    """From the notes of all processes."""

    def __init__(self) -> None:
        self.all: list[Answered] = []

    def take(self, note: object) -> None:
        if isinstance(note, Answered):
            self.all.append(note)

    def __str__(self) -> str:
        done = Counter(answer.kind for answer in self.all if answer.outcome == "acknowledged")
        others = Counter(answer.outcome for answer in self.all if answer.outcome != "acknowledged")
        parts = [counted(done[kind], kind) for kind in NAMES if done[kind]]
        return ", ".join(parts + [f"{number:,} {outcome}" for outcome, number in sorted(others.items())])

    @property
    def count(self) -> int:
        """Of what was acknowledged so far."""
        return sum(answer.outcome == "acknowledged" for answer in self.all)


def look(answers: list[Answered], *, now: datetime) -> dict[str, Found]:
    """By what it is about; nothing if nobody came. Raises LegacyError, django.db.Error."""
    if not answers:
        return {}
    people = sorted({answer.person for answer in answers})
    users, subscriptions = _Both("users", people), _Both("subscriptions", people)
    found = {NAMES["person"]: _people(answers, users), NAMES["language"]: _languages(answers, users)}
    found[NAMES["payment"]] = _payments(answers, subscriptions, now)
    if any(answer.kind == "message" for answer in answers):
        found[NAMES["message"]] = _messages(answers, people)
    for kind, name in NAMES.items():
        if name in found:
            found[name].unknown = sum(answer.kind == kind and answer.outcome == "unknown" for answer in answers)
    return found


class _Both:
    """The same records in JSON and in the database."""

    def __init__(self, component: str, keys: list[int]) -> None:
        known = components.get(component)
        self.json: dict[Key, Any] = store.json_store(known).get_many(keys)
        self.database: dict[Key, Any] = {one.key: one for one in known.model._base_manager.filter(pk__in=keys)}


def _people(answers: list[Answered], users: _Both) -> Found:
    came = {answer.person for answer in _acknowledged(answers, "person")}
    found = Found(len(came), len(came & users.json.keys()), len(came & users.database.keys()))
    both = users.json.keys() & users.database.keys()
    found.wrong += [f"The bot welcomed {person}, who is not in both stores." for person in came - both]
    return found


def _languages(answers: list[Answered], users: _Both) -> Found:
    """The last one that each has chosen, unless nobody knows whether it was the last."""
    last: dict[int, Answered] = {answer.person: answer for answer in answers if answer.kind == "language"}
    chosen = {person: answer.what for person, answer in last.items() if answer.outcome == "acknowledged"}
    found = Found(len(chosen))
    for person, language in chosen.items():
        there = [
            getattr(users.json.get(person), "language", None),
            getattr(users.database.get(person), "language", None),
        ]
        found.in_json += there[0] == language
        found.in_database += there[1] == language
        if there != [language, language]:
            found.wrong.append(f"{person} chose {language}; JSON has {there[0]}, the database {there[1]}.")
    return found


def _messages(answers: list[Answered], people: list[int]) -> Found:
    said: dict[int, set[str]] = defaultdict(set)
    for answer in _acknowledged(answers, "message"):
        said[answer.person].add(answer.what)
    found = Found(sum(map(len, said.values())))
    for person in people:
        in_json, in_database = _kept(person)
        found.in_json += len(said[person] & in_json.keys())
        found.in_database += len(said[person] & in_database.keys())
        found.wrong += [f"{text} is not in both stores." for text in said[person] - (in_json & in_database).keys()]
        found.wrong += [f"{text} is twice in a store." for text, n in (in_json | in_database).items() if n > 1]
    return found


def _kept(person: int) -> tuple[Counter[str], Counter[str]]:
    known, (low, high) = components.get("conversations"), span_of(str(person))
    in_json = store.json_store(known).iterate(low=low, high=high)
    in_database = known.model._base_manager.filter(pk__gte=low, pk__lt=high)
    return _texts(in_json), _texts(in_database)


def _texts(messages: Iterable[Any]) -> Counter[str]:
    return Counter(message.text for message in messages if message.direction == "in")


def _payments(answers: list[Answered], subscriptions: _Both, now: datetime) -> Found:
    """Payments are rows of the database; what they have given is in both stores: a month for each, and no more."""
    thanked: dict[int, set[str]] = defaultdict(set)
    for answer in _acknowledged(answers, "payment"):
        thanked[answer.person].add(answer.what)
    rows: dict[int, set[str]] = defaultdict(set)
    for row in Payment.objects.filter(user_id__in=list(subscriptions.database), status=Payment.Status.COMPLETED):
        rows[row.user_id].add(row.charge_id)
    found = Found(sum(map(len, thanked.values())))
    for person in thanked.keys() | rows.keys():
        given = [_months(where.get(person), now) for where in (subscriptions.json, subscriptions.database)]
        found.in_json += min(given[0], len(thanked[person]))
        found.in_database += min(given[1], len(thanked[person] & rows[person]))
        if given != [len(rows[person])] * 2 or thanked[person] - rows[person]:
            found.wrong.append(
                f"{person} was thanked for {len(thanked[person])} payments of {len(rows[person])} in the database,"
                f" and has {given[0]} months in JSON, {given[1]} in the database."
            )
    return found


def _months(subscription: Any, now: datetime) -> int:
    if subscription is None or subscription.expires_at is None:
        return 0
    ends: datetime = subscription.expires_at
    return round((ends - now) / MONTH)


def _acknowledged(answers: list[Answered], kind: Kind) -> list[Answered]:
    return [answer for answer in answers if answer.kind == kind and answer.outcome == "acknowledged"]
