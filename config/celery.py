"""The Celery app; `celery -A config.celery worker -Q celery,legacy` on the host that has the files."""

import os

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("switchyard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def keep_logging(**_: object) -> None:
    """Django's LOGGING is in place; a receiver of this signal stops Celery from setting up its own."""


setup_logging.connect(keep_logging)
