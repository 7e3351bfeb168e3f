from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.utils.text import Truncator

from conversations.models import Message, Profile, Setting
from migration_control.admin.documents import DocumentAdmin, pretty


@admin.register(Profile)
class ProfileAdmin(DocumentAdmin[Profile]):
    list_display = ("chat_id", "name", "last_activity", "message_count")
    list_filter = ("last_activity",)
    sortable_by = ("chat_id", "name", "last_activity")
    ordering = ("chat_id",)
    searched: ClassVar[dict[str, str]] = {"chat_id": "exact", "name": "startswith"}
    search_help_text = "A chat id, whole; or how a name begins, with its capitals"


@admin.register(Message)
class MessageAdmin(DocumentAdmin[Message]):
    list_display = ("id", "ts", "direction", "beginning")
    list_filter = ("direction",)
    sortable_by = ("id",)
    ordering = ("chat_id", "position")
    searched: ClassVar[dict[str, str]] = {"id": "exact", "chat_id": "exact"}
    search_help_text = "A chat id, whole; or a message's key, whole, as -1001234:0000000017"
    given = ("chat_id", "position")
    facts = True

    @admin.display(description="Text")
    def beginning(self, message: Message) -> str:
        return Truncator(message.text).chars(100)


@admin.register(Setting)
class SettingAdmin(DocumentAdmin[Setting]):
    list_display = ("id", "bot_id", "scope", "name", "short")
    sortable_by = ("id",)
    ordering = ("id",)
    searched: ClassVar[dict[str, str]] = {"id": "exact"}
    search_help_text = "A setting's key, whole, as <scope>::<name>"
    given = ("bot_id", "scope", "name")
    corrected = ("value",)

    @admin.display(description="Value")
    def short(self, setting: Setting) -> str:
        return Truncator(pretty(setting.value)).chars(100)
