"""What must hold before a step is taken, each with what mends it.

Looked at before the step. What could change between the look and the step, the step looks at again under its locks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db import Error, connection
from django.db.models import Q

from legacy_json import marker, owners
from legacy_json.errors import LegacyError
from legacy_json.index import Index
from legacy_json.owners import Owner
from migration_control import findings, pairing, store
from migration_control.components import Component
from migration_control.mirroring import draining_to_json, parking
from migration_control.mirroring.watchdog import watching
from migration_control.models import ComponentState, Run
from migration_control.moving import canary
from migration_control.moving.relations import refusal
from migration_control.moving.steps import REMAINDER
from migration_control.run_states import ACTIVE, RunState
from migration_control.stages import Stage, Step, Store
from migration_control.wording import counted, first_line

PATIENCE = 5.0  # seconds for the database to answer


@dataclass(frozen=True, slots=True)
class Gate:
    """detail: the fact, as it was found. remedy: what mends it, where the detail does not say. overridable: nothing
    is lost if staff go on although it does not hold."""

    name: str
    holds: bool
    detail: str
    remedy: str = ""
    overridable: bool = False

    def __str__(self) -> str:
        return f"{self.name}: {self.detail}{' ' if self.remedy else ''}{self.remedy}"


def held(name: str, detail: str, *, overridable: bool = False) -> Gate:
    return Gate(name, holds=True, detail=detail, overridable=overridable)


def lacking(name: str, detail: str, remedy: str = "", *, overridable: bool = False) -> Gate:
    return Gate(name, holds=False, detail=detail, remedy=remedy, overridable=overridable)


ELSEWHERE = held("files", "LEGACY_DIR is not set here: the host that has the files looks at them before the step.")


def gates(component: Component, step: Step, *, drained: bool = False, tried: bool = True) -> list[Gate]:
    """All that apply to the step, in the order in which staff would mend them.

    drained: what the other store lacked has just been copied, so that no more than a remainder may be left. tried:
    make the canary's writes. A host without the files sees what the database says, and leaves the rest to one that
    has them. Raises django.db.Error if the database goes away in between.
    """
    reached = database()
    if not reached.holds:
        return [reached]
    found = [reached, mode(), _relations(component, step)]
    if _needs_both(step):
        found += [*_import(component, step), _undo(component), parked(component)]
    if step.forward:
        found.append(quarantine(component))
    if not store.has_files():
        return [*found, ELSEWHERE]
    opened = index_gate()
    return [*found, opened, *(_of_files(component, step, drained, tried) if opened.holds else ())]


def _of_files(component: Component, step: Step, drained: bool, tried: bool) -> Iterator[Gate]:
    yield paired(component)
    if not _needs_both(step):
        return
    yield _ownership(component)
    yield _lag(component, step, drained)
    if tried:
        yield _way_back(component)


def _needs_both(step: Step) -> bool:
    """All but leaving the mirror: that has to be possible above all when the other store is broken."""
    return step.after.stage is not Stage.DISABLED


def tried_out(name: str, attempt: Callable[[], object], fact: str) -> Gate:
    """The messages of these errors say what mends them."""
    try:
        attempt()
    except (LegacyError, sqlite3.Error, OSError) as error:
        return lacking(name, str(error))
    return held(name, fact)


# Settings and servers


def database() -> Gate:
    if not settings.DATABASE_USED:
        return lacking("database", "This process is kept from the database.", "Set ENABLE_SERVICES=true.")
    try:
        connection.ensure_connection()
        with connection.wrap_database_errors, watching(connection.connection.fileno(), PATIENCE):
            cursor = connection.cursor()
            cursor.execute("SELECT current_setting('transaction_read_only') = 'on'")
            (read_only,) = cursor.fetchone()
    except Error as error:
        reason = first_line(error)
        return lacking("database", f"It cannot be reached ({reason}).", "Start it, or check DATABASE_URL.")
    if read_only:
        return lacking("database", "It takes no writes.", "Connect to the primary, and see transaction_read_only.")
    return held("database", "It answers.")


def mode() -> Gate:
    if settings.MIGRATION_MODE == "disabled":
        return lacking("mode", "MIGRATION_MODE is disabled: nothing is moved.", "Set it to manual or auto.")
    return held("mode", f"MIGRATION_MODE is {settings.MIGRATION_MODE}.")


def index_gate() -> Gate:
    return tried_out("index", lambda: store.index().connection(), "It opens.")


# Rows


def _relations(component: Component, step: Step) -> Gate:
    why = refusal(component, step, {state.name: state for state in ComponentState.objects.all()})
    return (
        lacking("relations", why) if why else held("relations", "Parents, children and who shares the files allow it.")
    )


def _import(component: Component, step: Step) -> Iterator[Gate]:
    """Before the first step out of disabled."""
    if step.before.stage is not Stage.DISABLED:
        return
    full = Q(kind=Run.Kind.IMPORT, key=None, state__in=[RunState.COMPLETED, RunState.INCOMPLETE])
    last = Run.objects.filter(full | Q(kind=Run.Kind.UNDO, deleted__gt=0), component_id=component.name).first()
    remedy = f"First: migration_import {component.name}"
    if last is None:
        yield lacking("import", f"{component.name} has not been imported.", remedy)
    elif last.kind == Run.Kind.UNDO:
        yield lacking("import", f"Run {last.pk} has undone an import of {component.name}.", remedy)
    else:
        yield held("import", f"Run {last.pk} has imported it.")


def _undo(component: Component) -> Gate:
    undo = Run.objects.filter(component_id=component.name, kind=Run.Kind.UNDO, state__in=ACTIVE).first()
    if undo is None:
        return held("undo", "No import is being undone.")
    remedy = f"Wait for it, or: migration_cancel {undo.pk}"
    return lacking("undo", f"Run {undo.pk} is {undo.state}: it removes rows.", remedy)


def parked(component: Component) -> Gate:
    number = parking.count(component)
    if not number:
        return held("parked", "The other store has refused no key.")
    return lacking("parked", parking.told(number), parking.REMEDY)


def quarantine(component: Component) -> Gate:
    """Overridable: the index keeps the bytes of what is set apart, whoever the authority is."""
    apart = findings.unacknowledged_quarantine(component)
    if not apart:
        return held("quarantine", "It is empty, or acknowledged.", overridable=True)
    fact = f"{counted(apart, 'entry', 'entries')} {'is' if apart == 1 else 'are'} in quarantine."
    remedy = "Acknowledge each in the admin under Findings, or repair it and import again."
    return lacking("quarantine", fact, remedy, overridable=True)


# Files


def paired(component: Component) -> Gate:
    def look() -> None:
        index = store.index()
        pairing.check(component.name, index)
        for source in store.sources_of(component):
            marker.check(index, store.root(), source.name)

    return tried_out("pairing", look, "Index, database and folder belong together.")


def _ownership(component: Component) -> Gate:
    theirs = [s.name for s in store.sources_of(component) if owners.owner(store.index(), s) is not Owner.SWITCHYARD]
    if not theirs:
        return held("ownership", "Its files are Switchyard's.")
    take = "; ".join(f"legacy_take '{name}'" for name in theirs)
    return lacking("ownership", f"{', '.join(theirs)} is the bot's.", f"Stop the bot, then: {take}")


def lag(component: Component, authority: Store, index: Index) -> int:
    """How many keys the other store lacks."""
    if authority is Store.JSON:
        return index.count_pending(component.name)
    return draining_to_json.count_pending(component)


def _lag(component: Component, step: Step, drained: bool) -> Gate:
    left = lag(component, step.before.authority, store.index())
    if not left:
        return held("lag", "Neither store lacks anything.")
    if drained and left > REMAINDER:
        fact = f"{left:,} keys are still to be copied after a drain: it is written faster than it can be copied."
        return lacking("lag", fact, "Try again when it is calmer.")
    return held("lag", f"{counted(left, 'key')} to copy first.")


def _way_back(component: Component) -> Gate:
    def attempt() -> None:
        canary.try_index(store.index())
        canary.try_folders(store.index(), store.root(), store.sources_of(component))

    return tried_out("way back", attempt, "The index and the folders of its files take writes.")
