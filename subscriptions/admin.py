from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest

from migration_control.admin.filters import YesNo
from migration_control.admin.reading import ReadOnlyAdmin
from migration_control.admin.records import RecordAdmin
from migration_control.admin.searching import search
from subscriptions.models import Payment, Subscription


class Expired(YesNo):
    title = "expired"
    parameter_name = "expired"
    meaning = Q(expires_at__lte=Now())


@admin.register(Subscription)
class SubscriptionAdmin(RecordAdmin[Subscription]):
    list_display = (
        "user_id", "tier", "expires_at", "auto_renew", "daily_requests", "referral_code", "referred_by",
        "referrals_count", "marked",
    )  # fmt: skip
    list_filter = ("tier", Expired, "auto_renew", "duplicate")
    sortable_by = ("user_id", "expires_at")
    ordering = ("user_id",)
    searched: ClassVar[dict[str, str]] = {"user_id": "exact", "referral_code": "exact", "referred_by": "exact"}
    search_help_text = "A Telegram id (of the user, or of whom they were referred by) or a referral code, whole"


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin[Payment]):
    list_display = ("charge_id", "user_id", "tier", "days", "amount", "status", "reason", "created_at", "completed_at")
    list_filter = ("status", "tier")
    sortable_by = ("created_at",)
    ordering = ("-created_at",)
    search_fields = ("charge_id", "user_id")
    search_help_text = "A charge id or a Telegram id, whole"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Payment], search_term: str
    ) -> tuple[QuerySet[Payment], bool]:
        return search(queryset, {"charge_id": "exact", "user_id": "exact"}, search_term), False
