"""The abstract base of every component's model."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from django.db import models

from migration_control.fields import VerbatimJSONField
from migration_control.triggers import Guard, NoteChange, RefuseTruncate

if TYPE_CHECKING:
    from migration_control.routing.records import Records

R = TypeVar("R", bound="Record")


class Routed:
    """`Model.records`, made at first use: the router needs loaded models."""

    def __get__(self, instance: object, model: type[R]) -> Records[R]:
        from migration_control.routing.records import records_of

        return records_of(model)


ENGINE = ("version", "extra", "duplicate", "run")  # the fields of every record, which no document has


class Record(models.Model):
    """One record of a component, as the database holds it. A child's Meta inherits from Record.Meta.

    version: raised by the authority on each change; nothing else orders changes.
    extra: the keys of the legacy document that the model does not know, and under a known key the
    value that its field could not hold as it was.
    duplicate: an earlier record holds one of its unique values; staff clear it.
    run: the run that inserted the row, as long as nothing has changed it since.
    """

    component: ClassVar[str]
    records: ClassVar[Routed] = Routed()
    stale = False  # set on what was read from JSON although the database, which is away, is the authority
    kept = False  # set on what was appended while the database was away, and which it is to get on return

    version = models.BigIntegerField(default=0, editable=False)
    extra = VerbatimJSONField(default=dict, blank=True)
    duplicate = models.BooleanField(default=False, db_index=False)
    run = models.BigIntegerField(null=True, editable=False)

    class Meta:
        abstract = True
        # The few that are marked, found among millions; the others cost nothing.
        indexes = [
            models.Index(fields=["duplicate"], condition=models.Q(duplicate=True), name="%(class)s_marked_duplicate")
        ]
        triggers = [Guard(), NoteChange(), RefuseTruncate()]

    @property
    def key(self) -> int | str:
        key: int | str = self.pk
        return key
