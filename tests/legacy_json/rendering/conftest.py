from pathlib import Path

import pytest

from legacy_json.rendering import swap
from tests.legacy_json.rendering.replacing import OLD


@pytest.fixture(params=["exchange", "link"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With the system's exchange, and where it has none."""
    if request.param == "link":
        monkeypatch.setattr(swap, "_rename", lambda: None)
    return str(request.param)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that is there."""
    made = tmp_path / "data.json"
    made.write_bytes(OLD)
    return made
