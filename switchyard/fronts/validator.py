"""Every record looked at, and what can be mended mended, by the guide's names."""

from __future__ import annotations

import logging

from migration_control import components
from switchyard.legacy import clock
from switchyard.validating import asking, everything, fixing
from switchyard.validating.report import FixSummary, ValidationReport, ValidationSeverity
from switchyard.waiting import aside

log = logging.getLogger(__name__)


class DataValidator:
    """Built of whatever the guide gives it, which is passed over. faceit: a client of the FACEIT API; with one, every
    linked player is asked for there too.
    """

    def __init__(self, *_: object, faceit: asking.Faceit | None = None, **__: object) -> None:
        self._faceit = faceit

    async def validate_all_data(self) -> ValidationReport:
        """Of all components that are served, in both stores. Changes no record. What cannot be looked at is an issue
        of the report; nothing is raised for it.
        """
        report = await aside(lambda: everything.validate(components.everything(), now=clock.now()))
        if self._faceit is not None:
            await asking.ask(report, self._faceit, clock.now())
        return report

    async def fix_validation_issues(
        self,
        report: ValidationReport,
        auto_fix: bool = False,
        severity_threshold: ValidationSeverity | str = ValidationSeverity.WARNING,
    ) -> FixSummary:
        """Mend those of the report's listed issues that are as severe as the threshold, or more, and `fixable`. Without
        auto_fix nothing is written, and would_fix says how many these are. Raises ValueError for no severity.
        """
        threshold = ValidationSeverity(severity_threshold)
        now = clock.now()
        summary = await aside(lambda: fixing.fix(report, auto_fix=auto_fix, threshold=threshold, now=now))
        for error in summary["errors"][:10]:
            log.warning("Not mended: %s", error)
        return summary
