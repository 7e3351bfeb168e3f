"""The admin of a component's records: shown always, corrected only while the database is the authority.

Nothing is added or deleted here. A record is born and removed by the bot, which knows what belongs to it.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar, TypeVar

import psycopg
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from psycopg.errors import LockNotAvailable, ObjectNotInPrerequisiteState, SerializationFailure

from migration_control import components, locks
from migration_control.admin.reading import ReadOnlyAdmin
from migration_control.admin.searching import search
from migration_control.admin.show import NOTHING, badge, run_link
from migration_control.copying import LOCK_TIMEOUT
from migration_control.models import ComponentState, Run
from migration_control.records import ENGINE, Record
from migration_control.stages import Store

R = TypeVar("R", bound=Record)
REFUSALS = (LockNotAvailable, SerializationFailure, ObjectNotInPrerequisiteState, psycopg.IntegrityError)


def authority(component: str) -> str:
    return ComponentState.objects.values_list("authority", flat=True).filter(pk=component).first() or Store.JSON


def _with(choices: Any, present: Any) -> list[Any]:
    """A value that nobody knows stays where it is until somebody chooses another."""
    known = list(choices)
    return known if present in [value for value, _ in known] else [*known, (present, present)]


class RecordForm(forms.ModelForm[Record]):
    """A correction of the version that the page showed, refused if the record moved since."""

    drawn = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["drawn"] = self.instance.version
        for name, field in self.fields.items():
            if isinstance(field, forms.ChoiceField):
                field.choices = _with(field.choices, self.initial.get(name))

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        self._lock()
        record = type(self.instance)
        if authority(record.component) != Store.DATABASE:
            raise ValidationError(f"JSON is the authority for {record.component} by now. Change this through the bot.")
        present = record._default_manager.select_for_update().filter(pk=self.instance.pk)
        version = present.values_list("version", flat=True).first()
        if version != self.cleaned_data.get("drawn"):
            raise ValidationError("The record was changed after this page was drawn. Load it again, then change it.")
        return cleaned

    def _lock(self) -> None:
        """The component before the row: the order of every writer. Held until the request's transaction ends."""
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
            cursor.execute(*locks.shared(type(self.instance).component))

    def _get_validation_exclusions(self) -> set[str]:
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]  # the stubs lack it
        # What stood there before is not for this form to refuse. A unique value is unique among those not marked
        # as duplicates; without the mark it would not be checked at all.
        return (excluded | (set(self.fields) - set(self.changed_data))) - {"duplicate"}


class RecordAdmin(ReadOnlyAdmin[R]):
    """What every component's admin shares.

    searched: fields and how a search meets them, each by an index: `exact` or `startswith`.
    """

    form: Any = RecordForm
    change_form_template = "admin/record_change_form.html"
    change_list_template = "admin/record_change_list.html"
    searched: ClassVar[dict[str, str]]

    # What may be done

    def has_change_permission(self, request: HttpRequest, obj: R | None = None) -> bool:
        return admin.ModelAdmin.has_change_permission(self, request, obj) and self._editable

    @property
    def _editable(self) -> bool:
        return authority(self.model.component) == Store.DATABASE

    def _why_not(self) -> str:
        if self._editable:
            return ""
        return f"JSON is the authority for {self.model.component}: change this through the bot."

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"why_not": self._why_not(), **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"why_not": self._why_not(), **(extra_context or {})}
        try:
            return super().change_view(request, object_id, form_url, context)
        except DatabaseError as error:  # between the form's checks and the row, something came first
            if not isinstance(error.__cause__, REFUSALS):
                raise
            reason = str(error).partition("\n")[0]
            self.message_user(request, f"Nothing was saved: {reason}. Look again, then change it.", messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: R, form: Any, change: bool) -> None:
        """Only what was changed: a value that a form cannot show whole is left as it is."""
        changed = [name for name in form.changed_data if name != "drawn"]
        if changed:
            obj.save(update_fields=changed)
            obj.refresh_from_db(fields=["version", "run"])  # the trigger has set them

    # Fields

    def get_fieldsets(self, request: HttpRequest, obj: R | None = None) -> Any:
        names = [field.name for field in self.opts.fields if field.name not in ENGINE]
        shown = ["drawn", *names] if self.has_change_permission(request, obj) else names
        return [
            (None, {"fields": shown}),
            ("Kept by the engine", {"fields": ["pretty_extra", "version", "is_duplicate", "inserted_by"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: R | None = None) -> list[str]:
        pk = self.opts.pk
        assert pk is not None  # every concrete model has one
        return [pk.name, "pretty_extra", "version", "is_duplicate", "inserted_by"]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, models.CharField) and not db_field.choices:
            kwargs["strip"] = False  # else a value that has spaces around it would count as changed
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description="Other keys of the legacy record")
    def pretty_extra(self, record: R) -> SafeString | str:
        if not record.extra:
            return "none"
        text = json.dumps(record.extra, indent=2, ensure_ascii=False)
        # What UTF-8 has no bytes for (a lone surrogate) is shown as its escape.
        return format_html('<pre class="raw" tabindex="0">{}</pre>', text.encode("utf-8", "backslashreplace").decode())

    @admin.display(description="Duplicate")
    def is_duplicate(self, record: R) -> str:
        return "yes: an earlier record holds one of its unique values" if record.duplicate else "no"

    @admin.display(description="Duplicate")
    def marked(self, record: R) -> SafeString | str:
        return badge("duplicate") if record.duplicate else NOTHING

    @admin.display(description="Unchanged since")
    def inserted_by(self, record: R) -> SafeString | str:
        run = Run.objects.filter(pk=record.run).first() if record.run else None
        return run_link(run) if run else NOTHING

    # Search

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return tuple(self.searched)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[R], search_term: str
    ) -> tuple[QuerySet[R], bool]:
        unique = components.get(self.model.component).unique
        return search(queryset, self.searched, search_term, unique), False
