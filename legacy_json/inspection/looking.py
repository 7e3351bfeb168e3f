"""From a path to what there is to say of it. Reads the file once (JSON lines twice), in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from legacy_json.errors import SourceUnreadable
from legacy_json.inspection.kinds import kind
from legacy_json.inspection.lines import look_at_lines
from legacy_json.inspection.places import Place
from legacy_json.inspection.profile import NAMES, Profile
from legacy_json.inspection.summary import FOLDER, LIST, OBJECT, Inspection, section
from legacy_json.scan import Scanner, Stretch


def inspect(path: Path) -> Inspection:
    """What the file or folder holds. Raises FileNotFoundError; what cannot be read whole is told as `problem`."""
    found = _inspect_folder(path) if path.is_dir() else _inspect_file(path)
    if found.problem is not None and not path.is_dir():
        return look_at_lines(path) or found
    return found


def _inspect_file(path: Path) -> Inspection:
    found = Inspection(path, "unknown", path.stat().st_size)
    with path.open("rb", buffering=0) as stream:
        try:
            scanner = Scanner(stream, path)
            first = scanner.peek()
            if first == "[":
                _look_at_list(scanner, found)
            elif first == "{":
                Root(scanner, found).look()
            else:
                scanner.value()
                found.layout = "a single value"
            scanner.finish()
            found.notes += scanner.notes
        except SourceUnreadable as error:
            found.problem = error
        except OSError as error:
            found.problem = SourceUnreadable(path, f"it cannot be opened ({error.strerror})")
    return found


def _look_at_list(scanner: Scanner, found: Inspection) -> None:
    profile = Profile(None, named=False)
    try:
        _gather_list(scanner, profile)
    finally:
        found.layout = LIST if profile.objects or not profile.entries else "list of values"
        found.sections.append(section(profile, found.layout, found.path.name))


def _gather_list(scanner: Scanner, profile: Profile) -> None:
    scanner.section, scanner.count, scanner.key = profile.section or "the file", 0, None
    for stretch in scanner.elements():
        end = scanner.offset()
        for value, back in zip(stretch.values, stretch.starts(), strict=True):
            profile.add(value, None, Place(profile.entries, end - back), stretch.defects)
        scanner.count = profile.entries


class Root:
    """The members of an object that is a whole file: sections, records by id, or settings."""

    def __init__(self, scanner: Scanner, found: Inspection) -> None:
        self.scanner, self.found = scanner, found
        self.by_id = Profile(None, named=True)  # in case that every member is a record
        self.sections: dict[str, tuple[Profile, str]] = {}
        self.kinds: dict[str, str] = {}

    def look(self) -> None:
        """All of it; what was seen before an error is kept."""
        try:
            for name in self.scanner.members():
                self._look_at_member(name)
        finally:
            self._decide()

    def _look_at_member(self, name: str) -> None:
        char, byte = self.scanner.peek(), self.scanner.offset()
        place = Place(self.by_id.entries, byte)
        if char == "[" and len(self.sections) < NAMES:
            profile = Profile(name, named=False)
            self.sections[name] = (profile, LIST)
            _gather_list(self.scanner, profile)
            whole = Stretch([[]], b"")
        elif char == "{":
            whole = Stretch([dict(self._inside(name))], b"")
        else:
            whole = self.scanner.value()
        if len(self.kinds) < NAMES:
            self.kinds[name] = kind(whole.values[0])
        self.by_id.add(whole.values[0], name, place, whole.defects)

    def _inside(self, name: str) -> Iterator[tuple[str, object]]:
        """The members of a member, which may itself be a record, or be full of records."""
        profile = Profile(name, named=True)
        few = len(self.sections) < NAMES
        if few:
            self.sections[name] = (profile, OBJECT)
        self.scanner.section, self.scanner.count = name, 0
        for number, inner in enumerate(self.scanner.members()):
            self.scanner.key = inner
            byte = self.scanner.offset() if few else None
            stretch = self.scanner.value()
            self.scanner.count += 1
            if few:
                profile.add(stretch.values[0], inner, Place(number, byte), stretch.defects)
            if number <= NAMES:
                yield inner, stretch.values[0]

    def _decide(self) -> None:
        found, file = self.found, self.found.path.name
        objects = self.by_id.objects
        lists = {name: both for name, both in self.sections.items() if both[1] == LIST and both[0].objects}
        maps = {name: both for name, both in self.sections.items() if both[1] == OBJECT and _full_of_records(both[0])}
        numbered = sum(name.lstrip("-").isdigit() for name in self.kinds)
        if objects and objects == self.by_id.entries and (2 * numbered > len(self.kinds) or (not maps and objects > 1)):
            found.layout = OBJECT
            found.sections.append(section(self.by_id, OBJECT, file))
        elif lists or maps:
            found.layout = "sections"
            found.sections += [section(profile, layout, file) for profile, layout in (lists | maps).values()]
            found.settings = {name: kind for name, kind in self.kinds.items() if name not in lists | maps}
        else:
            found.layout = "single object"
            found.settings = self.kinds


def _full_of_records(profile: Profile) -> bool:
    return bool(profile.entries) and profile.objects >= 0.8 * profile.entries


def _inspect_folder(path: Path) -> Inspection:
    profile = Profile(None, named=True)
    files = sorted(file for file in path.glob("*.json") if file.is_file())
    found = Inspection(path, FOLDER, sum(file.stat().st_size for file in files))
    for file in files:
        with file.open("rb", buffering=0) as stream:
            try:
                scanner = Scanner(stream, file)
                stretch = scanner.value()
                scanner.finish()
            except SourceUnreadable as error:
                found.problem = found.problem or error
                continue
        found.notes += [(code, f"{file.name}: {detail}") for code, detail in scanner.notes]
        profile.add(stretch.values[0], file.stem, Place(profile.entries, 0, file.name), stretch.defects)
    found.sections.append(section(profile, FOLDER, path.name))
    return found
