"""The admin of a component's records: shown always, written only while the database is the authority.

Written through the ORM, so that the triggers note each change, and copying carries it to JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import psycopg
from django.contrib import admin, messages
from django.db import DatabaseError, models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from psycopg.errors import DeadlockDetected, LockNotAvailable, ObjectNotInPrerequisiteState, SerializationFailure

from migration_control import components, store
from migration_control.admin.reading import ReadOnlyAdmin
from migration_control.admin.record_forms import (
    NotSaved,
    RecordForm,
    authority,
    hold,
    json_is_authority,
    refuse_changed,
)
from migration_control.admin.searching import search
from migration_control.admin.show import NOTHING, badge, run_link
from migration_control.models import Run
from migration_control.records import ENGINE, Record
from migration_control.stages import Store

R = TypeVar("R", bound=Record)
# Of the database, where something came first between the checks and the row.
REFUSALS = (
    DeadlockDetected, LockNotAvailable, SerializationFailure, ObjectNotInPrerequisiteState, psycopg.IntegrityError,
)  # fmt: skip


class RecordAdmin(ReadOnlyAdmin[R]):
    """What every component's admin shares.

    searched: fields and how a search meets them, each by an index: `exact` or `startswith`.
    """

    form: Any = RecordForm
    change_form_template = "admin/record_change_form.html"
    change_list_template = "admin/record_change_list.html"
    delete_confirmation_template = "admin/record_delete.html"
    searched: ClassVar[dict[str, str]]

    # What may be done

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request) and self._editable(request)

    def has_change_permission(self, request: HttpRequest, obj: R | None = None) -> bool:
        return admin.ModelAdmin.has_change_permission(self, request, obj) and self._editable(request)

    def has_delete_permission(self, request: HttpRequest, obj: R | None = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj) and self._editable(request)

    def _editable(self, request: HttpRequest) -> bool:
        """Asked once a request: a move in the middle of one must not change what its page is made of."""
        known: dict[str, bool] = vars(request).setdefault("switchyard_editable", {})
        name = self.model.component
        if name not in known:
            known[name] = authority(name) == Store.DATABASE
        return known[name]

    def _why_not(self, request: HttpRequest) -> SafeString | str:
        if self._editable(request):
            return ""
        component = components.get(self.model.component)
        page = reverse("admin:migration_control_componentstate_change", args=[component.name])
        link = format_html(' <a href="{}">Where {} stands</a>', page, component.name)
        return format_html(
            "JSON is the authority for {}: change this through the bot. The records lie in {}; what stands here is the"
            " copy that the database has.{}",
            component.name, store.places_of(component),
            link if request.user.has_perm("migration_control.view_componentstate") else "",
        )  # fmt: skip

    # Pages

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"why_not": self._why_not(request), **(extra_context or {})})

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        may = admin.ModelAdmin.has_add_permission(self, request)
        return self._told(request, may, lambda: super(RecordAdmin, self).add_view(request, form_url, extra_context))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"why_not": self._why_not(request), **(extra_context or {})}
        may = admin.ModelAdmin.has_change_permission(self, request)
        return self._told(
            request, may, lambda: super(RecordAdmin, self).change_view(request, object_id, form_url, context)
        )

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        may = admin.ModelAdmin.has_delete_permission(self, request)
        return self._told(request, may, lambda: super(RecordAdmin, self).delete_view(request, object_id, extra_context))

    def _told(self, request: HttpRequest, may: bool, page: Callable[[], HttpResponse]) -> HttpResponse:
        """The page; or, where a move or another writer came first, its list or itself anew, with what happened."""
        if request.method == "POST" and may and not self._editable(request):
            return self._instead(request, json_is_authority(self.model.component))
        try:
            return page()
        except NotSaved as error:
            return self._instead(request, str(error))
        except DatabaseError as error:
            if not isinstance(error.__cause__, REFUSALS):
                raise
            reason = str(error).partition("\n")[0]
            return self._instead(request, f"Nothing was saved: {reason}. Look again, then change it.")

    def _instead(self, request: HttpRequest, told: str) -> HttpResponse:
        self.message_user(request, told, messages.ERROR)
        if self._editable(request) and authority(self.model.component) == Store.DATABASE:
            return HttpResponseRedirect(request.get_full_path())
        return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))

    # Writing

    def save_model(self, request: HttpRequest, obj: R, form: Any, change: bool) -> None:
        """Only what was changed: a value that a form cannot show whole is left as it is."""
        changed = [name for name in form.changed_data if name != "drawn"]
        if not change:
            obj.save(force_insert=True)
        elif changed:
            obj.save(update_fields=changed)
        obj.refresh_from_db(fields=["version", "run"])  # the trigger has set them

    def delete_model(self, request: HttpRequest, obj: R) -> None:
        """Raises NotSaved."""
        hold(obj.component)
        refuse_changed(obj, request.POST.get("drawn"), "delete it")
        obj.delete()

    # Fields

    def get_fieldsets(self, request: HttpRequest, obj: R | None = None) -> Any:
        names = [field.name for field in self.opts.fields if field.name not in ENGINE]
        if obj is None:
            return [(None, {"fields": names})]
        shown = ["drawn", *names] if self.has_change_permission(request, obj) else names
        return [
            (None, {"fields": shown}),
            ("Kept by the engine", {"fields": ["pretty_extra", "version", "is_duplicate", "inserted_by"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: R | None = None) -> list[str]:
        if obj is None:
            return []
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
