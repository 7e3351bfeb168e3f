"""Effects of long ago are forgotten, in either store, once the other one has them too."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from legacy_json import effects as in_index
from legacy_json.effects import Effect
from legacy_json.errors import LegacyError
from migration_control import effects, trimming
from migration_control.models import AppliedEffect
from tests.migration_control.moving.ground import Ground

NOW = timezone.now()
OLD, NEW = (int((NOW - timedelta(days=days)).timestamp()) for days in (401, 399))


def names(ground: Ground) -> tuple[set[str], set[str]]:
    """That JSON knows, and that the database does."""
    rows = ground.index.connection().execute("SELECT effect FROM applied WHERE component = 'users'")
    return {name for (name,) in rows}, set(AppliedEffect.objects.values_list("effect", flat=True))


def put(ground: Ground, effect: Effect, *, confirmed: bool) -> None:
    with ground.index.write() as (connection, _):
        in_index.note(connection, "users", effect)
        if confirmed:
            in_index.accept(connection, "users", [effect])
    effects.insert("users", [Effect(effect.key, f"{effect.name}, other store", effect.at)], acked=confirmed)


def test_what_is_old_and_in_both_stores_is_forgotten(ground: Ground, settings: Settings) -> None:
    put(ground, Effect(1, "old", OLD), confirmed=True)
    put(ground, Effect(1, "new", NEW), confirmed=True)
    put(ground, Effect(1, "here alone", OLD), confirmed=False)
    assert trimming.trim(NOW) == 2
    assert names(ground) == ({"new", "here alone"}, {"new, other store", "here alone, other store"})
    settings.EFFECTS_KEPT_DAYS = 398
    assert trimming.trim(NOW) == 2
    assert names(ground) == ({"here alone"}, {"here alone, other store"})


def test_what_cannot_be_trimmed_is_left_to_the_next_night(ground: Ground) -> None:
    put(ground, Effect(1, "old", OLD), confirmed=True)

    def fail(*args: object) -> int:
        raise LegacyError("the store is busy")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(in_index, "trim", fail)
        assert trimming.trim(NOW) == 0
    assert trimming.trim(NOW) == 2
