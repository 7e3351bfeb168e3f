"""The admin site: Django's own, with the control room's models first."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.urls import reverse

FIRST_APPS = ("migration_control", "accounts", "subscriptions")
FIRST_MODELS = ("ComponentState", "MoveRequest", "Transition", "Parked", "Run", "Finding")
CALLED = {"Transition": "History of moves"}


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
            if app["app_label"] == "migration_control" and request.user.has_perm("migration_control.view_parked"):
                app["models"].append(_parked())
            for model in app["models"]:
                model["name"] = CALLED.get(model["object_name"], model["name"])
            app["models"].sort(key=lambda model: _place(model["object_name"], FIRST_MODELS))
        return sorted(apps, key=lambda app: _place(app["app_label"], FIRST_APPS))


def _place(name: str, order: tuple[str, ...]) -> int:
    return order.index(name) if name in order else len(order)


def _parked() -> dict[str, Any]:
    """A page that Django does not list: its rows have two keys."""
    address = reverse("admin:migration_control_parked")
    return {"name": "Parked keys", "object_name": "Parked", "admin_url": address, "add_url": None, "view_only": True}
