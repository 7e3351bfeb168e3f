"""The storage calls, with the health and the facts of what answers them."""

from __future__ import annotations

import logging
from enum import StrEnum
from typing import Any

from django.conf import settings

from migration_control import store
from switchyard.facade import health
from switchyard.facade.answers import TROUBLE
from switchyard.legacy import DataStorage, clock
from switchyard.overload import gate

log = logging.getLogger(__name__)


class StorageBackend(StrEnum):
    JSON = "json"
    POSTGRESQL = "postgresql"
    DUAL = "dual"


class StorageAdapter(DataStorage):
    """backend: looked at, and never chosen by: which store answers is each component's stage, which only a move
    changes, so that two processes cannot differ. Services and whatever else is given are passed over: ours are found
    without. Raises ValueError for a backend that there is not.
    """

    def __init__(self, backend: StorageBackend | str | None = None, *_: object, **__: object) -> None:
        super().__init__()
        self._given = None if backend is None else StorageBackend(backend)
        if difference := self._difference():
            log.warning("%s", difference)

    async def health_check(self) -> dict[str, Any]:
        """As facade.health.look() has it, asked anew at each call, and `backend`."""
        try:
            found = await gate().run(lambda: health.look(clock.now()))
        except TROUBLE as error:
            found = {"status": "error", "reason": str(error)}
        return found | {"backend": settings.STORAGE_BACKEND}

    def get_backend_info(self) -> dict[str, Any]:
        """Sync; asks nobody. backend: as the setting says; given: to this object; difference: between the two, or None.
        Which store answers for a component is in health_check()["stores"].
        """
        return {
            "backend": settings.STORAGE_BACKEND,
            "given": None if self._given is None else self._given.value,
            "difference": self._difference() or None,
            "services_enabled": settings.ENABLE_SERVICES,
            "fallback_enabled": settings.SERVICE_FALLBACK_ENABLED,
            "database_used": settings.DATABASE_USED,
            "has_files": store.has_files(),
        }

    def _difference(self) -> str:
        if self._given is None or self._given == settings.STORAGE_BACKEND:
            return ""
        return (
            f"StorageAdapter was given backend={self._given.value}; STORAGE_BACKEND={settings.STORAGE_BACKEND} and the"
            " stages of the components count. Leave the argument out, or move the components: migration_move."
        )
