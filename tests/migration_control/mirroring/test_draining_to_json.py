"""One record that JSON refuses, for whatever reason, is parked, and stops no other."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from accounts.models import User
from legacy_json.errors import StoreBusy
from migration_control.mirroring import draining_to_json, inline
from migration_control.models import Parked
from tests.migration_control.moving.ground import DUAL_DATABASE, Ground


@pytest.fixture(autouse=True)
def _no_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of single writes."""

    def missed(*args: object) -> dict[object, int]:
        raise StoreBusy(Path("index"), 1)

    monkeypatch.setattr(inline, "to_json", SimpleNamespace(apply=missed))


@pytest.mark.parametrize(
    ("extra", "why"),
    [({"user_id": 77}, "has the user_id 77"), ({"total_requests": 1 << 70}, "does not fit 64 bits")],
    ids=["the key of another record in its document", "a number that no column holds"],
)
def test_a_record_that_json_refuses_is_parked_and_stops_no_other(
    ground: Ground, extra: dict[str, object], why: str
) -> None:
    ground.move(DUAL_DATABASE)
    ground.records.create(User(user_id=1, extra=extra))
    ground.records.create(User(user_id=2))
    drained = draining_to_json.drain(ground.users, ground.index)
    assert (drained.copied, drained.parked, ground.lag()) == (1, 1, (0, 1))
    parked = Parked.objects.get()
    assert parked.key == "1"
    assert why in parked.reason
    assert ground.in_json(2) is not None
