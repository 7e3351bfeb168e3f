"""Nobody waits: what would be looked at again a moment later is looked at again at once."""

from __future__ import annotations

import pytest

from tests.migration_control.conftest import run_import as run_import


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from migration_control import comparing
    from switchyard.validating import fixing, walking

    for module in (walking, comparing, fixing):
        monkeypatch.setattr(module, "PAUSE", 0)
