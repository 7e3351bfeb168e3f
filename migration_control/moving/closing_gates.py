"""What must hold before a migration is closed: nothing is under way, nothing waits, and nobody is left behind.

There is no way back from it, so nothing of this can be overridden.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from django.db import connection

from legacy_json import inbox, outdated
from legacy_json.conflicts import open_conflicts
from legacy_json.errors import LegacyError
from legacy_json.protocol import APPLICATION, NUMBER
from migration_control import releases, store
from migration_control.components import Component
from migration_control.models import ComponentState, InboxEntry, Run
from migration_control.models.moves import open_request
from migration_control.moving.gates import Gate, database, held, index_gate, lacking, mode, paired, parked, quarantine
from migration_control.moving.relations import mates
from migration_control.run_states import ACTIVE
from migration_control.stages import Stage
from migration_control.wording import counted

States = Mapping[str, ComponentState]


def gates(component: Component, beside: Collection[str] = ()) -> list[Gate]:
    """All of them, in the order in which staff would mend them. On the host with the files.

    beside: names of components that are closed before it, with the same request. Raises django.db.Error.
    """
    reached = database()
    if not reached.holds:
        return [reached]
    if not store.has_files():
        return [reached, lacking("files", "LEGACY_DIR is not set here.", "Close it on the host that has the files.")]
    states = {state.name: state for state in ComponentState.objects.all()}
    found = [reached, mode(), *standing(component, states, beside), _releases(), *_waiting(component)]
    opened = index_gate()
    return [*found, opened, *(_of_files(component) if opened.holds else ())]


def standing(component: Component, states: States, beside: Collection[str] = ()) -> Iterator[Gate]:
    """What is looked at again under the locks: itself, its parent, and who shares its files."""
    yield _stage(states[component.name])
    yield _parent(component, states, beside)
    yield _mates(component, states)


def _stage(state: ComponentState) -> Gate:
    if state.stage == Stage.DB_ONLY:
        return held("stage", f"{state.name} is {state.row}.")
    remedy = f"First: migration_move {state.name} --to db-only"
    return lacking("stage", f"{state.name} is {state.row}: only what is db-only can be closed.", remedy)


def _parent(component: Component, states: States, beside: Collection[str]) -> Gate:
    parent = component.parent
    if parent is None or states[parent].closed or parent in beside:
        return held("parent", "It has none that is still to be closed.")
    return lacking(
        "parent",
        f"{parent}, the parent of {component.name}, is not closed, and a child is never ahead.",
        f"Close both: migration_close {parent} {component.name}",
    )


def _mates(component: Component, states: States) -> Gate:
    written = [c.name for c in mates(component) if states[c.name].stage != Stage.DB_ONLY]
    if not written:
        return held("files", "Nobody writes its files any more.")
    fact = f"{', '.join(written)}, in the same files, is not db-only: the files are still written."
    return lacking("files", fact, "; ".join(f"migration_move {name} --to db-only" for name in written))


def _releases() -> Gate:
    """An older one would meet a fence that it does not know, and refuse each call."""
    unknown = releases.unknown_migrations()
    if unknown:
        return lacking("releases", f"The database has {', '.join(unknown)}.", "Close it with the release of those.")
    older = _older()
    if not older:
        return held("releases", "Whoever is connected knows what a closed migration is.")
    fact = f"{counted(len(older), 'connection')} of an older release, or of none that says which: {', '.join(older)}."
    return lacking("releases", fact, "Restart those processes with this release, or end them.")


def _older() -> list[str]:
    """Connections of this user to this database, as pid and name: ours say by which protocol they go."""
    query = (
        "SELECT pid, application_name, client_addr FROM pg_stat_activity WHERE datname = current_database()"
        " AND usename = current_user AND backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY pid"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [f"pid {pid} ({address or 'here'})" for pid, name, address in cursor.fetchall() if not _knows(name)]


def _knows(name: str) -> bool:
    """Other programs, which have names of their own, do not go by the protocol at all."""
    if not name:
        return False
    program, _, number = name.partition("/")
    return program != APPLICATION or not number.isdecimal() or int(number) >= NUMBER


def _waiting(component: Component) -> Iterator[Gate]:
    yield parked(component)
    yield replace(quarantine(component), overridable=False)
    yield _runs(component)
    yield _request(component)
    entries = InboxEntry.objects.filter(component=component.name).count()
    yield _inbox("inbox", entries, "the database")


def _runs(component: Component) -> Gate:
    run = Run.objects.filter(component_id=component.name, state__in=ACTIVE).first()
    if run is None:
        return held("runs", "None is under way.")
    return lacking("runs", f"Run {run.pk} is {run.state}.", f"Wait for it, or: migration_cancel {run.pk}")


def _request(component: Component) -> Gate:
    request = open_request(component.name)
    if request is None:
        return held("request", "Nobody has asked for a move.")
    return lacking("request", f"Request {request.pk}, to move {request}, is {request.state}.", "Wait for it.")


def _inbox(name: str, entries: int, where: str) -> Gate:
    if not entries:
        return held(name, f"Nothing waits for it in {where}.")
    fact = f"{counted(entries, 'effect')} {'waits' if entries == 1 else 'wait'} for it in {where}."
    return lacking(name, fact, "A worker applies them; its log says what is in the way.")


def _of_files(component: Component) -> Iterator[Gate]:
    try:
        index = store.index()
        waiting = inbox.counts(index.connection())
        conflicts = [each for each in open_conflicts(index) if _is_of(each.file, each.component, component)]
        sources = {source.name: source for source in store.sources_of(component)}
        unrendered = [each.file.name for each in outdated.dirty(index, sources)]
    except LegacyError as error:
        yield lacking("index", str(error))
        return
    yield paired(component)
    yield _inbox("inbox of the index", waiting.get(component.name, 0), "the index")
    yield _left_behind(waiting)
    if conflicts:
        fact = f"{counted(len(conflicts), 'conflict')} of its files {'is' if len(conflicts) == 1 else 'are'} open."
        yield lacking("conflicts", fact, "See legacy_status --conflicts, then legacy_settle.")
    else:
        yield held("conflicts", "None is open.")
    if unrendered:
        fact = f"{', '.join(unrendered[:3])} {'waits' if len(unrendered) == 1 else 'wait'} to be rendered a last time."
        yield lacking("rendering", fact, "A worker does it; or: legacy_render")
    else:
        yield held("rendering", "Its files show what the index has.")


def _left_behind(waiting: Mapping[str, int]) -> Gate:
    """What waits in the index for others that are closed: it is the last to be closed that lets go of the index."""
    closed = ComponentState.objects.filter(closed_above__isnull=False, name__in=waiting).order_by("name")
    names = list(closed.values_list("name", flat=True))
    if not names:
        return held("left behind", "Nothing waits in the index for a component that is closed.")
    total = sum(waiting[name] for name in names)
    fact = (
        f"{counted(total, 'effect')} in the index {'waits' if total == 1 else 'wait'} for {', '.join(names)}, closed."
    )
    return lacking("left behind", fact, "A worker applies them; its log says what is in the way.")


def _is_of(file: str, of: str | None, component: Component) -> bool:
    """A conflict of a record is its component's, one of a whole file everybody's who lies in it."""
    if of is not None:
        return of == component.name
    return any(source.pattern_of(file) is not None for source in store.sources_of(component))
