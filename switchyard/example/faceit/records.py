"""Matches as Switchyard keeps them, by match id: no bot ever had a file of them."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any

from switchyard.example.faceit import matches
from switchyard.example.planting import Document

TIMES = ("scheduled_at", "configured_at", "started_at", "finished_at")


def record(chance: Random) -> tuple[str, Document]:
    """The match's id, and what is kept of it."""
    found = matches.details(chance)
    results = found.get("results") or {"winner": None, "score": {}}
    played = found["status"] == "FINISHED"
    return found["match_id"], {
        "status": found["status"].lower(),
        **{name: found[name] for name in ("game", "region", "competition_name", "best_of")},
        "map": found["voting"]["map"]["pick"][0] if found["voting"] else None,
        **{name: _shown(found.get(name)) for name in TIMES},
        **_sides(found, results["score"]),
        "winner": results["winner"],
        "details": found,
        "history": matches.history(found) if played else None,
        "statistics": matches.statistics(chance, found) if played and chance.random() < 0.9 else None,
        "analyses": [_analysis(chance, found) for _ in range(chance.choice((0, 1, 1, 2)))] if played else [],
    }


def _shown(epoch: int | None) -> str | None:
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC).isoformat()


def _sides(found: Document, scores: dict[str, int]) -> dict[str, Any]:
    return {
        f"{side}_{what}": value
        for side, team in found["teams"].items()
        for what, value in (("name", team["name"]), ("score", scores.get(side)))
    }


def _analysis(chance: Random, found: Document) -> Document:
    return {
        "made_at": _shown(found["finished_at"] + chance.randint(60, 90_000)),
        "language": chance.choice(("ru", "en")),
        "text": "Первая половина решила игру 🔥\n— слабая атака на B.",
        "rating": round(chance.uniform(0.3, 2), 2),
    }
