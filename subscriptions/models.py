from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from migration_control.records import Record


class Tier(models.TextChoices):
    FREE = "free"
    PREMIUM = "premium"
    PRO = "pro"


class Subscription(Record):
    """What a user has paid for, and how much of today's allowance is used. Keyed by the user's Telegram id.

    A tier that nobody knows arrives as it is; validation reports it.
    """

    component = "subscriptions"

    user_id = models.BigIntegerField("Telegram id", primary_key=True)
    tier = models.CharField(choices=Tier, default=Tier.FREE, db_index=True)
    expires_at = models.DateTimeField(null=True, blank=True, db_index=True)
    auto_renew = models.BooleanField(default=False)
    payment_method = models.CharField(null=True, blank=True)
    daily_requests = models.BigIntegerField(default=0)
    last_reset_date = models.DateTimeField(null=True, blank=True)
    referred_by = models.BigIntegerField("referred by (Telegram id)", null=True, blank=True, db_index=True)
    referral_code = models.CharField(null=True, blank=True)
    referrals_count = models.BigIntegerField(default=0)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["referral_code"],
                condition=Q(duplicate=False, referral_code__gt=""),
                name="one_subscription_per_referral_code",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.tier}"


_REFUSED = ~Q(reason="") & Q(status__in=["failed", "refunded"])  # of such a charge anything may be wrong


class Payment(models.Model):
    """One charge in Telegram Stars. Payments had no file: the database is their only store.

    The charge id is the key, so a replay of the same payment meets its row. pending: charged, and not given yet.
    completed: given. failed: charged, and not what we sell (reason): nothing was given, staff refund it. refunded:
    what it gave is taken back.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        COMPLETED = "completed"
        FAILED = "failed"
        REFUNDED = "refunded"

    charge_id = models.CharField(primary_key=True)
    user_id = models.BigIntegerField("Telegram id", db_index=True)
    tier = models.CharField(choices=[(t.value, t.label) for t in Tier if t != Tier.FREE], blank=True, default="")
    days = models.PositiveIntegerField(default=0)
    amount = models.PositiveIntegerField("amount (Stars)")
    currency = models.CharField(default="XTR")
    status = models.CharField(choices=Status, default=Status.PENDING)
    payload = models.CharField(blank=True, default="")
    created_at = models.DateTimeField(db_default=Now(), db_index=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(blank=True, default="", help_text="why it was refused, if it was")
    undo = models.JSONField(null=True, blank=True, help_text="what the subscription was before it, and right after")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_of_something"),
            models.CheckConstraint(condition=_REFUSED | Q(days__gt=0), name="payment_for_some_time"),
            models.CheckConstraint(condition=_REFUSED | Q(currency="XTR"), name="payment_in_stars"),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "completed", "failed", "refunded"]), name="payment_status_known"
            ),
            models.CheckConstraint(condition=_REFUSED | Q(tier__in=["premium", "pro"]), name="payment_for_a_paid_tier"),
        ]

    def __str__(self) -> str:
        return f"{self.charge_id}: {self.amount} {self.currency}"
