"""The JSON store as the settings name it, and reading a component's source into it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings

from legacy_json.applying import Reading
from legacy_json.errors import LegacyError
from legacy_json.index import Index
from legacy_json.layouts import Collection, SubObject
from legacy_json.reading import is_read, read, sources
from migration_control import components, pairing
from migration_control.components import Component
from migration_control.models import ComponentState


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


def source_of(component: Component) -> str:
    """The file or folder, relative to the bot's folder, that holds the component's records."""
    layout = component.layout
    home = components.get(layout.of).layout if isinstance(layout, SubObject) else layout
    assert not isinstance(home, SubObject)
    return home.file


def refresh(
    component: Component,
    *,
    confirm_shrink: bool = False,
    pairing_checked: bool = True,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Reading:
    """Bring the index up to date with the file that the bot writes. Raises LegacyError, StoresDisagree among them."""
    source, together = _source(component)
    for collection in together if pairing_checked else ():
        pairing.check(collection.name, index())
    return read(index(), root(), source, together, confirm_shrink=confirm_shrink, progress=progress)


def source_changed(component: Component) -> bool:
    """Whether the file was written since it was last read whole."""
    source, together = _source(component)
    return not is_read(index(), root() / source, source, together)


def together(component: Component) -> list[Component]:
    """The components whose records lie in the same source: a reading brings news of all of them."""
    return [components.get(collection.name) for collection in _source(component)[1]]


def _source(component: Component) -> tuple[str, list[Collection]]:
    """The component's source, and all the collections that lie in it: they are read together."""
    source = source_of(component)
    return source, sources([c.collection for c in components.everything()])[source]


def time_zone(component: Component) -> ZoneInfo:
    """The zone of the component's legacy dates, which its first copy fixes (pairing.note_copy). Raises ZoneChanged."""
    now: str = settings.LEGACY_TIME_ZONE
    fixed = ComponentState.objects.filter(name=component.name).values_list("time_zone", flat=True).first()
    if fixed and fixed != now and component.model._default_manager.exists():
        raise ZoneChanged(component.name, fixed, now)
    return ZoneInfo(now)
