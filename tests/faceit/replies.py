"""Real answers of the FACEIT Data API (people and hosts replaced), and others in the shapes that it documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESPONSES = Path(__file__).parent / "responses"
MATCH = "1-175b9184-9766-820c-6414-bb415704cb16"
PLAYER = "64467b2b-5182-d345-56ff-56a5f860adc2"  # of faction1
SUBSTITUTE = "2229eace-bace-2320-70c2-d0117405823f"  # played in the place of BENCHED
BENCHED = "644da0bc-1466-b191-d390-ecb1c1982a07"


def reply(name: str) -> Any:
    """A copy of its own each time."""
    return json.loads((RESPONSES / f"{name}.json").read_text(encoding="utf-8"))


def details() -> dict[str, Any]:
    found: dict[str, Any] = reply("match_details")
    return found


def item() -> dict[str, Any]:
    """Of a history."""
    found: dict[str, Any] = reply("player_history")["items"][0]
    return found


def statistics() -> dict[str, Any]:
    found: dict[str, Any] = reply("match_stats")
    return found


def other_id(number: int) -> str:
    return f"1-00000000-0000-0000-0000-{number:012x}"


def other(document: dict[str, Any], number: int, **changed: Any) -> dict[str, Any]:
    """The same document of another match, which took place an hour later for each number."""
    found: dict[str, Any] = json.loads(json.dumps(document).replace(MATCH, other_id(number))) | changed
    for name in ("scheduled_at", "configured_at", "started_at", "finished_at"):
        if isinstance(found.get(name), int) and name not in changed:
            found[name] += 3600 * number
    return found
