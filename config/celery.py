"""The Celery app; `celery -A config.celery worker -Q celery,legacy` on the host that has the files."""

import os

from celery import Celery
from celery.signals import celeryd_init, setup_logging
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"{__package__}.settings")

app = Celery("switchyard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def keep_logging(**_: object) -> None:
    """Django's LOGGING is in place; a receiver of this signal stops Celery from setting up its own."""


setup_logging.connect(keep_logging)


def refuse_without_services(**_: object) -> None:
    """A worker lives by rows and messages: there is nothing for it where no database is used."""
    if not settings.DATABASE_USED:
        raise SystemExit("ENABLE_SERVICES is false: set it to true for workers. Files alone: legacy_render --follow")


celeryd_init.connect(refuse_without_services)
