"""Lists of a million rows: no page counts them all."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db import connections
from django.db.models import QuerySet
from django.utils.functional import cached_property

LIMIT = 10_000


class CappedPaginator(Paginator[Any]):
    """Counts to LIMIT, and pages through so many rows; search and filters lead to the others."""

    @property
    def _rows(self) -> QuerySet[Any]:
        assert isinstance(self.object_list, QuerySet)  # as every change list's is
        return self.object_list

    @cached_property
    def _counted(self) -> int:
        return self._rows.order_by()[: LIMIT + 1].count()

    @cached_property
    def count(self) -> int:
        return min(self._counted, LIMIT)

    @property
    def limit(self) -> int:
        return LIMIT

    @property
    def capped(self) -> bool:
        return self._counted > LIMIT

    @cached_property
    def estimate(self) -> int:
        """Rows of the whole table by the planner's statistics; 0 if a filter is set, or they are missing."""
        rows: Any = self.object_list
        if rows.query.where:
            return 0
        with connections[rows.db].cursor() as cursor:
            cursor.execute(
                "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [rows.model._meta.db_table]
            )
            (estimate,) = cursor.fetchone()
        return max(int(estimate), 0)
