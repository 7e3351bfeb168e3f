"""What the demo says at its end: some lines for people, or one document for scripts."""

from __future__ import annotations

import shlex
from typing import Any

from django.conf import settings
from django.db import connection
from rich.console import Console

from config.journey.fates import ARRIVED, LOST
from config.journey.handover.judging import Judgement
from config.journey.steps import Journey
from legacy_json.records import SUPERSEDED, Outcome
from migration_control import reporting

OUTCOMES = (ARRIVED, Outcome.REPORTED, Outcome.REPAIRED, SUPERSEDED, Outcome.QUARANTINED, LOST)
TABLE = "SELECT pg_total_relation_size(%s)"
Document = dict[str, Any]


def document(journey: Journey, judged: Judgement | None = None) -> Document:
    """Everything, for scripts; to be taken while the database is up. judged: of the handover, if there was one."""
    source, report = journey.source, journey.report
    return {
        "ok": not journey.problems,
        "problems": journey.problems,
        "source": {
            "file": source.shown,
            "files": journey.files,
            "bots": list(source.bots),
            "example": source.original is None,
            "sha256": source.sha256,
            "identical": journey.identical,
        },
        "time_zone": {"name": source.zone, "assumed": source.zone_assumed},
        "records": {
            name: {
                "entries": tally.entries,
                **{str(outcome): tally.outcomes[outcome] for outcome in OUTCOMES},
                "round_trip": tally.round_trip,
                "rows": tally.rows,
            }
            for name, tally in journey.tallies.items()
        },
        "report": {"text": str(report.text), "lines": str(report.lines), "records": report.count},
        "runs": [reporting.run_dict(run) for run in journey.runs],
        "handover": None if judged is None else _handover(judged),
        "seconds": journey.seconds,
        "bytes": _bytes(journey),
    }


def show(console: Console, journey: Journey, found: Document) -> None:
    """The same on a screen."""

    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False)

    if journey.report.count:
        say(f"\n{journey.report.count:,} records did not arrive plainly as they are; all are in {journey.report.text}:")
        for line in journey.report.first:
            say(f"  {line}")
    console.print("\n[bold]Summary[/]")
    for name, counts in found["records"].items():
        parts = ", ".join(f"{counts[outcome]:,} {_WORDS[outcome]}" for outcome in OUTCOMES if counts[outcome])
        say(f"  {name}: {counts['round_trip']:,} of {counts['entries']:,} records round-trip ({parts})")
    if found["handover"]:
        say("  handover: " + _handed_over(found["handover"]))
    say(f"  time: {sum(found['seconds'].values()):.1f} s, of these {_seconds(found['seconds'])}")
    say("  disk: " + ", ".join(f"{name.replace('_', ' ')} {_size(size)}" for name, size in found["bytes"].items()))
    if journey.identical:
        say(f"  {journey.source.shown} is byte-identical, SHA-256 {journey.source.sha256}")
    if journey.source.zone_assumed:
        say(
            "  UTC was assumed for the times in the files, which carry no zone. Name the zone of the bot's machine:"
            f" LEGACY_TIME_ZONE=Europe/Berlin make demo DATA={shlex.quote(journey.source.shown)}"
        )


_WORDS = {
    ARRIVED: "as they are",
    Outcome.REPORTED: "with a remark",
    Outcome.REPAIRED: "repaired",
    SUPERSEDED: "superseded by a newer generation",
    Outcome.QUARANTINED: "quarantined",
    LOST: "lost",
}


def _handover(judged: Judgement) -> Document:
    saw = judged.saw
    return {
        "acknowledged": judged.acknowledged,
        "found": judged.there,
        "components": {
            name: {
                "acknowledged": found.acknowledged,
                "json": found.in_json,
                "database": found.in_database,
                "unknown": found.unknown,
                "unknown_found": found.unknown_found,
            }
            for name, found in judged.found.items()
        },
        "operations": saw.operations,
        "refused": dict(saw.refused),
        "stale": saw.stale,
        "kept": saw.kept,
        "longest_wait": round(saw.longest, 2),
        "files": judged.files,
        "entries": judged.entries,
    }


def _handed_over(found: Document) -> str:
    refused = sum(found["refused"].values())
    return (
        f"acknowledged {found['acknowledged']:,}, found {found['found']:,}, of {found['operations']:,} operations;"
        f" {refused:,} refused, {found['stale']:,} stale reads, longest wait {found['longest_wait']:.1f} s"
    )


def _seconds(seconds: dict[str, float]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:.1f}" for name, value in seconds.items())


def _size(size: int) -> str:
    return f"{size / 10**6:,.1f} MB"


def _bytes(journey: Journey) -> dict[str, int]:
    """Of the files, of the index, of the tables with their indexes, and of the database as a whole."""
    index = settings.LEGACY_INDEX
    return {
        "files": sum(file.stat().st_size for file in journey.source.files()),
        "index": sum(part.stat().st_size for part in index.parent.glob(f"{index.name}*")),
        **{f"table_{c.name}": _query(TABLE, c.model._meta.db_table) for c in journey.chosen},
        "database": _query("SELECT pg_database_size(current_database())"),
    }


def _query(statement: str, *values: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.fetchone()[0])
