from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.legacy_json.stores import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path)
    yield made
    made.index.close()
