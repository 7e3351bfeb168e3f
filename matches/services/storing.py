"""One match arrives from three endpoints, in any order and any number of times; it becomes one record.

Players' lists are written before the matches that they name. So a match that is stored is in the lists of all who
played it, whoever is killed in between, though the two components may have different stores; an entry whose match
never came leads nowhere, and is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from legacy_json.keys import shown
from matches.links import is_match_id
from matches.models import Match
from matches.services import listing
from matches.shapes.checked import MOST_ITEMS, MOST_PLAYERS, BadDocument, Document, checked
from matches.shapes.merging import Part, everyone_in, lay
from matches.shapes.values import objects, within
from migration_control.stores.changes import Changes

BATCH = 100  # matches of which the players are listed anew at once


class Relisted(NamedTuple):
    """matches: that were looked at. lists: of players that lacked something; once for each BATCH that found so."""

    matches: int
    lists: int


class _Arrival(NamedTuple):
    match_id: str
    part: Part
    document: Document


def store_details(document: dict[str, Any], *, now: datetime) -> Match:
    """The answer of /matches/{id}. An older copy than the one that is known adds only what that lacks.

    Raises BadDocument.
    """
    found = checked(document, "The details of a match")
    (match,) = _store([_Arrival(_id(found.get("match_id")), "details", found)], now)
    return match


def store_history(items: Sequence[dict[str, Any]], *, now: datetime) -> list[Match]:
    """Items of /players/{id}/history, of any player, 100 at most. The matches in the order of the items.

    Raises BadDocument, and then has stored none of them.
    """
    if not isinstance(items, list | tuple):
        raise BadDocument(f"A history is {shown(items)}, not a list.")
    if len(items) > MOST_ITEMS:
        raise BadDocument(f"A history has {len(items)} items; {MOST_ITEMS} are the most.")
    found = [checked(item, "An item of a history") for item in items]
    return _store([_Arrival(_id(item.get("match_id")), "history", item) for item in found], now)


def store_statistics(match_id: str, document: dict[str, Any], *, now: datetime) -> Match:
    """The answer of /matches/{id}/stats, of a match that need not be known yet. Raises BadDocument."""
    found = checked(document, "The statistics of a match")
    rounds = objects(found.get("rounds"))
    if not rounds:
        raise BadDocument("The statistics of a match have no rounds.")
    of = {round["match_id"] for round in rounds if isinstance(round.get("match_id"), str)}
    if of - {_id(match_id)}:
        raise BadDocument(f"The statistics are of {shown(sorted(of))}, not of {match_id}.")
    (match,) = _store([_Arrival(match_id, "statistics", found)], now)
    return match


def list_players_anew(
    *, now: datetime, dry_run: bool = False, progress: Callable[[int], object] = lambda _: None
) -> Relisted:
    """Put every match that there is into its players' lists. progress: is told how many matches have been looked at.

    For matches that an import brought, which came without the lists, or after a list was lost. May be repeated.
    """
    seen, lists, records = 0, 0, Match.records.iterate(page=BATCH)
    while batch := list(islice(records, BATCH)):
        lists += (listing.lacking if dry_run else listing.enter)(batch, now)
        seen += len(batch)
        progress(seen)
    return Relisted(seen, lists)


def _id(value: object) -> str:
    if not is_match_id(value):
        raise BadDocument(f"{shown(value)} is not the id of a match.")
    return str(value)


class _Unlisted(Exception):
    """What matches would become, where their players' lists do not say so yet; `new`: whether there was none. Nothing
    was written.
    """

    def __init__(self, matches: list[Match], new: set[str]) -> None:
        self.matches, self.new = matches, new


def _store(arrivals: list[_Arrival], now: datetime) -> list[Match]:
    """Most matches are known and listed: so it is tried, and the lists are written only if they have to be."""
    ids = list(dict.fromkeys(arrival.match_id for arrival in arrivals))
    listed: dict[str, tuple[bool, listing.Listed]] = {}

    def change(changes: Changes[Match]) -> dict[str, Match]:
        before = {id: listing.as_listed(changes.get(id)) for id in ids}
        for arrival in arrivals:
            match = changes.get(arrival.match_id) or changes.create(Match(match_id=arrival.match_id))
            lay(match, arrival.part, arrival.document)
        found = {id: changes[id] for id in ids}
        _check(found.values())
        new = {id for id in ids if before[id] is None}
        now_listed = {id: listing.as_listed(match) for id, match in found.items()}
        # One that was there at the last attempt, and is no more, was cleaned up, and its entries with it.
        unlisted = [id for id in ids if now_listed[id] != before[id] and (id in new, now_listed[id]) != listed.get(id)]
        if unlisted:
            raise _Unlisted([found[id] for id in unlisted], new)
        return found

    while ids:
        try:
            stored = Match.records.update_many(ids, change)
            return [stored[arrival.match_id] for arrival in arrivals]
        except _Unlisted as found:
            listing.enter(found.matches, now)
            listed |= {m.match_id: (m.match_id in found.new, listing.as_listed(m)) for m in found.matches}
    return []


def _check(matches: Iterable[Match]) -> None:
    for match in matches:
        if len(everyone_in(match)) > MOST_PLAYERS:
            raise BadDocument(f"{match.match_id} names more than {MOST_PLAYERS} players.")
        if match.statistics is not None and not any(
            within(round, "teams") for round in objects(match.statistics.get("rounds"))
        ):
            raise BadDocument(f"The statistics of {match.match_id} name no teams.")
