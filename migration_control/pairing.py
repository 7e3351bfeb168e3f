"""Whether index and database are the two that have copied to one another, and as late as they say.

A lost index, or a folder or a database restored from a backup, would pass unnoticed by versions: the
one would call stale rows confirmed, the other would call new records old. So each side records the
other's id and the number of the last copy, which the index announces before it is made. Numbers that merely grow
would not do: an index from a backup goes on counting, and overtakes what the database remembers.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max
from django.db.models.functions import Greatest

from legacy_json import fences, pairing
from legacy_json.errors import LegacyError
from legacy_json.fences import Fence, FenceState
from legacy_json.index import Index
from legacy_json.keys import Key
from legacy_json.pairing import Receipt
from legacy_json.records import NEVER
from migration_control import effects
from migration_control.components import Component
from migration_control.models import Change, ComponentState
from migration_control.releases import understood
from migration_control.stages import Store, contradiction

PAGE = 10_000  # keys compared at a time


class StoresDisagree(LegacyError):
    """Nothing is copied until staff say which side is right."""

    def __init__(self, component: str, fact: str) -> None:
        super().__init__(
            f"{component}: {fact} Nothing was copied. Set LEGACY_INDEX or the database back to the right one; or,"
            f" {_way_out(component)}"
        )


def _way_out(component: str) -> str:
    """What mends it, which the row decides."""
    if ComponentState.objects.filter(name=component, closed_above__isnull=False).exists():
        return (
            "if this database is right, which has it for good, to keep this index from it:"
            f" migration_close {component} --confirm --reason TEXT"
        )
    if ComponentState.objects.filter(name=component, authority=Store.DATABASE).exists():
        return (
            "if the database, which is the authority, has what is right, to bring JSON up to date from it, whatever"
            f" JSON holds (or to settle with it, if JSON was promoted over it): migration_pair {component} --confirm"
        )
    return (
        "to make the database follow the bot's file again, whatever the database holds:"
        f" migration_pair {component} --confirm"
    )


def announce(component: Component, index: Index) -> int:
    """Before a copy: its number. Raises StoresDisagree."""
    check(component.name, index)
    state = ComponentState.objects.get(name=component.name)
    return pairing.announce(index, component.name, state.index_counter)


def note_copy(component: Component, index: Index, number: int) -> Receipt:
    """Inside the transaction of a copy: this database has taken it from this index. number: as announced."""
    state = ComponentState.objects.filter(name=component.name)
    state.update(
        copies=F("copies") + 1,
        index_id=index.pair_id,
        index_counter=Greatest(F("index_counter"), number),  # several may be under way
        time_zone=settings.LEGACY_TIME_ZONE,
    )
    database, copies = state.values_list("database_id", "copies").get()
    return Receipt(str(database), copies, number)


def check(component: str, index: Index) -> None:
    """Raises StoresDisagree."""
    state, known, fence = _both(component, index)
    if state is None:
        return
    if state.closed and not _contradiction(state, fence):
        return  # nothing is copied any more, and the database has it for good
    if fence.state is FenceState.SEALED and not state.closed:
        raise StoresDisagree(component, f"its migration is closed, as {index.path} knows, and not in this database.")
    if state.index_id and state.index_id != index.pair_id:
        raise StoresDisagree(component, f"the database was filled from another index than {index.path}.")
    if known.database and known.database != str(state.database_id):
        raise StoresDisagree(component, f"{index.path} belongs to another database than this.")
    older = _contradiction(state, fence)
    if older == "index":
        raise StoresDisagree(component, f"{index.path} is older than the last move of it: a backup?")
    if older == "database":
        raise StoresDisagree(component, f"the database is older than the last move of it in {index.path}: a backup?")
    agreed = not state.index_id or state.index_counter in (known.told, *known.announced)
    if not agreed and state.index_counter > known.told:
        raise StoresDisagree(component, f"{index.path} is older than what the database took from it: a backup?")
    if not agreed or known.copies > state.copies:
        raise StoresDisagree(component, f"the database is older than what {index.path} saw it take: a backup?")


def _contradiction(state: ComponentState, fence: Fence) -> str:
    return contradiction(understood(state.name, state.stage, state.reads), state.epoch, fence, closed=state.closed)


def check_passed_over(component: Component, index: Index, keys: Sequence[Key]) -> None:
    """While the database is the authority: the index is not newer than the rows. Raises StoresDisagree."""
    epoch = _epoch_of(component, Store.DATABASE)
    versions = {key: index.version(component.name, key) for key in keys}
    rows = _versions(component, keys)
    ahead = [key for key in keys if versions[key] > rows.get(key, NEVER)]
    if ahead and epoch is not None and epoch == _epoch_of(component, Store.DATABASE):
        raise StoresDisagree(
            component.name,
            f"{index.path} has newer versions of {len(ahead)} records than the database, {ahead[0]!r} among them: is"
            " the database from a backup?",
        )


def check_versions(component: Component, index: Index, keys: Sequence[Key]) -> None:
    """While JSON is the authority: no row is newer than what the index has. Raises StoresDisagree.

    The numbers of copies lag behind inline ones, so an index from a backup of a moment ago may have the right one.
    """
    epoch = _epoch_of(component, Store.JSON)
    rows = _versions(component, keys)
    ahead = [key for key in rows if rows[key] > index.version(component.name, key)]
    # Had the authority moved in between, there and back even, the rows could rightly be newer.
    if ahead and epoch is not None and epoch == _epoch_of(component, Store.JSON):
        raise StoresDisagree(
            component.name,
            f"the database has newer versions of {len(ahead)} records than {index.path}, {ahead[0]!r} among them:"
            " a backup?",
        )


def _versions(component: Component, keys: Sequence[Key]) -> dict[Key, int]:
    """Of the rows, or of their tombstones."""
    rows = dict(component.model._base_manager.filter(pk__in=keys).values_list("pk", "version"))
    texts = {str(key): key for key in keys}
    for text, version in Change.objects.filter(component=component.name, key__in=texts).values_list("key", "version"):
        rows[texts[text]] = max(version, rows.get(texts[text], version))
    return rows


def _epoch_of(component: Component, authority: Store) -> int | None:
    """None while another store is the authority."""
    state = ComponentState.objects.filter(name=component.name, authority=authority)
    return state.values_list("epoch", flat=True).first()


def _both(component: str, index: Index) -> tuple[ComponentState | None, pairing.Counterpart, Fence]:
    """What each side says, at one moment: an import of the component may be going on elsewhere, or a move."""
    while True:
        known = _known(component, index)
        state = ComponentState.objects.filter(name=component).first()
        if _known(component, index) == known:
            return state, *known


def _known(component: str, index: Index) -> tuple[pairing.Counterpart, Fence]:
    with index.snapshot() as connection:
        return pairing.counterpart(index, component), fences.fence(connection, component)


def strangers(component: Component, index: Index) -> list[Key]:
    """Keys that the database has and the index has never heard of."""
    rows = component.model._default_manager.order_by("pk").values_list("pk", flat=True)
    found: list[Key] = []
    page = list(rows[:PAGE])
    while page:
        known = index.known(component.name, page)
        found += [key for key in page if key not in known]
        page = list(rows.filter(pk__gt=page[-1])[:PAGE])
    return found


def pair(component: Component, index: Index) -> int:
    """Let the index start above the database's versions, with everything pending. Returns how much is."""
    rows = component.model._default_manager.aggregate(top=Max("version"))["top"]
    changes = Change.objects.filter(component=component.name).aggregate(top=Max("version"))["top"]
    base = max(-1 if rows is None else rows, -1 if changes is None else changes)
    with transaction.atomic():
        ComponentState.objects.filter(name=component.name).update(index_id="", index_counter=0)
        effects.merge(component, index)
        return pairing.start_above(index, component.name, base, strangers(component, index))
