"""The control room's pages: components, runs and findings."""

from migration_control.admin.component_states import ComponentStateAdmin
from migration_control.admin.findings import FindingAdmin
from migration_control.admin.runs import RunAdmin

__all__ = ["ComponentStateAdmin", "FindingAdmin", "RunAdmin"]
