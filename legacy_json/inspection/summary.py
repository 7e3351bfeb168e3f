"""What there is to say of a file once it has been looked at, and how its parts would be declared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from legacy_json.errors import SourceUnreadable
from legacy_json.inspection.places import Defect
from legacy_json.inspection.profile import NAMES, Profile

EMBEDDED = 30  # an object with more names than that inside records is a map
SEVERAL = 3  # records that have it, before an embedded object counts


@dataclass(slots=True)
class Generation:
    """Records with the same keys; adds and lacks: against the commonest."""

    count: int
    adds: list[str]
    lacks: list[str]


@dataclass(slots=True)
class Section:
    """One part of a file that could be a component. layout: in words."""

    name: str | None
    layout: str
    entries: int
    keys: list[str]  # of the commonest generation
    generations: list[Generation]
    more_generations: int  # records of further generations, not told apart
    kinds: dict[str, dict[str, int]]  # member -> kind -> how often
    key: str | None
    declaration: list[str]
    defects: list[Defect]


@dataclass(slots=True)
class Inspection:
    """layout: in words. problem: why the file cannot be read whole; what was seen up to there is in the sections."""

    path: Path
    layout: str
    bytes: int
    sections: list[Section] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)  # members that are no sections, and their kinds
    notes: list[tuple[str, str]] = field(default_factory=list)
    problem: SourceUnreadable | None = None


LIST, OBJECT, FOLDER = "list of objects", "object by id", "folder of files"


def section(profile: Profile, layout: str, file: str) -> Section:
    """Sum up what was gathered."""
    defects = profile.finish()
    keys, generations = _generations(profile.groups)
    return Section(
        profile.section,
        layout,
        profile.entries,
        keys,
        generations,
        profile.more_groups,
        {member: profile.kinds(member) for member in profile.members()},
        profile.keying.name,
        _declaration(profile, layout, file),
        defects,
    )


def _generations(groups: Counter[frozenset[str]]) -> tuple[list[str], list[Generation]]:
    if not groups:
        return [], []
    ranked = sorted(groups.items(), key=lambda item: (-item[1], sorted(item[0])))
    usual = ranked[0][0]
    return sorted(usual), [Generation(count, sorted(names - usual), sorted(usual - names)) for names, count in ranked]


def _declaration(profile: Profile, layout: str, file: str) -> list[str]:
    """Lines of Python; none where nobody could say what a record is."""
    if not profile.objects or (layout == LIST and profile.keying.name is None):
        return []
    name = profile.section or file.removesuffix(".json")
    part = f", {profile.section!r}" if profile.section is not None else ""
    lines = {
        LIST: f"ListOf({file!r}, {profile.section!r}, {profile.keying.name!r})",
        OBJECT: f"ObjectOf({file!r}{part})",
        FOLDER: f"FolderOf({file!r})",
    }
    if layout not in lines:
        return []
    text = ", key=str" if profile.keying.type is str else ""
    declared = [f"Collection({name!r}, ({lines[layout]},){text})"]
    for member, inside in profile.inside.items():
        if profile.kinds(member).get("object", 0) >= SEVERAL and len(inside) <= min(EMBEDDED, NAMES):
            declared.append(f"Collection({member + 's'!r}, (SubObject({name!r}, {member!r}),){text})")
    return declared
