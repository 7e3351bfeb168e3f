from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def no_event_outlives_its_test(ground: object) -> Iterator[None]:
    """Nor the connection of the thread that writes them."""
    from analytics.recording import recorder

    yield
    recorder().close()
    recorder.cache_clear()
