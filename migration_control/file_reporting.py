"""How legacy_status shows sources: for people on a terminal, or as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console

from legacy_json.conflicts import Conflict
from legacy_json.overview import Held, IndexState, SourceState
from legacy_json.owners import Owner
from legacy_json.texts import printable
from migration_control.wording import counted

LISTED = 10  # names of files, before the rest is only counted
SHOWN = 300  # characters of a document
WHOSE = {Owner.SWITCHYARD: "ours", Owner.LEGACY: "the bot's"}


def document(index: IndexState, states: Sequence[SourceState], *, conflicts: bool) -> dict[str, Any]:
    """For scripts. Times are ISO texts in UTC, sizes bytes."""
    return {
        "index": {"id": index.store, "path": str(index.path), "counter": index.counter, "size": index.size},
        "sources": [source_dict(state, conflicts=conflicts) for state in states],
        "needs_staff": any(state.needs_staff for state in states),
    }


def source_dict(state: SourceState, *, conflicts: bool) -> dict[str, Any]:
    kept = state.kept
    found: dict[str, Any] = {
        "source": state.source.name,
        "patterns": list(state.source.patterns),
        "owner": state.owner,
        "files": state.files,
        "components": {name: held_dict(held) for name, held in state.components.items()},
        "waiting": {"files": state.waiting.files, "since": _iso(state.waiting.since)},
        "trouble": state.waiting.trouble,
        "rendered": _iso(state.rendered),
        "edited": list(state.edited),
        "open_conflicts": len(state.conflicts),
        "orphans": state.orphans,
        "changed_since_taken": state.changed,
        "originals": {"taken": _iso(kept.taken), "files": kept.originals},
        "good_copies": {"files": kept.good, "size": kept.good_bytes},
        "marker": state.marker,
    }
    return found | ({"conflicts": [conflict_dict(each) for each in state.conflicts]} if conflicts else {})


def held_dict(held: Held) -> dict[str, Any]:
    ledger = held.ledger
    return {
        "entries": ledger.entries,
        "records": ledger.entries - ledger.quarantined - ledger.superseded - ledger.pruned,
        "quarantined": ledger.quarantined,
        "pending": held.pending,
        "fence": held.fence.state,
        "epoch": held.fence.epoch,
        "database": held.database,
        "copies": held.copies,
        "floor": held.floor,
    }


def conflict_dict(conflict: Conflict) -> dict[str, Any]:
    theirs = conflict.theirs
    return conflict._asdict() | {
        "theirs": None if theirs is None else bytes(theirs).decode("utf-8", "backslashreplace")
    }


def print_index(console: Console, index: IndexState) -> None:
    _line(console, f"Index {index.store} at commit {index.counter:,}: {index.path}, {_size(index.size)}\n")


def print_source(console: Console, state: SourceState) -> None:
    ours = state.owner is Owner.SWITCHYARD
    console.print(state.source.name, style="bold", markup=False, highlight=False, end="")
    _line(console, f": {WHOSE[state.owner]}, {counted(state.files, 'file')}")
    for name, held in state.components.items():
        _line(console, f"  {name}: {_held(held)}")
    if ours:
        _line(console, f"  {_waiting(state)}")
    for text in _kept(state):
        _line(console, f"  {text}")
    for text in _needs(state):
        console.print(f"  {text}", style="red", markup=False, highlight=False)


def print_conflicts(console: Console, states: Sequence[SourceState]) -> None:
    for conflict in (conflict for state in states for conflict in state.conflicts):
        what = "" if conflict.component is None else f" {conflict.component} {conflict.key!r}"
        ours = "" if conflict.ours is None else f", ours is version {conflict.ours}"
        _line(console, f"\n{conflict.id}  {conflict.file}{what}: {conflict.kind}{ours}")
        _line(console, f"    found {conflict.found}" + (f", kept in {conflict.copy}" if conflict.copy else ""))
        if conflict.theirs is not None:
            _line(console, f"    there: {_short(conflict.theirs)}")


def _held(held: Held) -> str:
    ledger = held.ledger
    parts = [f"{ledger.entries:,} entries"]
    parts += [f"{ledger.quarantined:,} quarantined"] if ledger.quarantined else []
    parts += [f"{ledger.superseded:,} superseded by a newer generation"] if ledger.superseded else []
    parts += [f"{ledger.pruned:,} pruned below {held.floor!r}"] if ledger.pruned else []
    parts += [f"{held.pending:,} pending for the database"]
    paired = f"paired with database {held.database}" if held.database else "never copied to a database"
    return f"{', '.join(parts)}; fence {held.fence.state} at epoch {held.fence.epoch}; {paired}"


def _waiting(state: SourceState) -> str:
    last = f"last rendered {_said(state.rendered)}" if state.rendered else "never rendered yet"
    if not state.waiting.files:
        return f"{last}; nothing waits to be rendered"
    return f"{last}; {counted(state.waiting.files, 'file')} not yet rendered, since {_said(state.waiting.since)}"


def _kept(state: SourceState) -> Iterator[str]:
    kept = state.kept
    if kept.taken is not None:
        since = f"; {state.changed:,} records written since" if state.changed is not None else ""
        yield f"{counted(kept.originals, 'original')} kept from {_said(kept.taken)}{since}"
    if kept.good:
        yield f"{kept.good:,} good copies of what was rendered, {_size(kept.good_bytes)}"
    if state.orphans:
        yield f"{counted(state.orphans, 'record')} without a place in the file: what they lay in is gone"


def _needs(state: SourceState) -> Iterator[str]:
    if state.marker:
        yield state.marker
        yield f"go on with the files as they are now: legacy_take '{state.source.name}' --anew"
    yield from state.waiting.trouble.values()
    if state.edited:
        yield f"changed by somebody else: {_names(state.edited)}; lay both sides side by side: legacy_render"
    if state.conflicts:
        yield f"{counted(len(state.conflicts), 'conflict')}: legacy_status --conflicts, then legacy_settle"


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - LISTED:,} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more


def _short(raw: bytes) -> str:
    text = printable(bytes(raw).decode("utf-8", "backslashreplace"))
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"


def _said(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _line(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False)
