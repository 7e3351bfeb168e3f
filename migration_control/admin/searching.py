"""Search that meets an index for each field, at a million rows as at ten."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TypeVar

from django.db import models
from django.db.models import Q, QuerySet

from legacy_json.keys import LARGEST, SMALLEST

M = TypeVar("M", bound=models.Model)
_integer = re.compile(r"-?[0-9]{1,19}").fullmatch


def search(rows: QuerySet[M], fields: Mapping[str, str], text: str, unique: Collection[str] = ()) -> QuerySet[M]:
    """The rows that the text meets in any of the fields.

    fields: how each is met, `exact` or `startswith`. unique: those that are so among rows not marked as duplicates.
    """
    text = text.strip().replace("\0", "")
    if not text:
        return rows
    found = Q()
    for name, lookup in fields.items():
        found |= _meets(rows.model, name, lookup, text, name in unique)
    return rows.filter(found) if found else rows.none()


def _meets(model: type[models.Model], name: str, lookup: str, text: str, unique: bool) -> Q:
    if isinstance(model._meta.get_field(name), models.IntegerField):
        number = _integer(text) and SMALLEST <= int(text) <= LARGEST
        return Q(**{name: int(text)}) if number else Q()
    meets = Q(**{f"{name}__{lookup}": text})
    if unique:  # in the words of the conditions that the two partial indexes have
        return (meets & Q(**{"duplicate": False, f"{name}__gt": ""})) | (meets & Q(duplicate=True))
    return meets
