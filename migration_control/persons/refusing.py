"""When a person's data cannot be deleted, or not yet; nothing was deleted then."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from legacy_json import owners
from legacy_json.errors import LegacyError, SourceMissing
from legacy_json.layouts import Source
from legacy_json.owners import Owner
from legacy_json.reading import read
from legacy_json.walking import files_of
from migration_control import components, pairing, store
from migration_control.components import Component
from migration_control.models import ComponentState, Run
from migration_control.persons import cutting, registry
from migration_control.persons.cutting import NotJson
from migration_control.persons.gathering import has_index
from migration_control.persons.notes import is_file_of
from migration_control.persons.traces import Trace
from migration_control.run_states import ACTIVE


class PersonRefused(LegacyError):
    """Base."""


class BotsFile(PersonRefused):
    def __init__(self, source: str, names: list[str], person: int) -> None:
        super().__init__(
            f"{', '.join(names[:5])}{' and others' if len(names) > 5 else ''} still name {person}, and the bot writes"
            f" {source}: the next import would bring the person back. Have the bot delete them there, or stop it and"
            f" take the file over (manage.py legacy_take '{source}'); then repeat this."
        )


class OtherHost(PersonRefused):
    def __init__(self) -> None:
        super().__init__("LEGACY_DIR is not set here, and another host has the files. Do this there.")


class RunUnderWay(PersonRefused):
    def __init__(self, run: Run) -> None:
        super().__init__(
            f"Run {run.pk} of {run.component_id} is {run.state}, and may have the person's records in hand. Let it end,"
            f" or end it (manage.py migration_cancel {run.pk}); then repeat this."
        )


class NotServed(PersonRefused):
    def __init__(self, component: str) -> None:
        super().__init__(
            f"There are records of {component}, whose bot is not among BOTS: nobody could write its files. Name it in"
            " BOTS, and repeat this."
        )


def refuse(person: int) -> None:
    """Raises PersonRefused, StoresDisagree, and what reading a bot's file raises."""
    if settings.DATABASE_USED:
        run = Run.objects.filter(state__in=ACTIVE).first()
        if run is not None:
            raise RunUnderWay(run)
        if has_index():
            for component in components.everything():
                pairing.check(component.name, store.index())
    refresh()
    for source in _of_bots():
        names = list(_naming(source, person))
        if names:
            raise BotsFile(source.name, names, person)


def refuse_unserved(found: list[Trace]) -> None:
    """Raises NotServed."""
    served = {component.name for component in components.everything()}
    for trace in found:
        if trace.place in ("json", "database") and trace.name not in served:
            raise NotServed(trace.name)


def refresh() -> None:
    """Bring the index up to date with the files that bots write. Raises OtherHost, and what reading raises."""
    if not store.has_files():
        if settings.DATABASE_USED and ComponentState.objects.exclude(index_id="").exists():
            raise OtherHost
        return
    for component in components.everything():
        try:
            _read(component)
        except SourceMissing:
            if store.index().is_read(component.name):
                raise
            # a bot that never wrote such a file


def _read(component: Component) -> None:
    if settings.DATABASE_USED:
        store.refresh(component)
    else:
        for source in store.sources_of(component):
            read(store.index(), store.root(), source)


def _of_bots() -> list[Source]:
    if not store.has_files():
        return []
    found = store.places().sources.values()
    return [source for source in found if owners.owner(store.index(), source) is Owner.LEGACY]


def _naming(source: Source, person: int) -> Iterator[str]:
    """Its files that name them."""
    within = registry.within()
    for name in files_of(store.root(), source):
        data = (store.root() / name).read_bytes()
        if is_file_of(name, person):
            yield name
        elif cutting.mentioned(data, person):
            try:
                if cutting.cut(cutting.as_text(data), person, within).found:
                    yield name
            except NotJson:
                yield name
