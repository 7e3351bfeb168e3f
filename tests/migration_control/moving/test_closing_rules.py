"""What closing looks at once more under the locks, what it forgets, and above which versions it goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from migration_control import effects
from migration_control.components import Component
from migration_control.models import AppliedEffect, Change
from migration_control.moving import recovery
from migration_control.moving.closing import NotReady
from tests.migration_control.moving.ground import DUAL_DATABASE, Ground
from tests.migration_control.moving.test_closing import close
from tests.migration_control.moving.test_closing import db_only as db_only
from tests.migration_control.protocol import acts


@pytest.mark.parametrize("moved", ["analytics", "users"])
def test_who_shares_its_files_is_looked_at_again_under_the_locks(
    db_only: Ground, monkeypatch: pytest.MonkeyPatch, moved: str
) -> None:
    """It was db-only when the gates were looked at, and was moved back since."""
    recover, name = recovery.recover, "users" if moved == "analytics" else "analytics"

    def moved_meanwhile(component: Component) -> bool:
        monkeypatch.setattr(recovery, "recover", recover)
        db_only.move(DUAL_DATABASE, moved)
        return recover(component)

    monkeypatch.setattr(recovery, "recover", moved_meanwhile)
    with pytest.raises(NotReady, match=f"{moved}, in the same files, is not db-only"):
        close(name)
    assert not db_only.state(name).closed
    db_only.move(DUAL_DATABASE, name)  # and there is a way back


def test_effects_that_json_was_to_have_are_forgotten_in_their_time(db_only: Ground) -> None:
    User.records.update(1, acts.count_up, once="charge:1")
    assert AppliedEffect.objects.filter(acked=False).exists()
    close()
    assert not AppliedEffect.objects.filter(acked=False).exists(), "each write of the record would go on reading them"
    assert effects.trim("users", timezone.now() + timedelta(days=1)) == 1
    assert not AppliedEffect.objects.exists()


def test_versions_go_on_above_what_the_index_ever_had(db_only: Ground) -> None:
    """The index may know of a version that no row has: of an old deletion, or of before it was deferred."""
    db_only.index.connection().execute("UPDATE record SET version = 70 WHERE component = 'users'")
    close()
    assert db_only.state().closed_above == 70
    acts.count(1, 1)
    assert User.objects.get(pk=1).version > 70


def test_versions_go_on_above_those_of_deleted_records(db_only: Ground) -> None:
    acts.create(2)
    acts.count(2, 8)
    acts.delete(2)
    top = Change.objects.get(component="users", key="2").version
    assert top > User.objects.get(pk=1).version
    close()
    assert db_only.state().closed_above == top
    acts.create(2)
    assert User.objects.get(pk=2).version > top
