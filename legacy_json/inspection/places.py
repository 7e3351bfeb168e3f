"""Where the defects of a section are: the first few places of each, and how many there are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

EXAMPLES = 10


class Place(NamedTuple):
    """entry: counted from 0 in its section. byte: of the file, where known. file: of a folder."""

    entry: int | None
    byte: int | None
    file: str | None = None


@dataclass(slots=True)
class Defect:
    code: str
    detail: str
    count: int = 0
    places: list[Place] = field(default_factory=list)

    def add(self, place: Place) -> None:
        self.count += 1
        if len(self.places) < EXAMPLES:
            self.places.append(place)


class Defects:
    """By code and detail."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Defect] = {}

    def tell(self, code: str, detail: str, place: Place) -> None:
        """Of a defect that each record words differently only the first thousand wordings are told apart."""
        if len(self._found) > 1000 and (code, detail) not in self._found:
            detail = "and others"
        self._found.setdefault((code, detail), Defect(code, detail)).add(place)

    def sorted(self) -> list[Defect]:
        return [self._found[name] for name in sorted(self._found)]
