"""Everything that there is of a person, from every place of this host and its database."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from django.conf import settings

from legacy_json.outdated import sealed
from legacy_json.walking import files_of
from migration_control import components, store
from migration_control.fields import dumps
from migration_control.persons import copies, cutting, elsewhere, in_database, in_index, registry
from migration_control.persons.traces import Trace

BEYOND = (
    "backups that you made yourself, of the bot's folder, of the index or of the database, and folders that"
    " migration_export wrote",
    "the database server's own log (WAL), until it is written over, and logs of the bot and of Switchyard, which may"
    " have the number",
    "what other people wrote about them in texts",
)
STAYS = (
    "the bare number: in tombstones, which keep old copies from coming back, in idempotency keys of other people's"
    " records, and in the history of moves and runs"
)


def gather(person: int) -> Iterator[Trace]:
    """Raises LegacyError, django.db.Error."""
    if has_index():
        index = store.index()
        for component in components.declared():
            yield from in_index.records(index, component.name, person)
        yield from in_index.noted(index, person)
        yield from copies.found(index.path.parent, person)
        yield from copies.found_in(store.root(), left_alone(), person)
    yield from elsewhere.found(person)
    if settings.DATABASE_USED:
        for component in components.declared():
            yield from in_database.records(component, person)
        yield from in_database.noted(person)


def common(person: int) -> list[str]:
    """Records that are everybody's and have the person's number somewhere, also where no data is known by it."""
    zone, found = ZoneInfo(settings.LEGACY_TIME_ZONE), []
    for component in components.everything():
        personal = registry.personal(component.name)
        if not personal.common:
            continue
        for record in component.model.records.iterate():
            document = dumps(component.mapping.write(record, zone))
            if not personal.owns(person, record.key) and cutting.mentioned(document, person):
                found.append(f"{component.name} {record.key}")
    return found


def left_alone() -> list[str]:
    """The files that nobody renders any more: those of a component whose migration is closed."""
    sources = store.places().sources
    done_with = sealed(store.index(), sources.values())
    return [name for source in done_with for name in files_of(store.root(), sources[source])]


def strange(person: int) -> list[str]:
    """Files of the bot's folder that may be about the person, and of which nobody but the owner knows."""
    if not store.has_files():
        return []
    return elsewhere.strange(store.root(), settings.LEGACY_INDEX, store.places().sources, person)


def has_index() -> bool:
    return store.has_files() and settings.LEGACY_INDEX.exists()
