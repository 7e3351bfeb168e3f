"""How commands show where components stand, what a move would do, and what became of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from migration_control import store
from migration_control.components import Component
from migration_control.mirroring import draining_to_json, parking
from migration_control.models import ComponentState, MoveRequest, Parked, Transition
from migration_control.models.moves import open_request
from migration_control.moving import rows
from migration_control.moving.gates import Gate
from migration_control.moving.left_behind import waiting_here
from migration_control.moving.requests import Plan
from migration_control.stages import StageRow, Store
from migration_control.wording import counted

COLOURS = {"done": "green", "failed": "red", "refused": "red"}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a component stands. to_database: keys that it lacks, None where the files are elsewhere; to_json: that
    JSON lacks; waiting: entries of the index's inbox, which are applied yet, None where it cannot be read."""

    state: ComponentState
    to_database: int | None
    to_json: int
    parked: int
    waiting: int | None
    last: Transition | None
    open: MoveRequest | None


def standings(chosen: Sequence[Component]) -> list[Standing]:
    waiting = waiting_here()
    return [_standing(each, None if waiting is None else waiting.get(each.name, 0)) for each in chosen]


def _standing(component: Component, waiting: int | None) -> Standing:
    return Standing(
        ComponentState.objects.get(name=component.name),
        store.index().count_pending(component.name) if store.has_files() else None,
        draining_to_json.count_pending(component),
        parking.count(component),
        waiting,
        rows.last(component.name),
        open_request(component.name),
    )


def stage_table(standing: Sequence[Standing]) -> Table:
    """A row a component. The lags are numbers of keys that wait to be copied to that store."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("component", "stage", "reads", "authority"):
        table.add_column(heading, no_wrap=True)
    for heading in ("epoch", "to database", "to JSON", "parked"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("last move")
    for each in standing:
        state, lag = each.state, "?" if each.to_database is None else f"{each.to_database:,}"
        table.add_row(
            state.name, _stage(state), state.reads, state.authority, str(state.epoch), lag, f"{each.to_json:,}",
            f"{each.parked:,}", "none" if each.last is None else f"{each.last.at:%Y-%m-%d %H:%M} by {each.last.actor}",
            style="yellow" if each.parked else None,
        )  # fmt: skip
    return table


def _stage(state: ComponentState) -> str:
    return "closed" if state.closed else state.stage


def print_waiting(console: Console, standing: Iterable[Standing]) -> None:
    """What the index alone has, of which the authority does not know yet."""
    standing = list(standing)
    if any(each.waiting is None for each in standing):
        fact = "It is unknown what waits in the index's inbox, which cannot be read. Keep LEGACY_DIR and the index."
        console.print(fact, markup=False, highlight=False, style="yellow")
    for each in standing:
        if each.waiting:
            fact = f"{each.state.name}: {counted(each.waiting, 'entry', 'entries')} of the index's inbox"
            wait = (
                f"{'waits' if each.waiting == 1 else 'wait'} to be applied. Keep LEGACY_DIR and the index until then."
            )
            console.print(f"{fact} {wait}", markup=False, highlight=False, style="yellow")


def print_open(console: Console, standing: Iterable[Standing], unattended: Iterable[MoveRequest]) -> None:
    """Requests that have not ended, and whether anybody takes them."""
    left = {request.pk for request in unattended}
    for request in (each.open for each in standing if each.open is not None):
        console.print(request_line(request), markup=False, highlight=False)
        if request.pk in left:
            console.print("  No worker on a host with the files takes it: is one running?", highlight=False)


def standing_dict(standing: Standing) -> dict[str, Any]:
    """For scripts."""
    state = standing.state
    return {
        "component": state.name,
        "stage": state.stage,
        "reads": state.reads,
        "authority": state.authority,
        "epoch": state.epoch,
        "closed": state.closed,
        "to_database": standing.to_database,
        "to_json": standing.to_json,
        "parked": standing.parked,
        "waiting": standing.waiting,
        "last_move": standing.last and transition_dict(standing.last),
        "open_request": standing.open and request_dict(standing.open),
    }


# Moves


def request_line(request: MoveRequest) -> str:
    """In a line, with what became of it."""
    by = f"{'automatic, ' if request.automatic else ''}by {request.requested_by}"
    said = f": {request.message}" if request.message else ""
    at = f"{request.created_at:%Y-%m-%d %H:%M:%S}"
    return f"{at} request {request.pk}: {request}, {by} ({request.reason}), {request.state}{said}"


def transition_line(move: Transition) -> str:
    way = f"{move.from_stage} reading {move.from_reads} -> {move.stage} reading {move.reads}"
    by = f"{'automatic, ' if move.automatic else ''}by {move.actor} ({move.reason})"
    over = f"; overridden ({move.override}): {'; '.join(move.overridden)}" if move.overridden else ""
    return f"{move.at:%Y-%m-%d %H:%M:%S} epoch {move.epoch}: {move.kind}, {way}, {by}{over}"


def request_dict(request: MoveRequest) -> dict[str, Any]:
    """For scripts. Times are ISO texts in UTC."""
    names = ("stage", "reads", "epoch", "requested_by", "reason", "automatic", "override", "state", "message", "worker")
    moments = ("created_at", "started_at", "ended_at")
    return {
        "request": request.pk,
        "component": request.component_id,
        **{name: getattr(request, name) for name in names},
        **{name: moment and moment.isoformat() for name in moments for moment in [getattr(request, name)]},
    }


def transition_dict(move: Transition) -> dict[str, Any]:
    """For scripts."""
    names = (
        "kind", "from_stage", "from_reads", "stage", "reads", "epoch", "actor", "reason", "automatic", "overridden",
        "override",
    )  # fmt: skip
    return {
        "component": move.component_id,
        **{name: getattr(move, name) for name in names},
        "request": move.request_id,
        "at": move.at.isoformat(),
    }


# Plans


def print_plan(console: Console, plan: Plan) -> None:
    """What the move would do and cost, and what stands in its way."""
    console.print(f"[bold]{plan.component.name}[/] is {plan.now}, at epoch {plan.epoch}.")
    for step in plan.steps:
        console.print(f"  {step.kind}: to {step.after}")
    if plan.steps:
        drain = "what the other store lacks" if plan.to_drain is None else counted(plan.to_drain, "key")
        console.print(f"It copies {drain}, and loses {plan.lost} writes. Writers wait for moments, handlers serve on.")
    for parked in plan.parked:
        console.print(f"  {parked_line(parked)}", markup=False, highlight=False, style="yellow")
    for gate in plan.gates:
        console.print(gate_line(gate), markup=False, highlight=False, style=None if gate.holds else "red")


def parked_line(parked: Parked) -> str:
    tried = f"tried {counted(parked.attempts, 'time')} since {parked.since:%Y-%m-%d %H:%M}"
    return f"parked: {parked.key}, which {Store(parked.to).said} refused, {tried}: {parked.reason}"


def gate_line(gate: Gate) -> str:
    """For a terminal."""
    mark = "ok" if gate.holds else "can be overridden" if gate.overridable else "stands in the way"
    return f"  [{mark}] {gate}"


def plan_dict(plan: Plan) -> dict[str, Any]:
    """For scripts."""
    return {
        "component": plan.component.name,
        "epoch": plan.epoch,
        "now": _row_dict(plan.now),
        "wanted": _row_dict(plan.wanted),
        "steps": [{"kind": step.kind, **_row_dict(step.after)} for step in plan.steps],
        "gates": [gate_dict(gate) for gate in plan.gates],
        "to_drain": plan.to_drain,
        "parked": [_parked_dict(parked) for parked in plan.parked],
        "writes_lost": plan.lost,
    }


def gate_dict(gate: Gate) -> dict[str, Any]:
    """For scripts."""
    return {name: getattr(gate, name) for name in ("name", "holds", "detail", "remedy", "overridable")}


def _parked_dict(parked: Parked) -> dict[str, Any]:
    names = ("key", "to", "version", "reason", "attempts")
    return {**{name: getattr(parked, name) for name in names}, "since": parked.since.isoformat()}


def _row_dict(row: StageRow) -> dict[str, str]:
    return {"stage": row.stage, "reads": row.reads}
