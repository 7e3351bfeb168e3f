"""Column types that Django has no field for."""

from __future__ import annotations

import json
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.types.json import Json


def dumps(value: object) -> str:
    """JSON in ASCII: lone surrogates and NUL survive as escapes. Raises ValueError for NaN and infinities."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


class VerbatimJSONField(models.JSONField):
    """A `json` column, not `jsonb`: it keeps what it is given.

    jsonb refuses a NUL and a lone surrogate even as escapes, which legacy documents do hold, and
    what nobody queries needs no parsing on the way in. It cannot be compared for equality.
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "json"

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        return None if value is None else Json(value, dumps=dumps)

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        return value  # psycopg has decoded it, unlike jsonb: a text is a text here, and no JSON any more


class TransactionIdField(models.Field[int, int]):
    """The full id of the transaction that wrote the row (xid8): it never wraps round."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "xid8"
