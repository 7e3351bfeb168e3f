"""An inspection for people, and for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from legacy_json.inspection.places import Defect, Place
from legacy_json.inspection.summary import Inspection, Section

ROWS = 40  # of a table; the rest is counted
PLACES = 3  # of a defect
KINDS = 4  # of a member
REMEDY = "Mend it at that place, or restore a copy. The bot's own reader fails there too."


def as_document(found: Inspection) -> dict[str, Any]:
    """For JSON."""
    problem = found.problem
    return {
        "file": str(found.path),
        "layout": found.layout,
        "bytes": found.bytes,
        "readable": problem is None,
        "problem": problem
        and {
            "file": str(problem.path),
            "byte": problem.offset,
            "near": problem.key,
            "reason": problem.reason,
            "remedy": REMEDY,
        },
        "notes": [{"code": code, "detail": detail} for code, detail in found.notes],
        "settings": found.settings,
        "sections": [_section_document(section) for section in found.sections],
    }


def _section_document(section: Section) -> dict[str, Any]:
    return {
        "name": section.name,
        "layout": section.layout,
        "entries": section.entries,
        "key": section.key,
        "keys": section.keys,
        "generations": [{"count": g.count, "adds": g.adds, "lacks": g.lacks} for g in section.generations],
        "more_generations": section.more_generations,
        "kinds": section.kinds,
        "declaration": section.declaration,
        "defects": [
            {
                "code": defect.code,
                "detail": defect.detail,
                "count": defect.count,
                "places": [place._asdict() for place in defect.places],
            }
            for defect in section.defects
        ],
    }


def show(found: Inspection, console: Console) -> None:
    """On a terminal. What comes from the file is printed as it is, never as markup."""
    console.print(f"{found.path}  {found.bytes:,} bytes", markup=False, highlight=False)
    console.print(f"Layout: {found.layout}", markup=False)
    for code, detail in found.notes:
        console.print(f"Note: {detail} ({code})", markup=False, highlight=False)
    for section in found.sections:
        _show_section(section, console)
    if found.settings:
        table = _table("Members that are no records", ("member", "kind"))
        _fill(table, list(found.settings.items()))
        console.print(table)
    declared = [line for section in found.sections for line in section.declaration]
    if declared:
        console.print("\nA declaration to start from, which knows nothing of the bot's own code:", markup=False)
        for line in declared:
            console.print(f"    {line}", markup=False, highlight=False)
    console.print()
    if found.problem is None:
        console.print("It can be read whole.", markup=False)
    else:
        _show_problem(found, console)


def _show_problem(found: Inspection, console: Console) -> None:
    problem = found.problem
    assert problem is not None
    place = "" if problem.offset is None else f", byte {problem.offset:,}"
    near = "" if problem.key is None else f", near {problem.key}"
    console.print(f"It cannot be read whole: {problem.path}{place}{near}: {problem.reason}.", markup=False)
    if found.sections:
        console.print("What is shown above is what stands in front of that place.", markup=False)
    console.print(REMEDY, markup=False)


def _show_section(section: Section, console: Console) -> None:
    name = "the file" if section.name is None else section.name
    key = f", key {section.key}" if section.key else ""
    console.print(f"\n{name}: {section.layout}, {section.entries:,} entries{key}", markup=False, highlight=False)
    if section.generations:
        table = _table("Generations", ("records", "adds", "lacks"))
        usual = ", ".join(section.keys)
        rows = [(f"{g.count:,}", ", ".join(g.adds), ", ".join(g.lacks)) for g in section.generations]
        rows[0] = (rows[0][0], f"(the commonest: {usual})", "")
        _fill(table, rows, section.more_generations)
        console.print(table)
    if section.kinds:
        table = _table("Values", ("member", "kinds"))
        _fill(table, [(member, _kinds(kinds)) for member, kinds in section.kinds.items()])
        console.print(table)
    if section.defects:
        table = _table("Defects", ("count", "code", "detail", "first places"))
        _fill(table, [(f"{d.count:,}", d.code, d.detail, _places(d)) for d in section.defects])
        console.print(table)


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, justify="right" if column in {"records", "count"} else "left", overflow="fold")
    return table


def _fill(table: Table, rows: Sequence[Sequence[str]], more: int = 0) -> None:
    for row in rows[:ROWS]:
        table.add_row(*(Text(_printable(cell)) for cell in row))
    rest = max(len(rows) - ROWS, 0) + more
    if rest:
        table.add_row(f"and {rest:,} more")


def _printable(text: str) -> str:
    """Names come from the file: a control character must not reach the terminal, nor half a character."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _kinds(kinds: dict[str, int]) -> str:
    shown = [f"{name} {count:,}" for name, count in list(kinds.items())[:KINDS]]
    return ", ".join(shown + ([f"{len(kinds) - KINDS} more kinds"] if len(kinds) > KINDS else []))


def _places(defect: Defect) -> str:
    return "; ".join(map(_place, defect.places[:PLACES]))


def _place(place: Place) -> str:
    if place.file is not None:
        return place.file
    entry = "" if place.entry is None else f"entry {place.entry:,}"
    return entry if place.byte is None else f"{entry}, byte {place.byte:,}"
