"""The admin site: Django's own, with the control room's models first."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest

FIRST_APPS = ("migration_control", "accounts", "subscriptions")
FIRST_MODELS = ("ComponentState", "Run", "Finding")


class ControlRoom(AdminSite):
    site_header = "Switchyard"
    site_title = "Switchyard"
    index_title = "Control room"
    site_url = None  # the admin is the whole site
    # The lists are wide and the models few: the index and the breadcrumbs lead everywhere.
    enable_nav_sidebar = False

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        apps: list[Any] = super().get_app_list(request, app_label)
        for app in apps:
            app["models"].sort(key=lambda model: _place(model["object_name"], FIRST_MODELS))
        return sorted(apps, key=lambda app: _place(app["app_label"], FIRST_APPS))


def _place(name: str, order: tuple[str, ...]) -> int:
    return order.index(name) if name in order else len(order)
