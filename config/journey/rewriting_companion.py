"""The companion bot talks on: profiles, conversations, events, metrics and settings change."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from config.journey.editing import Change, Place, Spared, added, places, removed, replaced, shown

TRIMMED = 3  # messages that leave the front of a conversation
LONG = 30  # messages of one that may be trimmed
MESSAGE = {"ts": "2025-04-10T20:15:00.250Z", "direction": "in", "text": "Back again!\n🌙"}
EVENT = {"timestamp": "2025-05-01T00:00:00.500000+00:00", "bot_id": "companion", "event_type": "command"}
SNAPSHOT = {"timestamp": "2025-04-09T13:00:00.123000", "metrics": {"messages_received": 1}}


def rewrite(folder: Path, spared: Spared) -> dict[str, Change]:
    """Change a little of everything."""
    return {
        "profiles": _profiles(folder, spared["profiles"]),
        "conversations": _conversations(folder / "conversations", spared["conversations"]),
        "analytics": _sum(_events(folder), _metrics(folder / "metrics.json")),
        "configuration": _settings(folder / "config.json", spared["configuration"]),
    }


def _profiles(folder: Path, spared: Collection[str]) -> Change:
    """One changes, one goes, and somebody new comes."""
    older = json.loads((folder / "girls_data.json").read_text(encoding="utf-8").replace("},\n}", "}\n}"))["girls"]
    known = {*older, *spared}
    (changed, profile), (gone, _) = _first(
        2, _loaded(folder / "girls_data", lambda stem, found: stem not in known and _is_of(stem, found))
    )
    changed.write_text(shown(profile | {"name": "Ada 🌙"}, 0), encoding="utf-8")
    gone.unlink()
    number = next(n for n in range(7_000_000_001, 7_100_000_000) if not (folder / f"girls_data/{n}.json").exists())
    newcomer = profile | {"chat_id": number, "name": "Newcomer"}
    (folder / f"girls_data/{number}.json").write_text(shown(newcomer, 0), encoding="utf-8")
    return 1, 1, 1


def _conversations(folder: Path, spared: Collection[str]) -> Change:
    """A long one is trimmed at its front and goes on at its end; a short one only goes on."""
    odd = {key.rpartition(":")[0] for key in spared}
    plain = list(_loaded(folder, lambda stem, found: stem not in odd and type(found) is list and len(found) > 0))
    long, said = next((file, found) for file, found in plain if len(found) >= LONG)
    short, _ = next((file, found) for file, found in plain if len(found) < LONG)
    long.write_text(shown([*said[TRIMMED:], MESSAGE], 0), encoding="utf-8")
    text = short.read_text(encoding="utf-8")
    short.write_text(added(text, places(text), MESSAGE, 2), encoding="utf-8")
    return 2, 0, TRIMMED


def _events(folder: Path) -> Change:
    """The month goes on, and the next begins."""
    month = max(path for path in folder.glob("analytics_*.json") if path.stem[-1].isdigit())
    text = month.read_text(encoding="utf-8")
    month.write_text(added(text, places(text), EVENT, 2), encoding="utf-8")
    month.with_name("analytics_202505.json").write_text(shown([EVENT, EVENT], 0), encoding="utf-8")
    return 3, 0, 0


def _metrics(file: Path) -> Change:
    """A counter goes up, and what it was joins the history."""
    text = file.read_text(encoding="utf-8")
    text = added(text, places(text, "history"), SNAPSHOT, 4)
    counter = next(place for place in places(text, "current").found if place.name == "messages_received")
    assert isinstance(counter.value, int)
    file.write_text(replaced(text, counter, counter.value + 1, 4), encoding="utf-8")
    return 1, 1, 0


def _settings(file: Path, spared: Collection[str]) -> Change:
    """One is set anew, one goes, and there is a new one."""
    text = file.read_text(encoding="utf-8")
    # The mark of its beginning is no part of the JSON, but stays.
    mark, text = text[: text.index("{")], text[text.index("{") :]
    text = added(text, places(text), {"since": "today", "levels": [1, None]}, 2, name="brand_new")
    text = replaced(text, _setting(text, spared, 0), ["set", "anew"], 2)
    text = removed(text, places(text).found, _setting(text, spared, 1))
    file.write_text(mark + text, encoding="utf-8")
    return 1, 1, 1


def _setting(text: str, spared: Collection[str], number: int) -> Place:
    found = places(text).found
    return [place for place in found[:-1] if place.name and place.name.isidentifier() and place.name not in spared][
        number
    ]


def _loaded(folder: Path, wanted: Callable[[str, Any], bool]) -> Iterator[tuple[Path, Any]]:
    """Files of which plain JSON can be made, by name."""
    for file in sorted(folder.glob("*.json")):
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
        except ValueError:
            continue
        if wanted(file.stem, found):
            yield file, found


def _is_of(stem: str, found: Any) -> bool:
    return type(found) is dict and str(found.get("chat_id")) == stem


def _first(number: int, found: Iterator[tuple[Path, Any]]) -> list[tuple[Path, Any]]:
    return [next(found) for _ in range(number)]


def _sum(one: Change, other: Change) -> Change:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]
