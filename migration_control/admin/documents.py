"""The admin of records that have columns of JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar, TypeVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.forms.fields import InvalidJSONInput
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from migration_control import fields
from migration_control.admin.records import RecordAdmin
from migration_control.admin.show import NOTHING
from migration_control.records import ENGINE, Record

R = TypeVar("R", bound=Record)


class JsonText(forms.JSONField):
    """JSON to be corrected, in text that any page can show."""

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, InvalidJSONInput) else pretty(value)

    def to_python(self, value: Any) -> Any:
        found = super().to_python(value)
        try:
            fields.dumps(found)
        except ValueError:
            raise ValidationError("It holds a number that JSON and databases do not know.") from None
        return found


class DocumentAdmin(RecordAdmin[R]):
    """A record's columns of JSON are shown whole, and corrected only if they are named here.

    facts: records of what happened, which nobody adds or corrects; they may be deleted. given: columns that follow
    from the key, and so never change. corrected: columns of JSON that may be.
    """

    facts: ClassVar[bool] = False
    given: ClassVar[tuple[str, ...]] = ()
    corrected: ClassVar[tuple[str, ...]] = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return not self.facts and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: R | None = None) -> bool:
        return not self.facts and super().has_change_permission(request, obj)

    def _why_not(self, request: HttpRequest) -> SafeString | str:
        if self.facts and self._editable(request):
            return "What happened is not changed here, whoever is the authority; it may be deleted."
        return super()._why_not(request)

    def get_readonly_fields(self, request: HttpRequest, obj: R | None = None) -> list[Any]:
        if obj is None:
            return []
        return [*super().get_readonly_fields(request, obj), *self.given, *self._shown(request, obj).values()]

    def get_fieldsets(self, request: HttpRequest, obj: R | None = None) -> Any:
        (title, options), *others = super().get_fieldsets(request, obj)
        shown = self._shown(request, obj)
        if obj is None:
            left_out = {*self.given, *shown}
            return [(title, options | {"fields": [name for name in options["fields"] if name not in left_out]})]
        return [(title, options | {"fields": [shown.get(name, name) for name in options["fields"]]}), *others]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, models.JSONField):
            kwargs["form_class"] = JsonText
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def _shown(self, request: HttpRequest, obj: R | None) -> dict[str, Callable[[R], SafeString | str]]:
        """What stands in the place of each column of JSON that no form has."""
        in_form = self.corrected if obj is None or self.has_change_permission(request, obj) else ()
        columns = [field for field in self.opts.fields if isinstance(field, models.JSONField)]
        return {f.name: _display(f) for f in columns if f.name not in (*ENGINE, *in_form)}


def pretty(value: object) -> str:
    """JSON for people. What UTF-8 has no bytes for (a lone surrogate) is shown as its escape."""
    return json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()


@cache  # the same function in the fieldsets and among the fields that are only read
def _display(field: models.Field[Any, Any]) -> Callable[[R], SafeString | str]:
    @admin.display(description=str(field.verbose_name))
    def show(record: R) -> SafeString | str:
        value = getattr(record, field.name)
        return NOTHING if value is None else format_html('<pre class="raw" tabindex="0">{}</pre>', pretty(value))

    show.__name__ = f"pretty_{field.name}"
    return show
