"""The index's findings, copied to the database for staff; what they acknowledged stays acknowledged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from legacy_json.index import Finding as Found
from legacy_json.index import Index, Phase
from legacy_json.keys import Key
from migration_control.components import Component
from migration_control.models import ComponentState, Finding

Identity = tuple[str | None, str, int | None, str, str, str]


def replace_reading(index: Index, component: Component, run: int | None, *, own: bool = True) -> None:
    """What the last reading of the file found; the database then has just that.

    And of what mapping found, nothing that the index does not have any more: the record has changed since. But only
    by the component's own run (own): another's cannot tell it from what a copy under way has found, and not yet
    acknowledged.
    """
    with transaction.atomic():
        # Runs of all components of a file bring news of one another: one after the other, or each would add the same.
        ComponentState.objects.select_for_update().get(name=component.name)
        if own:
            mapped = {str(finding.key) for finding in index.findings(component.name, Phase.MAPPING)}
            Finding.objects.filter(component_id=component.name, phase=Phase.MAPPING).exclude(key__in=mapped).delete()
        rows = Finding.objects.filter(component_id=component.name, phase=Phase.READING)
        _replace(rows, index.findings(component.name, Phase.READING), run)


def replace_mapping(component: Component, keys: Sequence[Key], found: Sequence[Found], run: int | None) -> None:
    """What mapping these records found. Inside the transaction that copies them."""
    rows = Finding.objects.filter(component_id=component.name, phase=Phase.MAPPING)
    if not found and not rows.exists():
        return  # the common case, without a list of keys
    _replace(rows.filter(key__in=[str(key) for key in keys]), found, run)


def unacknowledged_quarantine(component: Component, key: str | None = None) -> int:
    """How many entries of the component, or of one key, are set apart and nobody has acknowledged it."""
    apart = Finding.objects.filter(component_id=component.name, outcome="quarantined", acknowledged_at=None)
    return (apart if key is None else apart.filter(key=key)).count()


def acknowledge(rows: QuerySet[Finding], *, by: str) -> int:
    """Staff have seen these. Returns how many nobody had acknowledged before."""
    # Again by key, and only what is open: two who do it at once are two records of the first only.
    open_rows = Finding.objects.filter(pk__in=rows.order_by().values("pk"), acknowledged_at=None)
    return open_rows.update(acknowledged_by=by, acknowledged_at=Now())


def _replace(rows: QuerySet[Finding], found: Iterable[Found], run: int | None) -> None:
    there: dict[Identity, int] = {
        (key, source, ordinal, outcome, code, detail): pk
        for pk, key, source, ordinal, outcome, code, detail in rows.values_list(
            "pk", "key", "source", "ordinal", "outcome", "code", "detail"
        )
    }
    new = []
    for finding in found:
        key = None if finding.key is None else str(finding.key)
        detail = _holdable(finding.detail)
        identity = (key, finding.source, finding.ordinal, str(finding.outcome), finding.code, detail)
        if there.pop(identity, None) is None:
            new.append(
                Finding(
                    component_id=finding.component,
                    key=key,
                    source=finding.source,
                    ordinal=finding.ordinal,
                    phase=finding.phase,
                    outcome=finding.outcome,
                    code=finding.code,
                    detail=detail,
                    raw=finding.raw,
                    run_id=run,
                )
            )
    if there:
        Finding.objects.filter(pk__in=there.values()).delete()
    Finding.objects.bulk_create(new, batch_size=1000)


def _holdable(text: str) -> str:
    """A message may quote what no text column holds."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
