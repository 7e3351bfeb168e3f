"""What the installation does once Django knows all apps."""

from importlib import import_module

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin import apps as admin_apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created


def echo_sql(connection: BaseDatabaseWrapper, **_: object) -> None:
    """Make Django log the connection's statements: without DEBUG it does so only when asked per connection."""
    connection.force_debug_cursor = True


class ConfigConfig(AppConfig):
    name = __package__
    label = "config"
    verbose_name = "Installation"

    def ready(self) -> None:
        import_module(f"{__package__}.checks")
        import_module("switchyard.effects")
        if not settings.HOSTED:
            # Tasks sent from a web process or a command go to this app's broker. A bot may have its own Celery app.
            import_module(f"{__package__}.celery")
        if settings.DB_ECHO_SQL:
            connection_created.connect(echo_sql, dispatch_uid="config.echo_sql")


class ControlRoomConfig(admin_apps.AdminConfig):
    """Django's admin, on our own site."""

    default = False  # of this package; the one above is
    default_site = f"{__package__}.site.ControlRoom"
