"""The JSON store as the settings name it, and reading a component's source into it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from legacy_json import fences, marker, naming
from legacy_json.applying import Reading
from legacy_json.errors import LegacyError
from legacy_json.fences import Fence
from legacy_json.index import Index
from legacy_json.keys import below
from legacy_json.layouts import Collection, Source
from legacy_json.places import Places
from legacy_json.reading import is_read, read, sources
from legacy_json.renderer import Renderer
from migration_control import components, pairing
from migration_control.components import Component
from migration_control.models import ComponentState
from migration_control.stores.json import After, JsonStore


class LegacyDirUnset(LegacyError):
    def __init__(self) -> None:
        super().__init__("LEGACY_DIR is not set. Set it to the folder that holds the bot's JSON files.")


class ZoneChanged(LegacyError):
    def __init__(self, component: str, fixed: str, now: str) -> None:
        super().__init__(
            f"{component} was first imported with LEGACY_TIME_ZONE={fixed}; it is {now} now, and the same local"
            f" times would become other moments. Set LEGACY_TIME_ZONE={fixed} again."
        )


@lru_cache(4)
def _index(path: Path) -> Index:
    return Index(path)


def index() -> Index:
    """The index of this host."""
    return _index(settings.LEGACY_INDEX)


def root() -> Path:
    """The bot's folder. Raises LegacyDirUnset."""
    if settings.LEGACY_DIR is None:
        raise LegacyDirUnset
    return Path(settings.LEGACY_DIR)


def places() -> Places:
    """Where the records of every component lie."""
    return _places(tuple(component.collection for component in components.everything()))


@lru_cache(4)
def _places(collections: tuple[Collection, ...]) -> Places:
    return Places(collections)


def has_files() -> bool:
    """Whether this host has the bots' files, and so the index."""
    return settings.LEGACY_DIR is not None


def fence(component: Component) -> Fence:
    """How it stands just now on this host, which has the files."""
    return fences.fence(index().connection(), component.name)


def json_store(component: Component, after: After | None = None) -> JsonStore[Any]:
    """The component's records, in the index of this host and in the files of this folder. Needs no database.

    That the two belong together is looked at here, once, and not at each read or write: whoever keeps the store for
    long opens it anew when either may have been replaced. The zone is the settings', which time_zone() compares with
    that of the first import. Raises StoresDiffer, MarkerUnreadable, LegacyDirUnset.
    """
    for source in sources_of(component):
        marker.check(index(), root(), source.name)
    return JsonStore(component, index(), places(), ZoneInfo(settings.LEGACY_TIME_ZONE), after)


def renderer() -> Renderer:
    """This process's own: how much of the time it has spent is its own too. Raises LegacyDirUnset."""
    return _renderer(index(), root(), places())


@lru_cache(4)
def _renderer(index: Index, root: Path, places: Places) -> Renderer:
    return Renderer(index, root, places.sources)


def source_named(text: str) -> Source:
    """By a file, a folder, a pattern or a path. Raises naming.NoSuchSource, naming.SeveralSources, LegacyDirUnset."""
    return naming.source_named(places().sources.values(), root(), text)


def sources_of(component: Component) -> list[Source]:
    """What the component's records lie in; several where a component has several kinds of file."""
    found = sources([c.collection for c in components.everything()]).values()
    return [source for source in found if any(c.name == component.name for c in source.collections)]


def places_of(component: Component) -> str:
    """The names of those sources, for messages."""
    return ", ".join(source.name for source in sources_of(component))


def refresh(
    component: Component,
    *,
    confirm_shrink: bool = False,
    pairing_checked: bool = True,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Reading]:
    """Bring the index up to date with the files that the bot writes. Raises LegacyError, StoresDisagree among them."""
    if pairing_checked:
        for other in together(component):
            pairing.check(other.name, index())
    readings = [
        read(index(), root(), source, confirm_shrink=confirm_shrink, progress=progress)
        for source in sources_of(component)
    ]
    _carry_floors(together(component))
    return readings


def _carry_floors(chosen: Iterable[Component]) -> None:
    """An index that was made anew, or whose pruning was cut off before it began, learns them from the database."""
    names = [component.name for component in chosen]
    for name, text in ComponentState.objects.filter(name__in=names).exclude(floor="").values_list("name", "floor"):
        floor, known = components.get(name).parse_key(text), index().floor(name)
        if known is None or below(known, floor):
            index().prune(name, floor)


def source_changed(component: Component) -> bool:
    """Whether a file was written since it was last read whole."""
    return not all(is_read(index(), root(), source) for source in sources_of(component))


def together(component: Component) -> list[Component]:
    """The components whose records lie in the same sources: a reading brings news of all of them."""
    names = {collection.name for source in sources_of(component) for collection in source.collections}
    return [c for c in components.everything() if c.name in names]


def time_zone(component: Component) -> ZoneInfo:
    """The zone of the component's legacy dates, which its first copy fixes (pairing.note_copy). Raises ZoneChanged."""
    now: str = settings.LEGACY_TIME_ZONE
    fixed = ComponentState.objects.filter(name=component.name).values_list("time_zone", flat=True).first()
    if fixed and fixed != now and component.model._default_manager.exists():
        raise ZoneChanged(component.name, fixed, now)
    return ZoneInfo(now)
