"""The bots' files: whether they can be read whole, and what was odd in them."""

from __future__ import annotations

from legacy_json.errors import LegacyError, SourceMissing, SourceShrank, SourceUnreadable, SourceUnstable
from legacy_json.records import DUPLICATE_VALUE, Finding, Outcome
from migration_control import reporting, store
from migration_control.components import Component
from switchyard.validating.looking import Look
from switchyard.validating.rules import Found

BROKEN = (SourceUnreadable, SourceMissing, SourceShrank)


def read(component: Component, look: Look, known: set[str]) -> bool:
    """Bring the index up to date; whether it is. known: what was told of a file that others share."""
    try:
        store.refresh(component)
    except (*BROKEN, LegacyError) as error:
        if isinstance(error, SourceUnstable):
            return True  # as it was read last
        if str(error) not in known:
            code = "file-unreadable" if isinstance(error, BROKEN) else "not-checked"
            look.found(component.name, None, Found(code, {"component": component.name, "reason": str(error)}))
        known.add(str(error))
        return False
    return True


def odd(component: Component, look: Look) -> None:
    """What the reader and the mapping noted, as long as the files count."""
    for finding in store.index().findings(component.name):
        if finding.code != DUPLICATE_VALUE:  # the records that share a value say so themselves
            facts = {"place": reporting.place(finding), "detail": finding.detail, "finding": finding.code}
            look.found(component.name, finding.key, Found(_code(finding), facts))


def _code(finding: Finding) -> str:
    if finding.outcome != Outcome.QUARANTINED:
        return str(finding.outcome.value)
    nobody = finding.component == "users" and finding.key is None and finding.ordinal is not None
    return "key-missing" if nobody else "quarantined"
