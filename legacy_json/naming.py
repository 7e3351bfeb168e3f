"""Which source somebody means who names one of its files."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from legacy_json.errors import LegacyError
from legacy_json.layouts import Source


class NoSuchSource(LegacyError):
    def __init__(self, text: str, sources: Collection[Source]) -> None:
        names = ", ".join(source.name for source in sources) or "none: no bot is served"
        super().__init__(f"No component keeps its records in {text!r}. Files that are declared: {names}.")


class SeveralSources(LegacyError):
    def __init__(self, text: str, sources: Collection[Source]) -> None:
        super().__init__(
            f"{text!r} may be any of {', '.join(source.name for source in sources)}, each of which has an owner of its"
            " own. Name one."
        )


def source_named(sources: Collection[Source], root: Path, text: str) -> Source:
    """The source that a file, a folder, a pattern or a path belongs to. Raises NoSuchSource, SeveralSources."""
    for source in sources:
        if text == source.name:
            return source
    name = within(root, text)
    found = [source for source in sources if _has(source, name)]
    if not found:
        raise NoSuchSource(text, sources)
    if len(found) > 1:
        raise SeveralSources(text, found)
    return found[0]


def within(root: Path, text: str) -> str:
    """The path relative to the bot's folder, of whose files one may be meant that is not there."""
    path, folder = Path(text), root.resolve()
    there = Path.cwd() / path  # also of an absolute one
    if there.exists() and there.resolve().is_relative_to(folder):
        return str(there.resolve().relative_to(folder))
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def _has(source: Source, name: str) -> bool:
    if name in source.patterns or source.pattern_of(name) is not None:
        return True
    return any(name == "." or pattern.startswith(f"{name}/") for pattern in source.patterns)
