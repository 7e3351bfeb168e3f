"""Putting components where a test wants them, without a move: the row alone, as the database sees it."""

from django.db import transaction

from migration_control.models import ComponentState
from migration_control.moving.rows import By, change
from migration_control.stages import row


def stand(stage: str, reads: str, *names: str) -> None:
    for state in ComponentState.objects.filter(name__in=names):
        with transaction.atomic():
            change(state, row(stage, reads), state.epoch + 1, "put there", By("a test", ""))
