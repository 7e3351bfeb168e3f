"""Celery's side: one domain call."""

from __future__ import annotations

import logging

from celery import shared_task
from django.db import Error
from django.utils import timezone

from legacy_json.errors import LegacyError, NotOurs, NotReadYet
from migration_control import components
from migration_control.routing.errors import RouterError
from subscriptions import services
from subscriptions.models import Subscription

log = logging.getLogger(__name__)


@shared_task(name="subscriptions.tasks.expire_subscriptions", soft_time_limit=600, time_limit=660)
def expire_subscriptions() -> int:
    """Make those free whose time is over. Returns how many. What cannot be done now is done next time."""
    if not components.get(Subscription.component).served:
        return 0
    try:
        return len(services.expire(now=timezone.now()))
    except (NotOurs, NotReadYet) as error:
        log.debug("Subscriptions are the bot's own to expire: %s", error)
    except (RouterError, LegacyError, Error) as error:
        log.warning("Subscriptions are not looked through just now: %s", error)
    return 0
