"""The control room's pages: components and their moves, runs and findings."""

from migration_control.admin.component_states import ComponentStateAdmin
from migration_control.admin.findings import FindingAdmin
from migration_control.admin.history import TransitionAdmin
from migration_control.admin.move_requests import MoveRequestAdmin
from migration_control.admin.runs import RunAdmin

__all__ = ["ComponentStateAdmin", "FindingAdmin", "MoveRequestAdmin", "RunAdmin", "TransitionAdmin"]
