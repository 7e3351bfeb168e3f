"""The database's side of effects that took place once: what is asked of its table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from legacy_json import effects as in_index
from legacy_json.effects import Effect
from legacy_json.index import Index
from legacy_json.keys import Key
from legacy_json.positions import span_of
from migration_control.components import Component
from migration_control.models import AppliedEffect, ComponentState

PAGE = 1000  # effects

# Values: component, acked, and lists of names, keys and seconds.
INSERT = (
    "INSERT INTO migration_control_appliedeffect (component, effect, key, at, acked)"
    " SELECT %s, g.name, g.key, to_timestamp(g.at), %s FROM unnest(%s::text[], %s::text[], %s::bigint[])"
    " AS g (name, key, at)"
)
ONCE = " ON CONFLICT DO NOTHING"

_ACK = (
    "UPDATE migration_control_appliedeffect a SET acked = true FROM unnest(%s::text[], %s::text[]) AS g (name, key)"
    " WHERE a.component = %s AND a.effect = g.name AND a.key = g.key"
)


def values(component: str, effects: Sequence[Effect], *, acked: bool) -> list[Any]:
    """In the order in which INSERT takes them."""
    return [component, acked, [e.name for e in effects], [str(e.key) for e in effects], [e.at for e in effects]]


def insert(component: str, effects: Sequence[Effect], *, acked: bool) -> int:
    """Inside a transaction. Returns how many had not taken place yet; waits for whoever is at the same."""
    with connection.cursor() as cursor:
        cursor.execute(INSERT + ONCE, values(component, effects, acked=acked))
        return int(cursor.rowcount)


def acknowledge(component: str, effects: Sequence[Effect]) -> None:
    """JSON has these."""
    with connection.cursor() as cursor:
        cursor.execute(_ACK, [[e.name for e in effects], [str(e.key) for e in effects], component])


def lacked(component: Component, limit: int) -> list[Effect]:
    """Some that JSON is not known to have."""
    rows = AppliedEffect.objects.filter(component=component.name, acked=False)
    return _effects(component, rows.values_list("key", "effect", "at")[:limit])


def everything(component: Component) -> Iterator[list[Effect]]:
    """In pages."""
    rows = AppliedEffect.objects.filter(component=component.name).order_by("effect", "key")
    after = ("", "")
    while True:
        beyond = rows.filter(pk__gt=(component.name, *after))
        page = list(beyond.values_list("key", "effect", "at")[:PAGE])
        if not page:
            return
        after = (page[-1][1], page[-1][0])
        yield _effects(component, page)


def merge(component: Component, index: Index) -> None:
    """Of two stores that are to know one another anew: the index takes all that took place in either."""
    with index.write(shown=False) as (connected, _):
        in_index.lack_all(connected, component.name)
    for page in everything(component):
        with index.write(shown=False) as (connected, _):
            in_index.accept(connected, component.name, page)


def appended(component: Component, name: str, stem: str) -> Key | None:
    """The key that an element of that list was given when it was appended under this name."""
    rows = AppliedEffect.objects.filter(component=component.name, effect=name, key__range=span_of(stem))
    return rows.values_list("key", flat=True).first()


def trim(component: str, before: datetime) -> int:
    """Forget those that are older and that JSON has, or never will. Returns how many."""
    rows = AppliedEffect.objects.filter(component=component, at__lt=before)
    closed = ComponentState.objects.filter(name=component, closed_above__isnull=False)
    return (rows if closed.exists() else rows.filter(acked=True)).delete()[0]


def pending_of(component: str, key: str) -> str:
    """SQL of a list of texts: what JSON lacks of the record whose key, a text, that expression is."""
    return (
        "ARRAY(SELECT extract(epoch FROM a.at)::bigint || ' ' || a.effect FROM migration_control_appliedeffect a"  # noqa: S608
        f" WHERE a.component = '{component}' AND a.key = {key} AND NOT a.acked)"
    )


def parsed(key: Key, texts: Iterable[str]) -> tuple[Effect, ...]:
    """What `pending_of` selects."""
    pairs = (text.split(" ", 1) for text in texts)
    return tuple(Effect(key, name, int(at)) for at, name in pairs)


def _effects(component: Component, rows: Iterable[tuple[str, str, datetime]]) -> list[Effect]:
    return [Effect(component.parse_key(key), name, int(at.astimezone(UTC).timestamp())) for key, name, at in rows]
