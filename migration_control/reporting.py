"""How commands show runs, ledgers and findings: for people on a terminal, or as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from legacy_json.index import Finding, Ledger, Outcome
from migration_control import store
from migration_control.components import Component
from migration_control.dryrun import Planned
from migration_control.models import Run

SHOWN = 50  # findings printed before the rest is only counted


def ledger_table(rows: Sequence[tuple[Component, Ledger, int]]) -> Table:
    """A row a component: where each of its source entries is, and how many rows its table has."""
    headings = ["entries", "imported", "quarantined", "superseded", "deleted", "pruned", "pending", "repaired", "rows"]
    for rare in ("superseded", "pruned"):
        if not any(getattr(ledger, rare) for _, ledger, _ in rows):
            headings.remove(rare)  # a terminal of 80 columns has no room for it
    figures = [asdict(ledger) | {"entries": ledger.total, "rows": count} for _, ledger, count in rows]
    columns = {heading: [f"{each[heading]:,}" for each in figures] for heading in headings}
    columns = {"component": [component.name for component, _, _ in rows]} | columns
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading, cells in columns.items():
        # Never narrower: a line that is too long for a terminal can be read, and half a number cannot.
        widest = max(map(len, [heading, *cells]))
        table.add_column(heading, justify="left" if heading == "component" else "right", no_wrap=True, min_width=widest)
    for (_, ledger, _), line in zip(rows, zip(*columns.values(), strict=True), strict=True):
        table.add_row(*line, style=None if ledger.balanced else "red")
    return table


def balance(rows: Sequence[tuple[Component, Ledger, int]]) -> str:
    """The verdict on the ledger, in a line."""
    off = [component.name for component, ledger, _ in rows if not ledger.balanced]
    if off:
        return f"[red]The ledger of {', '.join(off)} does not balance.[/] If a file is being read just now, look again."
    older = "superseded + " if any(ledger.superseded for _, ledger, _ in rows) else ""
    return f"[green]Balanced[/]: imported + quarantined + {older}deleted + pruned + pending = entries"


def ledgers(chosen: Sequence[Component]) -> list[tuple[Component, Ledger, int]]:
    """The ledger of each from the index, and the rows that its table has now."""
    return [(c, store.index().ledger(c.name), c.model._default_manager.count()) for c in chosen]


def ledger_dict(component: Component, ledger: Ledger, rows: int) -> dict[str, Any]:
    """For scripts."""
    return asdict(ledger) | {"total": ledger.total, "balanced": ledger.balanced, "rows": rows}


def run_dict(run: Run) -> dict[str, Any]:
    """For scripts. Times are ISO texts in UTC."""
    counts = ("total", "inserted", "updated", "deleted", "unchanged", "quarantined", "repaired", "kept")
    return {
        "run": run.pk,
        "component": run.component_id,
        "kind": run.kind,
        "state": run.state,
        "message": run.message,
        **{name: getattr(run, name) for name in counts},
        **{name: moment and moment.isoformat() for name, moment in _moments(run).items()},
    }


def _moments(run: Run) -> dict[str, Any]:
    return {"created_at": run.created_at, "started_at": run.started_at, "ended_at": run.ended_at}


def print_runs(console: Console, runs: Iterable[Run]) -> None:
    for run in runs:
        parts = [
            f"{getattr(run, name):,} {name}"
            for name in ("inserted", "updated", "deleted", "repaired", "kept")
            if getattr(run, name)
        ]
        colour = {"completed": "green", "failed": "red"}.get(run.state, "yellow")
        console.print(
            f"Run {run.pk} of [bold]{run.component_id}[/]: [{colour}]{run.state}[/]"
            f"{': ' if parts or run.message else ''}{', '.join(parts)}{'; ' if parts and run.message else ''}",
            end="",
        )
        console.print(run.message, markup=False, highlight=False)


def print_findings(console: Console, chosen: Sequence[Component], outcomes: Sequence[Outcome]) -> None:
    """Each with its place and reason; those set apart with the bytes that stand in the file."""
    for component in chosen:
        found = [f for f in store.index().findings(component.name) if f.outcome in outcomes]
        if not found:
            continue
        console.print(f"\n[bold]{component.name}[/]: {len(found):,} {' or '.join(outcomes)}")
        for finding in found[:SHOWN]:
            console.print(f"  {place(finding)}: {finding.detail}", markup=False, highlight=False)
        if len(found) > SHOWN:
            console.print(f"  ... and {len(found) - SHOWN:,} more: the admin shows all, with their bytes")


def place(finding: Finding) -> str:
    """Where it stands, as `data.json entry 17, key 42`."""
    entry = "" if finding.ordinal is None else f" entry {finding.ordinal}"
    return f"{finding.source}{entry}" + ("" if finding.key is None else f", key {finding.key}")


def finding_dict(finding: Finding) -> dict[str, Any]:
    """For scripts. raw: the bytes in the file, what is not UTF-8 escaped."""
    raw = finding.raw
    return {
        "component": finding.component,
        "key": finding.key,
        "source": finding.source,
        "entry": finding.ordinal,
        "outcome": finding.outcome,
        "code": finding.code,
        "detail": finding.detail,
        "raw": None if raw is None else bytes(raw).decode("utf-8", "backslashreplace"),
    }


def planned_dict(planned: Planned) -> dict[str, Any]:
    return asdict(planned)


def planned_line(planned: Planned) -> str:
    notes = "; ".join(filter(None, [planned.detail, *planned.repairs]))
    return f"{planned.component} {planned.key}: {planned.action}" + (f" ({notes})" if notes else "")
