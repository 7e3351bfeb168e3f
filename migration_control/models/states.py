"""Where each component stands, and the change log of what the database changed."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q

from migration_control.fields import TransactionIdField
from migration_control.stages import STAGES, Stage, StageRow, Store
from migration_control.stages import row as stage_row


def _stage_rows() -> Q:
    allowed = Q()
    for row in STAGES:
        allowed |= Q(stage=row.stage.value, reads=row.reads.value, authority=row.authority.value)
    return allowed


class ComponentState(models.Model):
    """Where a component stands.

    stage, reads and authority are moved together, by compare-and-set on epoch, which each move raises. The other
    columns have a writer each, by update of theirs alone: time_zone `store`; held `holds`; database_id, copies and the
    index's `pairing`; floor `retention`; ledger the end of a run. closed_above is set once, with the last epoch: the
    migration has ended then, and the triggers refuse every further change of stage, authority and epoch.
    """

    name = models.CharField(primary_key=True)
    stage = models.CharField(choices=[(s.value, s.value) for s in Stage], default=Stage.DISABLED.value)
    reads = models.CharField(choices=[(s.value, s.value) for s in Store], default=Store.JSON.value)
    authority = models.CharField(choices=[(s.value, s.value) for s in Store], default=Store.JSON.value)
    epoch = models.BigIntegerField(default=0)
    time_zone = models.CharField(
        blank=True, default="", help_text="the zone in which its legacy dates were read; fixed by its first import"
    )
    held = models.CharField(
        blank=True, default="", help_text="why no automatic run of it starts; empty when one may start"
    )
    database_id = models.UUIDField(
        default=uuid.uuid4, editable=False, help_text="tells this database from one that was made anew"
    )
    copies = models.BigIntegerField(default=0, editable=False, help_text="that it has taken from an index")
    index_id = models.CharField(blank=True, default="", editable=False, help_text="of the index they came from")
    index_counter = models.BigIntegerField(default=0, editable=False, help_text="of that index at the last copy")
    floor = models.CharField(
        blank=True, default="", editable=False, help_text="records with a smaller key are pruned, and never come back"
    )
    ledger = models.JSONField(
        null=True, editable=False, help_text="as counted at the end of the last run, on the host that has the files"
    )

    closed_above = models.BigIntegerField(
        null=True,
        editable=False,
        help_text="set once its migration is closed: no version of a record was higher before, and all are since",
    )

    class Meta:
        verbose_name = "component"
        constraints = [
            models.CheckConstraint(condition=_stage_rows(), name="component_in_a_known_stage"),
            models.CheckConstraint(condition=Q(epoch__gte=0), name="component_epoch_not_negative"),
            models.CheckConstraint(
                condition=Q(closed_above=None) | Q(stage=Stage.DB_ONLY.value), name="component_closed_in_db_only"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def row(self) -> StageRow:
        return stage_row(self.stage, self.reads)

    @property
    def closed(self) -> bool:
        """Whether its migration has ended: the database has it for good."""
        return self.closed_above is not None


class Change(models.Model):
    """A key changed while the database was the authority, or deleted: outbox, tombstone and change feed in one.

    Pending for JSON: version > acked. Written by the triggers and by copying only. Of a component whose migration is
    closed it has nothing but deleted elements of lists, whose positions are not given again.
    """

    pk = models.CompositePrimaryKey("component", "key")
    component = models.CharField()
    key = models.CharField(db_collation="C")  # as the text keys of records are: or its index would be of no use to them
    version = models.BigIntegerField()
    deleted = models.BooleanField(default=False)
    acked = models.BigIntegerField(default=-1)
    sequence = models.BigIntegerField()
    transaction = TransactionIdField()

    class Meta:
        indexes = [
            models.Index(fields=["component", "sequence"], name="change_feed"),
            models.Index(fields=["component", "key"], condition=Q(version__gt=F("acked")), name="change_pending"),
        ]

    def __str__(self) -> str:
        return f"{self.component} {self.key} v{self.version}"
