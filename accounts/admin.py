from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.db.models import Q

from accounts.models import User
from migration_control.admin.filters import SampledValues, YesNo
from migration_control.admin.records import RecordAdmin


class Linked(YesNo):
    title = "FACEIT account linked"
    parameter_name = "linked"
    meaning = Q(faceit_player_id__gt="")


class Language(SampledValues):
    title = "language"
    parameter_name = field = "language"


@admin.register(User)
class UserAdmin(RecordAdmin[User]):
    list_display = (
        "user_id", "faceit_nickname", "faceit_player_id", "language", "notifications_enabled", "last_active_at",
        "total_requests", "marked",
    )  # fmt: skip
    list_filter = (Linked, Language, "notifications_enabled", "duplicate")
    sortable_by = ("user_id", "faceit_nickname", "last_active_at")
    ordering = ("user_id",)
    searched: ClassVar[dict[str, str]] = {
        "user_id": "exact",
        "faceit_player_id": "exact",
        "faceit_nickname": "startswith",
    }
    search_help_text = "A Telegram id or FACEIT player id, whole; or how a nickname begins, with its capitals"
