"""Which matches a player was in: kept with the player, so that nobody has to look through all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from matches.models import Match, Player
from matches.shapes.merging import everyone_in, moment_of
from migration_control.stores.changes import Changes

KEPT = 500  # matches of one player, the latest; the longest history of a tier is 200
AT_ONCE = 200  # players in one commit

Entries = dict[str, int]  # epoch seconds by match id
Listed = tuple[datetime | None, frozenset[str]] | None


def enter(matches: Sequence[Match], now: datetime) -> int:
    """Have these matches in the lists of all whom they name; how many lists lacked something. now: of a match that does
    not say when it is.
    """
    wanted, known = _wanted(matches, now)
    lacked = 0
    for ids in _slices(sorted(wanted)):

        def change(changes: Changes[Player], ids: Sequence[str] = ids) -> int:
            lacking = 0
            for id in ids:
                player = changes.get(id) or changes.create(Player(player_id=id))
                had = _entries(player)
                player.matches = _with(had, wanted[id], known)
                lacking += player.matches != had
            return lacking

        lacked += Player.records.update_many(ids, change)
    return lacked


def lacking(matches: Sequence[Match], now: datetime) -> int:
    """How many lists enter() would alter. Writes nothing."""
    wanted, known = _wanted(matches, now)
    found = 0
    for ids in _slices(sorted(wanted)):
        players = Player.records.get_many(ids)
        for id in ids:
            had = _entries(players[id]) if id in players else {}
            found += _with(had, wanted[id], known) != had
    return found


def leave(matches: Iterable[Match]) -> None:
    """Take these matches out of all lists; a list that is empty then goes too."""
    unwanted: dict[str, set[str]] = defaultdict(set)
    for match in matches:
        for player_id in everyone_in(match):
            unwanted[player_id].add(match.match_id)
    for ids in _slices(sorted(unwanted)):

        def change(changes: Changes[Player], ids: Sequence[str] = ids) -> None:
            for player in changes.records:
                left = {id: at for id, at in _entries(player).items() if id not in unwanted[player.player_id]}
                if left:
                    player.matches = left
                else:
                    changes.delete(player.player_id)

        Player.records.update_many(ids, change)


def listed(player_id: str) -> list[str]:
    """Ids of the matches that name the player, the latest first."""
    player = Player.records.get(player_id)
    return [] if player is None else [id for id, _ in _latest_first(_entries(player))]


def as_listed(match: Match | None) -> Listed:
    """What the lists have of it: if that is the same, so are they."""
    return None if match is None else (moment_of(match), frozenset(everyone_in(match)))


def _wanted(matches: Sequence[Match], now: datetime) -> tuple[dict[str, Entries], set[str]]:
    """By player, and which matches say when they are."""
    wanted: dict[str, Entries] = defaultdict(dict)
    for match in matches:
        at = int((moment_of(match) or now).timestamp())
        for player_id in everyone_in(match):
            wanted[player_id][match.match_id] = at
    return wanted, {match.match_id for match in matches if moment_of(match)}


def _with(entries: Entries, wanted: Mapping[str, int], known: set[str]) -> Entries:
    """An entry keeps its place, unless the match has said its moment since."""
    added = {id: at for id, at in wanted.items() if id in known or id not in entries}
    merged = entries | added
    return merged if len(merged) <= KEPT else dict(_latest_first(merged)[:KEPT])


def _entries(player: Player) -> Entries:
    """As far as they are ours: a file may have been edited."""
    found = player.matches if isinstance(player.matches, dict) else {}
    return {id: at for id, at in found.items() if isinstance(at, int)}


def _latest_first(entries: Entries) -> list[tuple[str, int]]:
    return sorted(entries.items(), key=lambda entry: (-entry[1], entry[0]))


def _slices(ids: Sequence[str]) -> Iterable[list[str]]:
    return (list(ids[start : start + AT_ONCE]) for start in range(0, len(ids), AT_ONCE))
