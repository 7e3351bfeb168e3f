"""Staff at the admin, and records for them to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.db import connection, transaction
from django.test import Client

from migration_control import components
from migration_control.copying import begin
from tests.standing import stand

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

VIEWS = ("view_componentstate", "view_run", "view_finding")


def staff(*permissions: str, name: str = "ann", csrf: bool = False) -> Client:
    """A client that is logged in as staff who may do just that."""
    user = User.objects.create_user(name, password="not used", is_staff=True)
    found = Permission.objects.filter(codename__in=permissions).exclude(content_type__app_label="auth")
    assert len(found) == len(set(permissions))
    user.user_permissions.set(found)
    client = Client(enforce_csrf_checks=csrf)
    client.force_login(user)
    return client


def said(response: Response) -> str:
    """The messages that the answer, not yet followed, leaves for the next page."""
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def give_authority_to_the_database(*names: str) -> None:
    stand("db-only", "database", *names)


def put(component: str, sql: str, *values: Any) -> None:
    """Rows, as copying puts them."""
    with transaction.atomic(), connection.cursor() as cursor:
        begin(cursor, components.get(component))
        cursor.execute(sql, values)
