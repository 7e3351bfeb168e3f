"""The example's bots at work: they change a few records of their files, in place, as such bots do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from config.journey import rewriting_companion, rewriting_faceit
from config.journey.editing import Spared


@dataclass(frozen=True)
class Expected:
    """What an import of the difference has to do to a component."""

    component: str
    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    def __str__(self) -> str:
        return f"{self.component} +{self.inserted} ~{self.updated} -{self.deleted}"


def rewrite(folder: Path, spared: Spared) -> dict[str, Expected]:
    """Change some of the records of every component whose file a bot writes."""
    changes = rewriting_faceit.rewrite(folder, spared) | rewriting_companion.rewrite(folder, spared)
    return {component: Expected(component, *change) for component, change in changes.items()}
