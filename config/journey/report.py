"""The report on single records: a line for each that is not plainly there as it was."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from config.journey.fates import ARRIVED, Fate

SHOWN = 10
LONGEST = 300  # characters of a line for people
RAW = 2_000  # bytes of a quarantined record's text


class Report:
    """Two files, one for people and one (JSON lines) for scripts, that replace those of the last demo at the end."""

    def __init__(self, folder: Path) -> None:
        self.text, self.lines = folder / "demo-report.txt", folder / "demo-report.jsonl"
        self._drafts = [path.with_name(path.name + ".draft") for path in (self.text, self.lines)]
        self.first: list[str] = []
        self.count = 0

    def __enter__(self) -> Self:
        self._text, self._lines = (draft.open("w", errors="backslashreplace") for draft in self._drafts)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._text.close()
        self._lines.close()
        for draft, path in zip(self._drafts, (self.text, self.lines), strict=True):
            if error is None:
                draft.replace(path)
            else:
                draft.unlink()

    def add(self, fate: Fate) -> None:
        """Note it, unless it arrived as it is."""
        if fate.outcome == ARRIVED:
            return
        self.count += 1
        line = _line(fate)
        if len(self.first) < SHOWN:
            self.first.append(line)
        self._text.write(line + "\n")
        self._lines.write(json.dumps(as_dict(fate)) + "\n")


def as_dict(fate: Fate) -> dict[str, Any]:
    """For scripts. raw: the record's bytes in the file, cut; what is not UTF-8 is escaped."""
    raw = None if fate.raw is None else fate.raw[:RAW].decode("utf-8", "backslashreplace")
    return fate._asdict() | {"raw": raw}


def _line(fate: Fate) -> str:
    key = "" if fate.key is None else f", key {fate.key}"
    text = f"{fate.component}: {fate.file} entry {fate.entry}{key}: {fate.outcome}: {'; '.join(fate.notes)}"
    text = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
