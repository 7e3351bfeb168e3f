"""What arrives, laid to what is known already. Nothing that is known is blanked by it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from matches.models import Match
from matches.shapes.checked import Document
from matches.shapes.columns import columns
from matches.shapes.sides import in_details, in_history, in_statistics, played, side_ids
from matches.shapes.statuses import farthest, is_before, status_of
from matches.shapes.values import objects, within

Part = Literal["details", "history", "statistics"]


def lay(match: Match, part: Part, document: Document) -> None:
    """Let the match have this document, and the columns that follow. The same one again changes nothing."""
    known: Document | None = getattr(match, part)
    if known is None:
        kept = document
    elif _is_older(part, document, known):
        kept = _filled(known, document)
    else:
        kept = _filled(document, known)
    setattr(match, part, kept)
    found = columns(match.details, match.history, match.statistics)
    found["status"] = farthest(found["status"], match.status)
    for name, value in found.items():
        if value is not None:
            setattr(match, name, value)


def moment_of(match: Match) -> datetime | None:
    """When it took place, as far as that is known."""
    return match.finished_at or match.started_at or match.configured_at or match.scheduled_at


def players_of(match: Match) -> dict[str, list[str]]:
    """Player ids by side: of those who played, once the statistics say it; of the rosters until then."""
    return played(match.details, match.history, match.statistics)


def everyone_in(match: Match) -> list[str]:
    """The ids of all whom any of its documents names as a player."""
    sides = side_ids(match.details, match.history, match.statistics)
    told = (in_details(match.details), in_history(match.history), in_statistics(match.statistics, sides))
    return list(dict.fromkeys(id for found in told for ids in found.values() for id in ids))


def _is_older(part: Part, document: Document, known: Document) -> bool:
    if part == "statistics":
        return _weight(document) < _weight(known)
    return is_before(status_of(document.get("status")), status_of(known.get("status")))


def _weight(statistics: Document) -> tuple[int, int]:
    """Of statistics one copy may have fewer maps, or lack the extended figures."""
    rounds = objects(within(statistics, "rounds"))
    teams = [team for round in rounds for team in objects(round.get("teams"))]
    told = [within(player, "player_stats") for team in teams for player in objects(team.get("players"))]
    return len(rounds), sum(len(figures) for figures in told if isinstance(figures, dict))


def _filled(newer: Document, older: Document) -> Document:
    """The newer one, with the members that it lacks, or has as null, from the older."""
    lacked = {name: value for name, value in older.items() if value is not None and newer.get(name) is None}
    return newer | lacked
