"""Writing a record by hand: under its component's lock, at the version that the page showed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import connection

from legacy_json.errors import KeyReserved
from legacy_json.keys import BadKey
from migration_control import components, locks
from migration_control.conversions import CannotHold
from migration_control.copying import LOCK_TIMEOUT
from migration_control.models import ComponentState
from migration_control.moving import rows
from migration_control.records import Record
from migration_control.stages import Store
from migration_control.stores.changes import derive
from migration_control.stores.refusals import refuse_reserved

STALE = "The record was changed after this page was drawn. Load it again, then {}."


class NotSaved(Exception):
    """Nothing was written; the message says why, and what to do."""


def authority(component: str) -> str:
    return ComponentState.objects.values_list("authority", flat=True).filter(pk=component).first() or Store.JSON


def json_is_authority(component: str) -> str:
    """Told to whoever writes from a page that was drawn before a move."""
    last = rows.last(component)
    by = (
        ""
        if last is None
        else f" {last.actor} moved it at {last.at:%Y-%m-%d %H:%M:%S} UTC ({last.reason or last.kind})."
    )
    return f"JSON is the authority for {component} by now, and nothing was saved.{by} Change this through the bot."


def hold(component: str) -> None:
    """The component before the row: the order of every writer. Held until the transaction ends. Raises NotSaved."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        cursor.execute(*locks.shared(component))
    if authority(component) != Store.DATABASE:
        raise NotSaved(json_is_authority(component))


def refuse_changed(record: Record, drawn: object, act: str) -> None:
    """Lock the row, if it still has the version that the page showed. Raises NotSaved."""
    present = type(record)._default_manager.select_for_update().filter(pk=record.pk)
    version = present.values_list("version", flat=True).first()
    if version is None or str(version) != str(drawn):
        raise NotSaved(STALE.format(act))


class RecordForm(forms.ModelForm[Record]):
    """A new record, or a correction of the version that the page showed."""

    drawn = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["drawn"] = self.instance.version
        for name, field in self.fields.items():
            if isinstance(field, forms.ChoiceField):
                field.choices = _with(field.choices, self.initial.get(name))

    @property
    def _adding(self) -> bool:
        return self.instance._state.adding

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        try:
            hold(type(self.instance).component)
            if not self._adding:
                refuse_changed(self.instance, self.cleaned_data.get("drawn"), "change it")
        except NotSaved as error:
            raise ValidationError(str(error)) from None
        return cleaned

    def _post_clean(self) -> None:
        """Before the model's own checks, which look at what follows from the key."""
        key = self._meta.model._meta.pk.name
        if self._adding and self.cleaned_data.get(key) is not None:
            self._take_key(key)
        super()._post_clean()  # type: ignore[misc]  # the stubs lack it

    def _take_key(self, name: str) -> None:
        component = components.get(type(self.instance).component)
        try:
            self.instance.pk = component.parse_key(str(self.cleaned_data[name]))
            derive(component, self.instance)
            refuse_reserved(component, [self.instance.key])
        except (BadKey, CannotHold, KeyReserved) as error:
            self.add_error(name, str(error))

    def _get_validation_exclusions(self) -> set[str]:
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]  # the stubs lack it
        # What stood there before is not for this form to refuse. A unique value is unique among those not marked
        # as duplicates; without the mark it would not be checked at all.
        old = set() if self._adding else set(self.fields) - set(self.changed_data)
        return (excluded | old) - {"duplicate"}


def _with(choices: Any, present: Any) -> list[Any]:
    """A value that nobody knows stays where it is until somebody chooses another."""
    known = list(choices)
    return known if present in [value for value, _ in known] else [*known, (present, present)]
