"""JSON lines, also where the name says .json: one document a line."""

from __future__ import annotations

from pathlib import Path

import msgspec

from legacy_json.inspection.places import Place
from legacy_json.inspection.profile import Profile
from legacy_json.inspection.summary import Inspection, section

LINES = "JSON lines"
LONGEST = 16 << 20  # bytes of a line

_decode = msgspec.json.Decoder().decode


def look_at_lines(path: Path) -> Inspection | None:
    """What the file holds if its first two lines, and nearly all others, are a document each; else None."""
    profile, byte, broken = Profile(None, named=False), 0, 0
    with path.open("rb") as stream:
        while line := stream.readline(LONGEST):
            if line.strip():
                try:
                    profile.add(_decode(line), None, Place(profile.entries, byte))
                except msgspec.DecodeError as error:
                    broken += 1
                    profile.tell("unreadable-line", str(error), Place(profile.entries + broken - 1, byte))
            if broken > profile.entries // 20:
                return None
            byte += len(line)
    if profile.entries < 2:
        return None
    found = Inspection(path, LINES, byte)
    found.sections.append(section(profile, LINES, path.name))
    return found
