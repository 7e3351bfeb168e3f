"""Filters whose choices cost little on a large table."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

SAMPLE = 10_000


class SampledValues(admin.SimpleListFilter):
    """The values of a column that the newest rows have; a rarer one is reached by its address."""

    field: str

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        newest = model_admin.model._default_manager.order_by("-pk").values_list(self.field, flat=True)[:SAMPLE]
        return [(value, value) for value in sorted({*newest, self.value()} - {None, ""})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.field: self.value()}) if self.value() else queryset


class YesNo(admin.SimpleListFilter):
    """Whether rows have what `meaning` says."""

    meaning: Q

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "No")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "yes":
            return queryset.filter(self.meaning)
        return queryset.exclude(self.meaning) if self.value() == "no" else queryset
