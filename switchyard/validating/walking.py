"""A component's records from beginning to end, as the authority has them, each by itself and with those it belongs to.

In memory are a page of records with what they belong to, and of each kind of finding so many as the report lists.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from legacy_json.keys import Key, shown
from migration_control import components
from migration_control.components import Component
from switchyard.validating.looking import PAUSE, Look, held
from switchyard.validating.records import check
from switchyard.validating.report import LISTED
from switchyard.validating.rules import Found

PAGE = 1000  # records

Page = dict[Key, Any]
Broken = dict[Key, list[Found]]


def walk(component: Component, look: Look) -> None:
    """Raises what the router does."""
    Walk(component, look).run()


class Walk:
    def __init__(self, component: Component, look: Look) -> None:
        self._component, self._look = component, look
        self._suspects: dict[Key, set[str]] = {}
        self._kinds: Counter[str] = Counter()
        self._chat: int | None = None  # the last that was found to have no profile

    def run(self) -> None:
        name, done = self._component.name, 0
        total = self._component.model.records.count()
        for page in _pages(self._component):
            self._suspect(broken_of(self._component, page, self._look))
            done += len(page)
            self._look.told(f"records of {name}", done, total)
        self._look.report.checked[name] = done
        self._settle()

    def _suspect(self, broken: Broken) -> None:
        crowded: dict[Key, set[str]] = {}
        for key, found in broken.items():
            for each in filter(lambda each: self._is_new(key, each), found):
                self._kinds[each.code] += 1
                into = crowded if self._kinds[each.code] > LISTED else self._suspects
                into.setdefault(key, set()).add(_name(each))
        counts = Counter(found.code for _, found in self._still(crowded))
        for code, number in counts.items():
            self._look.count(self._component.name, code, number)

    def _settle(self) -> None:
        """What is still so a moment later is no write under way."""
        if self._suspects:
            time.sleep(PAUSE)
        for key, found in self._still(self._suspects):
            self._look.found(self._component.name, key, found, user_id=_person(self._component, key))

    def _still(self, suspects: dict[Key, set[str]]) -> Iterator[tuple[Key, Found]]:
        """Those that are looked at again, and break the same rules."""
        keys = list(suspects)
        for at in range(0, len(keys), PAGE):
            records, _ = held(self._component, keys[at : at + PAGE])
            page = {key: records[key] for key in keys[at : at + PAGE] if key in records}
            for key, found in broken_of(self._component, page, self._look).items():
                yield from ((key, each) for each in found if _name(each) in suspects[key])

    def _is_new(self, key: Key, found: Found) -> bool:
        """Each chat without a profile is told once: its messages follow one another."""
        if found.code != "conversation-without-profile":
            return True
        before, self._chat = self._chat, found.facts["chat_id"]
        return before != self._chat


def broken_of(component: Component, page: Page, look: Look) -> Broken:
    """The rules that these break, by key."""
    broken = {key: check(component.name, record, look.now) for key, record in page.items()}
    for key, found in _RELATIONS.get(component.name, _alone)(page):
        broken[key].append(found)
    return {key: found for key, found in broken.items() if found}


def _pages(component: Component) -> Iterator[Page]:
    records = iter(component.model.records.iterate(page=PAGE))
    while page := {record.key: record for record in islice(records, PAGE)}:
        yield page


def _name(found: Found) -> str:
    """Of two findings of a record which is which."""
    return f"{found.code} {found.facts.get('field', '')}"


def _person(component: Component, key: Key) -> int | None:
    """Whose messages they are."""
    return int(str(key).partition(":")[0]) if component.name == "conversations" else None


# What records belong to


def _alone(page: Page) -> Iterator[tuple[Key, Found]]:
    yield from ()


def _of_users(page: Page) -> Iterator[tuple[Key, Found]]:
    theirs, reserved = held(components.get("subscriptions"), list(page))
    for key in page:
        if key not in theirs and key not in reserved:
            yield key, Found("user-without-subscription", {})


def _of_subscriptions(page: Page) -> Iterator[tuple[Key, Found]]:
    referrers = {key: each.referred_by for key, each in page.items() if each.referred_by is not None}
    users, reserved = held(components.get("users"), list({*page, *referrers.values()}))
    for key, subscription in page.items():
        if key not in users and key not in reserved:
            yield key, Found("orphaned-subscription", {"tier": shown(subscription.tier)})
    for key, referrer in referrers.items():
        if referrer not in users and referrer not in reserved:
            yield key, Found("unknown-referrer", {"referred_by": referrer})


def _of_messages(page: Page) -> Iterator[tuple[Key, Found]]:
    profiles, reserved = held(components.get("profiles"), list({message.chat_id for message in page.values()}))
    for key, message in page.items():
        if message.chat_id not in profiles and message.chat_id not in reserved:
            yield key, Found("conversation-without-profile", {"chat_id": message.chat_id})


_RELATIONS: dict[str, Callable[[Page], Iterator[tuple[Key, Found]]]] = {
    "users": _of_users,
    "subscriptions": _of_subscriptions,
    "conversations": _of_messages,
}
