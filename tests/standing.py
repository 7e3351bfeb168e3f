"""Putting components where a test wants them, without a move: the row alone, as the database sees it."""

from django.db import transaction

from legacy_json import fences
from legacy_json.index import Index
from migration_control.models import ComponentState
from migration_control.moving.rows import By, change
from migration_control.stages import fence_for, row


def fence_too(index: Index, *names: str) -> None:
    """As a move to where they stand would have left it."""
    for state in ComponentState.objects.filter(name__in=names):
        with index.write() as (connection, _):
            now = fences.fence(connection, state.name)
            assert fences.advance(connection, state.name, now, fence_for(state.row, state.epoch))


def stand(stage: str, reads: str, *names: str) -> None:
    for state in ComponentState.objects.filter(name__in=names):
        with transaction.atomic():
            change(state, row(stage, reads), state.epoch + 1, "put there", By("a test", ""))
