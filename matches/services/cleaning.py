"""What is too old to be kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from legacy_json.errors import NotOurs
from matches.models import Match, Status
from matches.services import listing
from matches.shapes.merging import moment_of
from migration_control.stores.changes import Changes

BATCH = 50  # matches in one commit; each may be some hundred KB


def clean_up(*, before: datetime) -> int:
    """Delete the finished matches that ended before then; how many. It looks at every match, a page at a time, so it
    is for a task that has time.

    Players' lists let go of a match first: whatever stops it in between, the next clean-up finds the match again.
    """
    deleted, records = 0, Match.records.iterate(page=BATCH)
    while batch := list(islice(records, BATCH)):
        if old := [match for match in batch if _is_old(match, before)]:
            deleted += _delete(old, before)
    return deleted


def _is_old(match: Match, before: datetime) -> bool:
    at = moment_of(match)
    return match.status == Status.FINISHED and at is not None and at < before


def _delete(matches: Sequence[Match], before: datetime) -> int:
    listing.leave(matches)
    ids = [match.match_id for match in matches]

    def change(changes: Changes[Match]) -> tuple[int, list[Match]]:
        old: list[Match] = []
        kept: list[Match] = []
        for match in changes.records:
            (old if _is_old(match, before) else kept).append(match)
        for match in old:
            changes.delete(match.match_id)
        return len(old), kept

    try:
        deleted, kept = Match.records.update_many(ids, change)
    except NotOurs:  # the bot writes matches, and players' lists are ours
        listing.enter(matches, before)
        raise
    if kept:  # it changed since it was looked at, and its entries are gone
        listing.enter(kept, before)
    return deleted
